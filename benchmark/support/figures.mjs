// What a row of measurements says.

/** The value below which `share` of the row lies. */
export function quantile(row, share) {
  if (row.length === 0) return Number.NaN
  const sorted = Float64Array.from(row).sort()
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const above = sorted[Math.min(below + 1, sorted.length - 1)]
  return sorted[below] + (above - sorted[below]) * (place - below)
}

export const median = (row) => quantile(row, 0.5)

/** p50, p95, max and count, rounded to `digits`. */
export function summary(row, digits = 3) {
  const figure = (value) => (Number.isFinite(value) ? Number(value.toFixed(digits)) : null)
  return {
    p50: figure(median(row)),
    p95: figure(quantile(row, 0.95)),
    max: figure(Math.max(...row)),
    count: row.length
  }
}

/** The slope of `ys` over `xs`, by least squares. */
export function slope(xs, ys) {
  const mean = (row) => row.reduce((sum, value) => sum + value, 0) / row.length
  const [x0, y0] = [mean(xs), mean(ys)]
  const over = xs.reduce((sum, x, index) => sum + (x - x0) * (ys[index] - y0), 0)
  const under = xs.reduce((sum, x) => sum + (x - x0) ** 2, 0)
  return under === 0 ? 0 : over / under
}

/** Rows of cells as a Markdown table; the first row is the head. */
export function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

export const ms = (value) => (value === null || Number.isNaN(value) ? '–' : `${value.toFixed(value < 10 ? 2 : 0)} ms`)
export const ratio = (ours, other) => `${(ours / other).toFixed(2)}×`
