import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startServer } from '../load/processes.ts'

// node bench/peers/run.ts --python venv/bin/python: the ancestor's figures, one JSON line each.
// The server says how busy it was; the ancestor says how long it took.

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } })
const script = fileURLToPath(new URL('ancestor.py', import.meta.url))
const latencyMs = 50

async function ancestor(...parameters: (string | number)[]): Promise<object> {
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
  console.log(JSON.stringify(await ancestor(what, rows)))
}

await using server = await startServer(latencyMs)
for (const { rows, parallel, bufferSize } of [
  { rows: 1_000, parallel: 64, bufferSize: 1_000 },
  { rows: 1_000, parallel: 16, bufferSize: 1_000 },
  { rows: 100, parallel: 64, bufferSize: 2 },
]) {
  const told = await ancestor('chain', server.url, rows, parallel, bufferSize)
  const { calls, seconds, maxInFlight, meanInFlight } = await server.take()
  const seen = { callsPerSecond: calls / seconds, maxInFlight, meanInFlight }
  console.log(JSON.stringify({ ...told, ...seen }))
}
