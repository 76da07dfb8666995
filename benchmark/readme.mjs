// Writes the section "Benchmarks" of the README, and its picture, from the recorded run: node benchmark/readme.mjs
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { aboutPackage, circumstances, overview } from './bench/report.mjs'
import { picture } from './picture.mjs'
import { root } from './support/project.mjs'

const RECORDED = 'benchmark/results/bench.json'
const PICTURE = 'benchmark/results/bench.svg'
const [BEGIN, END] = ['<!-- written by benchmark/readme.mjs -->', '<!-- end -->']
const README = path.join(root, 'README.md')

export const recorded = () => JSON.parse(fs.readFileSync(path.join(root, RECORDED), 'utf8'))

/** What stands between the marks. */
export function figures(result) {
  const parts = [`![From the save to the served version, per tool](${PICTURE})`, overview(result)]
  return [...parts, aboutPackage(result), circumstances(result)].filter((part) => part !== '').join('\n\n')
}

/** The README with the figures of a run. */
export function withFigures(readme, result) {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`README.md has no "${BEGIN}" with an "${END}" after it.`)
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${figures(result)}\n\n${readme.slice(end)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = recorded()
  fs.writeFileSync(path.join(root, PICTURE), picture(result))
  fs.writeFileSync(README, withFigures(fs.readFileSync(README, 'utf8'), result))
}
