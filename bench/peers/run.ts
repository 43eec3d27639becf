import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startServer } from '../load/processes.ts'

// node bench/peers/run.ts --python venv/bin/python: Data Designer's figures, one JSON line each.
// The server says how busy it was; Data Designer says how long it took.

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } })
const script = fileURLToPath(new URL('data-designer.py', import.meta.url))
const latencyMs = 50

async function dataDesigner(...parameters: (string | number)[]): Promise<object> {
  const { stdout } = await promisify(execFile)(
    values.python,
    ['-B', script, ...parameters.map(String)],
    { maxBuffer: 2 ** 26 },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as object
}

for (const [what, rows] of [
  ['samplers', 20_000],
  ['expressions', 5_000],
] as const) {
  console.log(JSON.stringify(await dataDesigner(what, rows)))
}

await using server = await startServer(latencyMs)
for (const { rows, parallel, bufferSize } of [
  { rows: 1_000, parallel: 64, bufferSize: 1_000 },
  { rows: 1_000, parallel: 16, bufferSize: 1_000 },
  { rows: 100, parallel: 64, bufferSize: 2 },
]) {
  const reported = await dataDesigner('chain', server.url, rows, parallel, bufferSize)
  const { calls, seconds, maxInFlight, meanInFlight } = await server.take()
  const seen = { callsPerSecond: calls / seconds, maxInFlight, meanInFlight }
  console.log(JSON.stringify({ ...reported, ...seen }))
}
