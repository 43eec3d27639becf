import { describe, expect, test } from 'vitest'
import { createBreaker } from '../../src/limits/breaker.ts'
import { createConcurrencyLimiter } from '../../src/limits/limiter.ts'
import { RequestError, type RequestProblem } from '../../src/graph/request-error.ts'
import type { Choice, Route } from '../../src/scheduler/route.ts'
import { createEngine, emptyReply, type Engine, promptOf } from '../support/engine.ts'

interface Way {
  name: string
  cap?: number
  resource?: string
  model?: string
  endpoint?: string
  isReady?: boolean
}

interface PoolCase {
  engine: Engine
  /** Names of choices, in the order in which requests left. */
  sent: { choice: string; text: string; at: number }[]
}

type Answer = (choice: string, text: string, now: number) => RequestError | null

function failing(code: string, problem: RequestProblem): RequestError {
  return new RequestError(code, `${code} happened`, problem)
}

function choiceOf({
  name,
  cap = 4,
  resource = name,
  model = 'm',
  endpoint = name,
  isReady = false,
}: Way): Choice {
  const breakers = (['unreachable', 'failing'] as const).map((opensFor) =>
    createBreaker({ name, opensFor, jitter: () => 0 }),
  )
  const limiters = [createConcurrencyLimiter({ name, cap }), ...breakers]
  return { name, resource, endpoint, model, limiters, weight: 1, breakers, isReady }
}

function poolCase(
  routes: Record<string, readonly Way[]>,
  answer: Answer,
  { rows = 100, columns = Object.keys(routes), maxAttempts = 8 } = {},
): PoolCase {
  const sent: PoolCase['sent'] = []
  const pools = Object.entries(routes).map(([name, ways]): Route => ({
    name,
    choices: ways.map(choiceOf),
  }))
  const engine = createEngine({
    columns: columns.map((route) => ({ name: `of ${route}`, route })),
    rows,
    groupRows: 20,
    slots: {},
    options: {
      routes: pools,
      maxAttempts,
      maxOutageMs: 60_000,
      send(choice, request, signal) {
        const text = promptOf(request)
        sent.push({ choice, text, at: engine.clock.now() })
        return new Promise((resolve, reject) => {
          const giveUp = (): void => reject(signal.reason as Error)
          signal.addEventListener('abort', giveUp, { once: true })
          engine.clock.after(100, () => {
            signal.removeEventListener('abort', giveUp)
            const error = answer(choice, text, engine.clock.now())
            if (error === null) resolve(emptyReply)
            else reject(error)
          })
        })
      },
    },
  })
  return { engine, sent }
}

function countOf({ sent }: PoolCase, choice: string): number {
  return sent.filter((call) => call.choice === choice).length
}

const three: readonly Way[] = [{ name: 'one' }, { name: 'two' }, { name: 'three' }]

test('requests of an alias are shared by its choices, and shown together', async () => {
  const pool = poolCase({ writer: three }, () => null, { rows: 120 })
  const seen: unknown[] = []
  pool.engine.clock.after(150, () => seen.push(pool.engine.scheduler.snapshot().routes[0]))
  expect(await pool.engine.run()).toEqual({ kind: 'complete' })
  expect(three.map(({ name }) => countOf(pool, name))).toEqual([40, 40, 40])
  expect(seen).toMatchObject([
    { name: 'writer', endpoint: 'one, two, three', inFlight: 12, limit: 12 },
  ])
  expect(pool.engine.requests.every(({ route }) => route === 'writer')).toBe(true)
})

test('a failed attempt goes to another choice next', async () => {
  const error = failing('server-error', { kind: 'transient' })
  // One fails for every third row; no row is ever asked twice there in a row.
  const pool = poolCase({ writer: three }, (choice, text) =>
    choice === 'one' && Number(text.split(':')[1]) % 3 === 0 ? error : null,
  )
  expect(await pool.engine.run()).toEqual({ kind: 'complete' })
  expect(pool.engine.failures).toEqual([])
  const failed = pool.sent.filter(
    ({ choice, text }) => choice === 'one' && Number(text.split(':')[1]) % 3 === 0,
  )
  expect(failed.length).toBeGreaterThan(2)
  for (const { text } of failed) {
    expect(pool.sent.filter((call) => call.text === text).map(({ choice }) => choice)).toEqual([
      'one',
      expect.stringMatching(/two|three/),
    ])
  }
})

test('with one choice a failed attempt goes the same way again', async () => {
  const error = failing('server-error', { kind: 'transient' })
  const pool = poolCase(
    { writer: [{ name: 'only' }] },
    (_, text) => (text.endsWith(':7') ? error : null),
    {
      maxAttempts: 3,
    },
  )
  expect(await pool.engine.run()).toEqual({ kind: 'complete' })
  expect(pool.engine.failures).toMatchObject([{ row: 7, attempts: 3 }])
})

describe('what stops together', () => {
  test('a key that is refused stops all models that are reached with it, and no other', async () => {
    const unauthorized = failing('unauthorized', { kind: 'endpoint-stopped' })
    const pool = poolCase(
      {
        small: [
          { name: 's1', resource: 'key 1', model: 'small' },
          { name: 's2', resource: 'key 2', model: 'small' },
        ],
        large: [
          { name: 'l1', resource: 'key 1', model: 'large' },
          { name: 'l2', resource: 'key 2', model: 'large' },
        ],
      },
      (choice, _, now) => (choice === 's1' && now > 500 ? unauthorized : null),
      { rows: 200 },
    )
    expect(await pool.engine.run()).toEqual({ kind: 'complete' })
    expect(pool.engine.failures).toEqual([])
    const late = pool.sent.filter(({ at }) => at > 700).map(({ choice }) => choice)
    expect([...new Set(late)].toSorted()).toEqual(['l2', 's2'])
    const stops = pool.engine.events.filter(({ type }) => type === 'endpoint-stopped')
    expect(stops).toMatchObject([{ endpoint: 's1', model: null }])
  })

  test('a model that is not there stops nothing but itself', async () => {
    const missing = failing('not-found', { kind: 'suspect' })
    const pool = poolCase(
      {
        good: [{ name: 'good', resource: 'key', endpoint: 'here', model: 'good' }],
        gone: [{ name: 'gone', resource: 'key', endpoint: 'here', model: 'gone' }],
      },
      (choice) => (choice === 'gone' ? missing : null),
      { rows: 20 },
    )
    expect(await pool.engine.run()).toMatchObject({ kind: 'stopped', reason: 'not-found happened' })
    expect([countOf(pool, 'good'), pool.engine.failures]).toEqual([20, []])
    expect(countOf(pool, 'gone')).toBeLessThan(12)
    const stops = pool.engine.events.filter(({ type }) => type === 'endpoint-stopped')
    expect(stops).toMatchObject([{ endpoint: 'here', model: 'gone' }])
  })

  test('a pool where one lacks the model continues with the others', async () => {
    const missing = failing('not-found', { kind: 'suspect' })
    const pool = poolCase({ writer: three }, (choice) => (choice === 'two' ? missing : null))
    expect(await pool.engine.run()).toEqual({ kind: 'complete' })
    expect(pool.engine.failures).toEqual([])
    expect(countOf(pool, 'two')).toBeLessThan(12)
  })

  test('a model that was ready when it was asked is not stopped by the first row it refuses', async () => {
    const refused = failing('forbidden', { kind: 'suspect' })
    const pool = poolCase({ writer: [{ name: 'only', cap: 1, isReady: true }] }, (_, text) =>
      Number(text.split(':')[1]) < 3 ? refused : null,
    )
    expect(await pool.engine.run()).toEqual({ kind: 'complete' })
    expect(pool.engine.failures.map(({ row, attempts }) => [row, attempts])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ])
  })
})

describe('a choice that is away', () => {
  const gone = failing('unreachable', { kind: 'unreachable' })

  test('is left alone while another answers, and used again when it is back', async () => {
    const pool = poolCase(
      { writer: three },
      (choice, _, now) => (choice === 'two' && now > 1_000 && now < 20_000 ? gone : null),
      { rows: 3_000 },
    )
    expect(await pool.engine.run()).toEqual({ kind: 'complete' })
    expect(pool.engine.failures).toEqual([])
    const during = pool.sent.filter(
      ({ choice, at }) => choice === 'two' && at > 1_200 && at < 19_000,
    )
    expect(during.length).toBeLessThan(10)
    const after = pool.sent.filter(({ choice, at }) => choice === 'two' && at > 26_000)
    expect(after.length).toBeGreaterThan(100)
  })

  test('for long is asked on while others answer', async () => {
    const pool = poolCase(
      { writer: three },
      (choice, _, now) => (choice === 'two' && now > 1_000 ? gone : null),
      { rows: 8_000 },
    )
    expect(await pool.engine.run()).toEqual({ kind: 'complete' })
    expect(pool.engine.failures).toEqual([])
    expect(pool.engine.events.filter(({ type }) => type === 'endpoint-stopped')).toEqual([])
    const late = pool.sent.filter(({ choice, at }) => choice === 'two' && at > 68_000)
    expect(late.length).toBeGreaterThan(5)
    expect(late.length).toBeLessThan(30)
  })

  test('with all of them away the run stops and rows remain', async () => {
    const pool = poolCase({ writer: three }, (_, __, now) => (now > 1_000 ? gone : null), {
      rows: 3_000,
    })
    expect(await pool.engine.run()).toMatchObject({ kind: 'stopped', error: { code: 'outage' } })
    expect(pool.engine.failures).toEqual([])
    expect(pool.engine.clock.now()).toBeLessThan(91_000)
  })

  test('one that hangs is not awaited for long once it has been away for too long', async () => {
    const error = failing('timeout', { kind: 'transient' })
    const engine = createEngine({
      columns: [{ name: 'a', route: 'writer' }],
      rows: 500,
      groupRows: 50,
      slots: {},
      options: {
        routes: [{ name: 'writer', choices: [choiceOf({ name: 'only' })] }],
        maxOutageMs: 60_000,
        // It takes everything, and gives up after an hour.
        send: (_, __, signal) =>
          new Promise((_resolve, reject) => {
            const hangMs = engine.clock.now() < 10_000 ? 2_000 : 3_600_000
            const timer = engine.clock.after(hangMs, () => reject(error))
            signal.addEventListener('abort', () => {
              timer.cancel()
              reject(signal.reason as Error)
            })
          }),
      },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped', error: { code: 'outage' } })
    expect(engine.clock.now()).toBeLessThan(62_000 + 30_000)
    expect(engine.failures).toEqual([])
  })
})

test('an early shutdown counts answers, not connections that break', async () => {
  const broken = failing('disconnected', { kind: 'transient' })
  const engine = createEngine({
    columns: [{ name: 'a', route: 'm' }],
    rows: 60,
    groupRows: 60,
    slots: { m: 4 },
    model: { fail: (text) => (Number(text.slice(2)) % 2 === 0 ? broken : null) },
    options: { maxAttempts: 2, earlyShutdown: { rate: 0.3, window: 10 } },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.failures).toHaveLength(30)
})
