// Save → served: all tools at once, save by save in turns, each at rest before the next one's save.
import { summary } from '../support/figures.mjs'
import { ways } from '../support/project.mjs'

/** The first saves find every tool's code cold; they are not counted. */
const WARM_UP = 2
/** A tool that was lost for so many saves in a row is not waited for any longer. */
const GIVEN_UP = 3

/** Measures the running servers in each way; `budget` is what one tool may take for one of them, in milliseconds. */
export async function saves(servers, { modules, value, saves: wanted, budget, only }) {
  const rows = []
  // A few files, many times: a watch that dies with the first rename is found out.
  const edited = [0, Math.floor(modules / 2), modules - 1]
  let version = 0
  for (const [way, write] of Object.entries(ways)) {
    if (only && way !== only) continue
    const measured = servers.map((server) => ({
      server,
      took: [],
      gaps: [],
      lost: 0,
      lostInRow: 0,
      refused: 0,
      spent: 0
    }))
    for (let turn = -WARM_UP; turn < wanted; turn++) {
      // In another order each time: a tool runs sooner after one that has left code of Node's in the processor's caches.
      for (const one of shuffled(measured)) {
        if (one.lostInRow >= GIVEN_UP || (one.spent > budget && one.took.length + one.lost >= 3)) continue
        const { took, gap, failed } = await one.server.save(edited[(turn + WARM_UP) % 3], ++version, write)
        await one.server.quiet()
        one.spent += took ?? one.server.patience
        one.lostInRow = took === undefined ? one.lostInRow + 1 : 0
        if (took === undefined) one.lost++
        else if (turn >= 0) {
          one.took.push(took)
          one.gaps.push(gap)
          if (failed > 0) one.refused++
        }
      }
    }
    for (const { server, took, gaps, lost, refused } of measured) {
      // Before the version was served at all there is no gap to speak of.
      const gap = took.length > 0 ? summary(gaps, 1) : undefined
      rows.push({
        tool: server.tool.name,
        modules,
        value,
        way,
        ...summary(took, 2),
        lost,
        refused,
        gap,
        end: server.end
      })
    }
  }
  return rows
}

/** The same in any order. */
function shuffled(list) {
  const left = [...list]
  return list.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0])
}
