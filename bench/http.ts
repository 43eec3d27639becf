import type { BareTask } from './load/bare-client.ts'
import { type LoadServer, runClient, startServer } from './load/processes.ts'
import type { RowsmithTask } from './load/rowsmith-client.ts'
import type { ServerMeasure } from './load/server.ts'
import { type Figure, median } from './harness.ts'

// Two chained LLM columns against a server that takes 50 ms, in addition to a bare undici loop with the
// same prompts; server, loop and run are processes of their own. Calls per second are counted at
// the server, from the first request to the last.

const latencyMs = 50
const columns = 2
const rows = 10_000
/** Each is a connection and an open file; Node raises its limit as far as it may. */
const many = 8_192
const manyLatencyMs = 2_000
const manyRows = 3 * many

type Side = 'bare' | 'rowsmith' | 'rowsmith, buffer_size 2' | 'rowsmith, no ledger and parts'

interface Run {
  callsPerSecond: number
  /** Of the whole client, in microseconds of one core per call. */
  cpuPerCall: number
  peakBytes: number
  server: ServerMeasure
}

export async function run(): Promise<readonly Figure[]> {
  await using server = await startServer(latencyMs)
  const figures: Figure[] = []
  for (const { concurrency, atLeast, rounds } of [
    { concurrency: 64, atLeast: 0.9, rounds: 3 },
    // Shorter ones, bound by the processor: what else the machine does shows more.
    { concurrency: 512, atLeast: 0.8, rounds: 7 },
  ]) {
    figures.push(...(await compareSides(server, { concurrency, atLeast, rounds })))
  }
  figures.push(await serverHeadroom(server))
  figures.push(...(await manyAtOnce()))
  return figures
}

/** Slow models are kept busy by many requests: as many as one Python process needs 16 transports for. */
async function manyAtOnce(): Promise<Figure[]> {
  await using server = await startServer(manyLatencyMs)
  const task = { url: server.url, rows: manyRows, columns, concurrency: many }
  const few = { ...task, rows: 512, concurrency: 64 }
  const own = { bufferSize: 1_000, store: true, profiled: false, startsFull: true }
  const bare = await runBare(server, task)
  const ours = await runRowsmith(server, { ...task, ...own })
  const again = await runBare(server, task)
  const rate = (bare.callsPerSecond + again.callsPerSecond) / 2
  const perRequest = async (large: Run, small: Promise<Run>): Promise<number> =>
    (large.peakBytes - (await small).peakBytes) / (many - few.concurrency) / 1_024
  return [
    {
      name: `bare undici loop, ${many} at once, ${manyLatencyMs / 1_000} s each`,
      value: rate,
      unit: 'calls/s',
      note: describe([bare, again], many),
    },
    {
      name: `rowsmith, ${many} at once`,
      value: ours.callsPerSecond / rate,
      unit: '× bare',
      atLeast: 0.8,
      note: describe([ours], many),
    },
    {
      name: 'memory of a bare loop, per request in flight',
      value: await perRequest(bare, runBare(server, few)),
      unit: 'KiB',
    },
    {
      name: 'memory of rowsmith, per request in flight',
      value: await perRequest(ours, runRowsmith(server, { ...few, ...own })),
      unit: 'KiB',
      note: `at most ${Math.round(ours.peakBytes / 2 ** 20)} MiB in all`,
    },
  ]
}

async function compareSides(
  server: LoadServer,
  { concurrency, atLeast, rounds }: { concurrency: number; atLeast: number; rounds: number },
): Promise<Figure[]> {
  const task = { url: server.url, rows, columns, concurrency }
  const rowsmith = { ...task, bufferSize: 1_000, store: true, profiled: false }
  const sides: Record<Side, () => Promise<Run>> = {
    bare: () => runBare(server, task),
    rowsmith: () => runRowsmith(server, rowsmith),
    'rowsmith, buffer_size 2': () => runRowsmith(server, { ...rowsmith, bufferSize: 2 }),
    'rowsmith, no ledger and parts': () => runRowsmith(server, { ...rowsmith, store: false }),
  }
  const runs = await takeTurns(sides, rounds)
  const bare = runs.map((round) => round.bare)
  const figures: Figure[] = [
    {
      name: `bare undici loop, ${concurrency} at once`,
      value: medianOf(bare, ({ callsPerSecond }) => callsPerSecond),
      unit: 'calls/s',
      note: describe(bare, concurrency),
    },
  ]
  for (const side of Object.keys(sides) as Side[]) {
    if (side === 'bare') continue
    const own = runs.map((round) => round[side])
    const ratios = runs.map((round) => round[side].callsPerSecond / round.bare.callsPerSecond)
    figures.push({
      name: `${side}, ${concurrency} at once`,
      value: median(ratios),
      unit: '× bare',
      ...(side === 'rowsmith, no ledger and parts' ? {} : { atLeast }),
      note: `${describe(own, concurrency)}; rounds ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
    })
  }
  return figures
}

/** Rounds of all sides, every other one backwards, so that none always follows the same one. */
async function takeTurns(
  sides: Record<Side, () => Promise<Run>>,
  rounds: number,
): Promise<Record<Side, Run>[]> {
  const results: Record<Side, Run>[] = []
  for (let round = 0; round < rounds; round += 1) {
    // Object.entries widens the keys it was given.
    const entries = Object.entries(sides) as [Side, () => Promise<Run>][]
    const done: Partial<Record<Side, Run>> = {}
    for (const [side, start] of round % 2 === 0 ? entries : entries.toReversed()) {
      done[side] = await start()
    }
    // Every side has had its turn.
    results.push(done as Record<Side, Run>)
  }
  return results
}

/** What the server can do for a client that asks for more than any side of the comparison. */
async function serverHeadroom(server: LoadServer): Promise<Figure> {
  const concurrency = 1024
  const { callsPerSecond, server: seen } = await runBare(server, {
    url: server.url,
    rows: 2 * rows,
    columns,
    concurrency,
  })
  return {
    name: `the server, bare loop with ${concurrency} at once`,
    value: callsPerSecond,
    unit: 'calls/s',
    note: `the server used ${percent(seen.cpuSeconds / seen.seconds)} of a core`,
  }
}

async function runBare(server: LoadServer, task: BareTask): Promise<Run> {
  return measure(server, task, 'bare-client.ts')
}

async function runRowsmith(server: LoadServer, task: RowsmithTask): Promise<Run> {
  return measure(server, task, 'rowsmith-client.ts')
}

async function measure(server: LoadServer, task: BareTask, file: string): Promise<Run> {
  const client = await runClient(file, task)
  const seen = await server.take()
  const expected = task.rows * task.columns
  if (seen.calls !== expected || seen.maxInFlight > task.concurrency) {
    throw new Error(
      `${file}: expected ${expected} calls with at most ${task.concurrency} at once, the server saw ${seen.calls} and ${seen.maxInFlight}`,
    )
  }
  return {
    callsPerSecond: seen.calls / seen.seconds,
    cpuPerCall: (client.cpuSeconds * 1e6) / seen.calls,
    peakBytes: client.peakBytes,
    server: seen,
  }
}

function describe(runs: readonly Run[], concurrency: number): string {
  const rate = Math.round(medianOf(runs, ({ callsPerSecond }) => callsPerSecond))
  const busy = medianOf(runs, ({ server }) => server.meanInFlight / concurrency)
  const cpu = Math.round(medianOf(runs, ({ cpuPerCall }) => cpuPerCall))
  const serverCpu = medianOf(runs, ({ server }) => server.cpuSeconds / server.seconds)
  return `${rate} calls/s, ${percent(busy)} of the slots, ${cpu} µs CPU per call, server ${percent(serverCpu)} of a core`
}

function medianOf(runs: readonly Run[], figure: (run: Run) => number): number {
  return median(runs.map(figure))
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
