import { expect, test } from 'vitest'
import { refusedShare, runAgainst } from './case.ts'
import type { SimulatedServer } from './simulated-server.ts'

/** 0.5 to 1.5 s, in no order. */
function latency(number: number): number {
  return 500 + ((number * 7_919) % 101) * 10
}

function meanInFlight(server: SimulatedServer, last: number): number {
  const calls = server.arrivals.slice(-last)
  return calls.reduce((sum, { inFlight }) => sum + inFlight, 0) / calls.length
}

test.each([64, 256])('a server that refuses beyond 32 at once, asked by %i', async (cap) => {
  const { server, end, engine, minutes } = await runAgainst({
    server: { slots: 32, latencyMs: ({ number }) => latency(number) },
    rows: 8_000,
    cap,
  })
  expect(end).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  expect(refusedShare(server)).toBeLessThan(0.01)
  expect(8_000 / 32 / 60 / minutes, 'share of what 32 slots can do').toBeGreaterThan(0.93)
})

test('ten minutes of 429 delay the run and drop nothing', async () => {
  const [from, until] = [30_000, 630_000]
  const { server, end, engine, minutes } = await runAgainst({
    server: {
      closedMs: (now) => (now > from ? Math.max(0, until - now) : 0),
      latencyMs: ({ number }) => latency(number),
    },
    rows: 4_000,
    cap: 64,
  })
  expect(end).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  expect(engine.cells).toHaveLength(4_000)
  const during = server.arrivals.filter(({ at }) => at > from + 5_000 && at < until)
  expect(during.length, 'questions while it was closed').toBeLessThan(20)
  const after = server.arrivals.filter(({ at }) => at >= until)
  expect((after[0]?.at ?? Infinity) - until).toBeLessThan(90_000)
  const herd = after.filter(({ at }) => at < (after[0]?.at ?? 0) + 500)
  expect(herd.length, 'requests at the end of the pause').toBeLessThanOrEqual(3)
  expect(minutes - 10 - 4_000 / 64 / 60, 'minutes beside the outage').toBeLessThan(1.7)
})

test('a server that says when to return is asked nothing before, and by few then', async () => {
  const [from, until] = [10_000, 130_000]
  const { server, end, engine } = await runAgainst({
    server: {
      closedMs: (now) => (now > from ? Math.max(0, until - now) : 0),
      retryAfter: true,
      latencyMs: ({ number }) => latency(number),
    },
    rows: 2_000,
    cap: 64,
  })
  expect(end).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  // A refusal takes 5 ms; what left before the first one returned could not know.
  const during = server.arrivals.filter(({ at }) => at > from + 1_600 && at < until)
  expect(during).toEqual([])
  const after = server.arrivals.filter(({ at }) => at >= until)
  const first = after[0]?.at ?? Infinity
  expect(first - until, 'at most a tenth of the pause later').toBeLessThanOrEqual(12_500)
  expect(after.filter(({ at }) => at < first + 500).length).toBeLessThanOrEqual(8)
})

test('a server that makes requests beyond 32 wait: as much is done with half as many', async () => {
  const { server, minutes } = await runAgainst({
    server: {
      latencyMs: ({ number, inFlight }) => latency(number) * Math.max(1, inFlight / 32),
    },
    rows: 12_000,
    cap: 128,
    admission: { slowdown_trials: true },
  })
  expect(server.refused).toBe(0)
  expect(meanInFlight(server, 2_000)).toBeLessThan(75)
  expect(12_000 / 32 / 60 / minutes).toBeGreaterThan(0.97)
})

test('a server that gets slower altogether beyond 32 is saved from that', async () => {
  const { server, minutes } = await runAgainst({
    server: {
      latencyMs: ({ number, inFlight }) => latency(number) * Math.max(1, (inFlight / 32) ** 2),
    },
    rows: 12_000,
    cap: 128,
    admission: { slowdown_trials: true },
  })
  expect(meanInFlight(server, 2_000)).toBeLessThan(64)
  // With 128 at once it does a quarter.
  expect(12_000 / 32 / 60 / minutes).toBeGreaterThan(0.5)
})

test.each([
  [
    'gains by batching',
    ({ number, inFlight }: { number: number; inFlight: number }) =>
      latency(number) * (1 + inFlight / 64),
    () => 100,
  ],
  [
    'answers at very different lengths',
    ({ outputTokens }: { outputTokens: number }) => 200 + outputTokens * 20,
    (number: number) => 10 + Math.floor((((number * 7_919) % 997) / 997) ** 4 * 1_500),
  ],
  [
    'is slow at some times for no reason',
    ({ number }: { number: number }) =>
      latency(number) * (Math.floor(number / 700) % 3 === 0 ? 2.5 : 1),
    () => 100,
  ],
])('a server that %s keeps all of its requests', async (_, latencyMs, outputTokens) => {
  const { server, engine } = await runAgainst({
    server: { latencyMs, outputTokens },
    rows: 10_000,
    cap: 128,
    admission: { slowdown_trials: true },
  })
  expect(server.refused).toBe(0)
  expect(meanInFlight(server, 8_000)).toBeGreaterThan(0.93 * 128)
  expect(engine.failures).toEqual([])
})

test('unless it is asked for, slower replies alone never lower what is in flight', async () => {
  const { server } = await runAgainst({
    server: {
      latencyMs: ({ number, inFlight }) => latency(number) * Math.max(1, inFlight / 32),
    },
    rows: 12_000,
    cap: 128,
  })
  expect(meanInFlight(server, 4_000)).toBeGreaterThan(0.98 * 128 - 1)
})

test('a server that lets everything beyond 16 time out loses no row', async () => {
  const { server, end, engine } = await runAgainst({
    server: {
      latencyMs: ({ number }) => latency(number),
      timesOut: ({ inFlight }) => inFlight > 16,
    },
    rows: 1_500,
    cap: 32,
  })
  expect(end).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  expect(server.answered).toBe(1_500)
  expect(meanInFlight(server, 500)).toBeLessThanOrEqual(20)
})
