// Numbers that a seed repeats (`mulberry32`).
export class Random {
  constructor(seed) {
    this.state = seed >>> 0
  }

  /** A whole number from 0 to below `bound`. */
  below(bound) {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }

  /** True once in `times`. */
  once(times) {
    return this.below(times) === 0
  }

  pick(list) {
    return list[this.below(list.length)]
  }
}
