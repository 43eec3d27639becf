import { createModelServer } from '../../src/testing/model-server.ts'

// A model server in a separate process that says what it saw: node bench/load/server.ts LATENCY_MS

/** What the server saw since it was last asked. */
export interface ServerMeasure {
  calls: number
  /** From the arrival of the first request to the answer of the last. */
  seconds: number
  maxInFlight: number
  /** The mean, over those seconds. */
  meanInFlight: number
  connections: number
  /** Of one core, over those seconds and what arrived between two questions. */
  cpuSeconds: number
}

const latencyMs = Number(process.argv[2])
let calls = 0
let first = 0
let last = 0
let maxInFlight = 0
let connectionsBefore = 0
let cpuBefore = process.cpuUsage()

await using server = await createModelServer({
  latencyMs,
  answerWords: 24,
  script({ inFlight }) {
    last = performance.now()
    if (calls === 0) {
      first = last
      cpuBefore = process.cpuUsage()
    }
    calls += 1
    maxInFlight = Math.max(maxInFlight, inFlight)
    return undefined
  },
})

function take(): ServerMeasure {
  const seconds = (last - first + latencyMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const { connections } = server.counts
  const measure = {
    calls,
    seconds,
    maxInFlight,
    meanInFlight: (calls * latencyMs) / 1000 / seconds,
    connections: connections - connectionsBefore,
    cpuSeconds: (user + system) / 1e6,
  }
  connectionsBefore = connections
  calls = 0
  maxInFlight = 0
  return measure
}

process.on('message', () => process.send?.(take()))
const gone = new Promise<void>((resolve) => process.on('disconnect', () => resolve()))
process.send?.(server.url)
await gone
