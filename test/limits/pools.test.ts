import { describe, expect, test } from 'vitest'
import { defaultRunConfig } from '../../src/config/run-config.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import { type ModelReply, noUsage } from '../../src/graph/request.ts'
import type { RouteTarget } from '../../src/models/route-target.ts'
import { createRoutes } from '../../src/run/create-routes.ts'
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts'
import type { SchedulerEnd } from '../../src/scheduler/stopping.ts'
import { createEngine, emptyReply, type Engine, promptOf } from '../support/engine.ts'
import { simulatedTarget } from './case.ts'
import {
  createSimulatedServer,
  type SimulatedServer,
  type SimulatedServerOptions,
} from './simulated-server.ts'

// A model alias whose requests may go to several places, with the limiters of a real run.

interface PoolCase {
  engine: Engine
  end: SchedulerEnd
  servers: Record<string, SimulatedServer>
}

interface PoolOptions {
  servers: Record<string, SimulatedServerOptions>
  /** Of places, by the names of their servers. */
  targets?: Record<string, Partial<RouteTarget>>
  rows: number
  cap: number
  hedge?: number
  options?: Partial<SchedulerOptions>
  /** In place of the servers. */
  send?: (engine: Engine, choice: string, text: string) => Promise<ModelReply>
  /** Answers also what was given up. */
  ignoresAborts?: boolean
}

async function runPool({
  servers: wanted,
  targets = {},
  rows,
  cap,
  hedge,
  options = {},
  send,
  ignoresAborts = false,
}: PoolOptions): Promise<PoolCase> {
  const places = Object.keys(wanted).map((name) =>
    simulatedTarget(name, { aliasCap: cap, hedge: hedge ?? null, ...targets[name] }),
  )
  const servers: Record<string, SimulatedServer> = {}
  const engine = createEngine({
    columns: [{ name: 'text', route: 'm' }],
    rows,
    groupRows: 500,
    slots: {},
    options: {
      routes: routesOf(places),
      maxOutageMs: 300_000,
      send(choice, request, signal) {
        const reply =
          send?.(engine, choice, promptOf(request)) ??
          (servers[choice] as SimulatedServer).send(request)
        return ignoresAborts ? reply : untilAborted(reply, signal)
      },
      ...options,
    },
  })
  for (const [name, server] of Object.entries(wanted)) {
    servers[name] = createSimulatedServer(() => engine.clock, server)
  }
  return { engine, servers, end: await engine.run() }
}

function routesOf(places: readonly RouteTarget[]) {
  return createRoutes(
    { aliases: ['m'], targets: () => places },
    { admission: defaultRunConfig.request_admission, waitsForFailing: true, random: () => 0.5 },
  )
}

function untilAborted(reply: Promise<ModelReply>, signal: AbortSignal): Promise<ModelReply> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', giveUp, { once: true })
    reply.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

function answeredBetween(
  { servers }: PoolCase,
  { from, until }: { from: number; until: number },
  names = Object.keys(servers),
): number {
  const times = names.flatMap((name) => servers[name]?.answeredAt ?? [])
  return times.filter((at) => at >= from && at < until).length
}

/** Requests that arrived anywhere, whatever became of them. */
function arrived({ servers }: PoolCase): number {
  return Object.values(servers).reduce(
    (sum, { arrivals, missed }) => sum + arrivals.length + missed.length,
    0,
  )
}

const latencyMs = () => 200

describe('four endpoints, one of them ten times as slow, one away for a while', () => {
  test.each(['gone', 'fails'] as const)('that is %s', async (how) => {
    const away = { from: 20_000, until: 50_000, how }
    const pool = await runPool({
      servers: {
        one: { latencyMs },
        two: { latencyMs },
        dying: { latencyMs, away },
        slow: { latencyMs: () => 2_000 },
      },
      rows: 6_000,
      cap: 16,
    })
    expect(pool.end).toEqual({ kind: 'complete' })
    expect(pool.engine.cells).toHaveLength(6_000)
    expect(pool.engine.failures).toEqual([])
    // All requests leave in 200 ms steps of 16: what healthy ones can do at once.
    const perSecond = 16 / 0.2
    const during = answeredBetween(pool, { from: 21_000, until: 49_000 }) / 28
    expect(during / perSecond).toBeGreaterThan(0.7)
    // Without a restart it has its share again, a few seconds after it is back.
    const after = answeredBetween(pool, { from: 56_000, until: 66_000 }, ['dying'])
    expect(after).toBeGreaterThan(
      0.8 * answeredBetween(pool, { from: 56_000, until: 66_000 }, ['one']),
    )
    // A few asked whether it is back.
    expect(pool.servers['dying']?.missed.length).toBeLessThan(16 + 10)
    expect(pool.engine.requests).toHaveLength(arrived(pool))
    const slow = pool.servers['slow']?.arrivals.length ?? 0
    expect(slow).toBeGreaterThan(1)
    expect(slow).toBeLessThan(200)
  })
})

test('one that is away for longer than max_outage is asked on while others answer', async () => {
  const pool = await runPool({
    servers: {
      one: { latencyMs },
      two: { latencyMs, away: { from: 5_000, until: 400_000, how: 'gone' } },
    },
    rows: 9_000,
    cap: 4,
    options: { maxOutageMs: 60_000 },
  })
  expect(pool.end).toEqual({ kind: 'complete' })
  expect(pool.engine.failures).toEqual([])
  expect(pool.engine.events.filter(({ type }) => type === 'endpoint-stopped')).toEqual([])
  expect(pool.servers['two']?.missed.at(-1)).toBeGreaterThan(390_000)
  expect(answeredBetween(pool, { from: 406_000, until: 416_000 }, ['two'])).toBeGreaterThan(80)
})

test('when all are away, max_outage counts from when the last one went', async () => {
  const pool = await runPool({
    servers: {
      one: { latencyMs, away: { from: 60_000, until: Infinity, how: 'gone' } },
      two: { latencyMs, away: { from: 5_000, until: Infinity, how: 'gone' } },
    },
    rows: 9_000,
    cap: 4,
    options: { maxOutageMs: 60_000 },
  })
  expect(pool.end).toMatchObject({ kind: 'stopped', error: { code: 'outage' } })
  expect(pool.engine.failures).toEqual([])
  expect(pool.engine.clock.now()).toBeGreaterThan(120_000)
  expect(pool.engine.clock.now()).toBeLessThan(140_000)
  expect(pool.engine.requests).toHaveLength(arrived(pool))
})

test('a row that no server can answer fails after its attempts, each of them everywhere', async () => {
  const poison = (prompt: string) => prompt.endsWith(':7')
  const pool = await runPool({
    servers: { one: { latencyMs, poison }, two: { latencyMs, poison } },
    rows: 40,
    cap: 4,
    options: { maxAttempts: 3 },
  })
  expect(pool.engine.failures).toMatchObject([{ row: 7, attempts: 3 }])
  expect(pool.engine.requests.filter(({ outcome }) => outcome === 'failed')).toHaveLength(6)
})

test('429s of one key leave the work to the others, and cost no attempt', async () => {
  const pool = await runPool({
    servers: {
      'here A': { latencyMs, requestsPerMinute: 60, retryAfter: true },
      'here B': { latencyMs },
    },
    targets: {
      'here A': { provider: 'here', endpoint: 'here', key: 'A', resource: 'A' },
      'here B': { provider: 'here', endpoint: 'here', key: 'B', resource: 'B' },
    },
    rows: 1_200,
    cap: 8,
    options: { maxAttempts: 1 },
  })
  expect(pool.end).toEqual({ kind: 'complete' })
  expect(pool.engine.failures).toEqual([])
  // 8 at once, each in 0.2 s, and little is lost to the key that refuses.
  expect(pool.engine.clock.now()).toBeLessThan(1.3 * (1_200 / 40) * 1_000)
  expect(pool.engine.requests).toHaveLength(arrived(pool))
})

test('a refused key, and a model that one endpoint lacks, cost no attempt of a row', async () => {
  const wrong: Record<string, RequestError> = {
    refused: new RequestError('unauthorized', 'wrong key', { kind: 'endpoint-stopped' }),
    lacking: new RequestError('not-found', 'no such model', { kind: 'suspect' }),
  }
  const asked: Record<string, number> = {}
  const { engine, end } = await runPool({
    servers: { refused: {}, lacking: {}, good: {} },
    rows: 100,
    cap: 9,
    options: { maxAttempts: 1 },
    async send({ clock }, choice) {
      asked[choice] = (asked[choice] ?? 0) + 1
      await new Promise<void>((resolve) => clock.after(50, resolve))
      const error = wrong[choice]
      if (error !== undefined) throw error
      return emptyReply
    },
  })
  expect(end).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  expect(engine.cells).toHaveLength(100)
  expect(asked['refused']).toBeLessThan(9)
  expect(asked['lacking']).toBeLessThan(20)
})

test('shares follow weights, and what each endpoint tolerates', async () => {
  const weighted = await runPool({
    servers: { one: { latencyMs }, two: { latencyMs } },
    targets: { two: { weight: 3 } },
    rows: 400,
    cap: 8,
  })
  const [one = 0, two = 0] = Object.values(weighted.servers).map(({ answered }) => answered)
  expect(two / one).toBeCloseTo(3, 0)

  // What one tolerates is learned from its 429s.
  const unequal = await runPool({
    servers: { small: { latencyMs, slots: 4 }, large: { latencyMs, slots: 100 } },
    rows: 4_000,
    cap: 40,
  })
  const { small, large } = unequal.servers
  expect(unequal.end).toEqual({ kind: 'complete' })
  expect((small?.refused ?? 0) / 4_000).toBeLessThan(0.03)
  expect((large?.answered ?? 0) / (small?.answered ?? 1)).toBeGreaterThan(5)
  expect(unequal.engine.clock.now()).toBeLessThan(1.25 * (4_000 / (40 / 0.2)) * 1_000)
})

describe('a second request for an answer that takes long', () => {
  /** Every twentieth answer takes ten seconds, others a fifth of one. */
  const tail = ({ number }: { number: number }) => (number % 20 === 19 ? 10_000 : 200)

  test('is sent to another choice; the first answer counts, and both are counted', async () => {
    const servers = { one: { latencyMs: tail }, two: { latencyMs: tail } }
    const plain = await runPool({ servers, rows: 2_000, cap: 8 })
    const hedged = await runPool({ servers, rows: 2_000, cap: 8, hedge: 0.9 })
    expect(hedged.end).toEqual({ kind: 'complete' })
    expect(hedged.engine.cells.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 2_000 }, (_, row) => row),
    )
    expect(hedged.engine.failures).toEqual([])
    const { requests } = hedged.engine
    expect(requests).toHaveLength(arrived(hedged))
    const givenUp = requests.filter(({ outcome }) => outcome === 'given-up')
    expect(requests).toHaveLength(2_000 + givenUp.length)
    expect(givenUp.length).toBeGreaterThan(50)
    expect(givenUp.length).toBeLessThan(0.21 * 2_000)
    expect(hedged.engine.clock.now()).toBeLessThan(0.6 * plain.engine.clock.now())
  })

  test('that is overtaken and answers all the same is paid for, and counted', async () => {
    const usage = { ...noUsage, inputTokens: 5, outputTokens: 7, cost: 0.25 }
    let sent = 0
    const { engine, end } = await runPool({
      servers: { one: {}, two: {} },
      rows: 400,
      cap: 8,
      hedge: 0.9,
      ignoresAborts: true,
      send({ clock }) {
        sent += 1
        const ms = tail({ number: sent })
        return new Promise((resolve) => clock.after(ms, () => resolve({ ...emptyReply, usage })))
      },
    })
    expect(end).toEqual({ kind: 'complete' })
    expect(engine.cells).toHaveLength(400)
    expect(engine.requests).toHaveLength(sent)
    const overtaken = engine.requests.filter(({ outcome }) => outcome === 'given-up')
    expect(overtaken.length).toBeGreaterThan(5)
    expect(overtaken.every((request) => request.usage.cost === 0.25)).toBe(true)
  })

  test('fails its row only when both failed, once', async () => {
    const poison = (prompt: string) => Number(prompt.split(':')[1]) % 50 === 49
    const { engine, end } = await runPool({
      servers: {
        one: { latencyMs: tail, poison },
        two: { latencyMs: tail, poison },
      },
      rows: 400,
      cap: 8,
      hedge: 0.9,
      options: { maxAttempts: 2 },
    })
    expect(end).toEqual({ kind: 'complete' })
    expect(engine.failures.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 8 }, (_, at) => 50 * at + 49),
    )
    expect(engine.cells).toHaveLength(392)
  })

  test('is sent once, however slow everything becomes', async () => {
    const pool = await runPool({
      servers: {
        one: { latencyMs: ({ number }) => (number < 100 ? 100 : 5_000) },
        two: { latencyMs: ({ number }) => (number < 100 ? 100 : 5_000) },
      },
      rows: 600,
      cap: 8,
      hedge: 0.95,
    })
    expect(pool.end).toEqual({ kind: 'complete' })
    expect(pool.engine.cells).toHaveLength(600)
    expect(arrived(pool)).toBeLessThan(600 * 1.11)
  })

  test('is given up with the run', async () => {
    const sent: string[] = []
    const { engine, end } = await runPool({
      servers: { one: { latencyMs: tail }, two: { latencyMs: tail } },
      rows: 2_000,
      cap: 8,
      hedge: 0.9,
      send({ clock, scheduler }, _choice, text) {
        sent.push(text)
        const ms = sent.length > 200 ? 60_000 : 100
        if (sent.length === 206) clock.after(1_000, () => scheduler.drain())
        return new Promise((resolve) => clock.after(ms, () => resolve(emptyReply)))
      },
    })
    expect(end).toMatchObject({ kind: 'interrupted' })
    expect(engine.requests).toHaveLength(sent.length)
  })
})
