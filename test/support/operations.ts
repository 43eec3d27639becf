import { type Profiler, Session } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'

/**
 * How often the blocks of the engine's own code (scheduler, limits and plan) ran during some work:
 * V8's own counters of functions and of blocks, so that a hidden loop counts with every round.
 * Optimised code forgets to count, so nothing is optimised from the first call on.
 */
export async function countOperations(work: () => Promise<unknown>): Promise<number> {
  setFlagsFromString('--no-opt')
  setFlagsFromString('--no-maglev')
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await session.post('Profiler.takePreciseCoverage')
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    await session.post('Profiler.stopPreciseCoverage')
    return result.filter(isEngine).reduce((sum, script) => sum + countOf(script), 0)
  } finally {
    session.disconnect()
  }
}

function isEngine({ url }: Profiler.ScriptCoverage): boolean {
  return /\/src\/(scheduler|limits|plan)\//.test(url)
}

function countOf({ functions }: Profiler.ScriptCoverage): number {
  return functions.reduce(
    (sum, { ranges }) => sum + ranges.reduce((blocks, { count }) => blocks + count, 0),
    0,
  )
}
