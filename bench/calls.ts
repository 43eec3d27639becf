import { type ClientMeasure, type LoadServer, runClient, startServer } from './load/processes.ts'
import { type Figure, median } from './harness.ts'

// What a call costs where the model costs nothing: 8 chained LLM columns against a server without
// latency. The whole is measured without a profiler; the profile only says how it divides.

const task = { rows: 10_000, columns: 8, concurrency: 64 }
const calls = task.rows * task.columns
const rounds = 3

/** Subjects of the calling thread, in the order they are shown. */
const subjects = [
  'engine',
  'HTTP',
  'rendering',
  'parsing',
  'ledger and parts',
  'garbage collection',
  'native code outside functions',
  'other',
]

interface Run {
  callsPerSecond: number
  serverShare: number
  client: ClientMeasure
}

export async function run(): Promise<readonly Figure[]> {
  await using server = await startServer(0)
  const bare: Run[] = []
  const whole: Run[] = []
  const withoutStore: Run[] = []
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await runOf(server, 'bare-client.ts', {}))
    whole.push(await runOf(server, 'rowsmith-client.ts', { store: true, profiled: false }))
    withoutStore.push(await runOf(server, 'rowsmith-client.ts', { store: false, profiled: false }))
  }
  const profiled = await runOf(server, 'rowsmith-client.ts', { store: true, profiled: true })
  const main = medianOf(whole, mainPerCall)
  const alone = medianOf(withoutStore, mainPerCall)
  const elsewhere = medianOf(
    whole,
    ({ client }) => perCall(client.cpuSeconds) - perCall(client.mainCpuSeconds),
  )
  const serverShare = medianOf(whole, (each) => each.serverShare)
  return [
    {
      name: 'calls per second, whole run',
      value: medianOf(whole, ({ callsPerSecond }) => callsPerSecond),
      unit: 'calls/s',
      note: `the server used ${Math.round(serverShare * 100)} % of a core`,
    },
    {
      name: 'calls per second, no ledger and parts',
      value: medianOf(withoutStore, ({ callsPerSecond }) => callsPerSecond),
      unit: 'calls/s',
    },
    {
      name: 'calls per second, bare undici loop',
      value: medianOf(bare, ({ callsPerSecond }) => callsPerSecond),
      unit: 'calls/s',
    },
    { name: 'CPU per call, bare undici loop', value: medianOf(bare, mainPerCall), unit: 'µs' },
    {
      name: 'CPU per call, thread of the engine',
      value: main,
      unit: 'µs',
      note: `${alone.toFixed(1)} µs without ledger and parts`,
    },
    ...split(profiled, main),
    {
      name: 'CPU per call, all other threads',
      value: elsewhere,
      unit: 'µs',
      note: 'ledger worker, writer worker, collector and compiler threads, start of the process',
    },
  ]
}

/** The thread's CPU time divided as the profile's self times are. */
function split({ client }: Run, mainMicroseconds: number): Figure[] {
  const { idle: _, ...busy } = client.profile ?? {}
  const total = Object.values(busy).reduce((sum, time) => sum + time, 0)
  const unknown = Object.keys(busy).filter((subject) => !subjects.includes(subject))
  if (unknown.length > 0) throw new Error(`subjects nobody shows: ${unknown.join(', ')}`)
  return subjects.map((subject) => ({
    name: `  of it ${subject}`,
    value: ((busy[subject] ?? 0) / total) * mainMicroseconds,
    unit: 'µs',
    // The design's own bound for readiness, line, limiter, buffer and hand-off.
    ...(subject === 'engine' ? { limit: 5 } : {}),
  }))
}

async function runOf(server: LoadServer, file: string, more: object): Promise<Run> {
  const client = await runClient(file, { url: server.url, ...task, bufferSize: 1_000, ...more })
  const seen = await server.take()
  if (seen.calls !== calls) throw new Error(`${file}: expected ${calls} calls, got ${seen.calls}`)
  return {
    callsPerSecond: seen.calls / seen.seconds,
    serverShare: seen.cpuSeconds / seen.seconds,
    client,
  }
}

function mainPerCall({ client }: Run): number {
  return perCall(client.mainCpuSeconds)
}

function perCall(cpuSeconds: number): number {
  return (cpuSeconds * 1e6) / calls
}

function medianOf(runs: readonly Run[], figure: (run: Run) => number): number {
  return median(runs.map(figure))
}
