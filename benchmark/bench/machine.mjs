// What the figures belong to.
import os from 'node:os'

export const loadAverage = () => os.loadavg().map((average) => Number(average.toFixed(2)))

export function machine() {
  return {
    processor: os.cpus()[0]?.model?.trim() || os.arch(),
    cores: os.availableParallelism(),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
    kernel: `${os.type()} ${os.release()}`,
    node: process.version
  }
}
