import { describe, expect, test } from 'vitest'
import { CellFailure } from '../../src/graph/failure.ts'
import { RequestError, type RequestProblem } from '../../src/graph/request-error.ts'
import { createAdaptiveLimiter } from '../../src/limits/adaptive-limiter.ts'
import { createRateLimiter } from '../../src/limits/rate-limiter.ts'
import { createEngine, emptyReply, type TestColumn } from '../support/engine.ts'
import { noUsage } from '../../src/graph/request.ts'

const chain: TestColumn[] = [
  { name: 'a', route: 'm' },
  { name: 'b', after: ['a'], route: 'm' },
]

function failing(code: string, problem: RequestProblem): RequestError {
  return new RequestError(code, `${code} happened`, problem)
}

test.each<[string, () => number]>([
  [
    'throws',
    () => {
      throw new Error('no size')
    },
  ],
  ['answers what is not a number', () => Number.NaN],
])('a provider whose size of a request %s ends no run and lifts no limit', async (_, sizeOf) => {
  const engine = createEngine({
    columns: [{ name: 'a', route: 'm' }],
    rows: 20,
    groupRows: 20,
    slots: { m: 20 },
    // 258 tokens of each are expected at first, 2 are used.
    limiters: () => [createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 60 })],
    options: { sizeOf },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.clock.now()).toBeGreaterThan(20_000)
  expect(engine.events.filter(({ type }) => type === 'provider-failed')).toHaveLength(20)
})

describe('failure rules', () => {
  test('a transient failure is tried again within the budget of attempts', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 3,
      groupRows: 3,
      slots: { m: 2 },
      model: {
        fail: (text, attempt) =>
          text === 'a:1' && attempt < 8 ? failing('timeout', { kind: 'transient' }) : null,
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toEqual([])
    expect(engine.sent.filter((text) => text === 'a:1')).toHaveLength(8)
  })

  test('after the last attempt the row is dropped and its descendants are never sent', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 3,
      groupRows: 3,
      slots: { m: 2 },
      model: {
        fail: (text) => (text === 'a:1' ? failing('timeout', { kind: 'transient' }) : null),
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([
      { row: 1, column: 0, code: 'timeout', attempts: 8, outcome: 'dropped' },
    ])
    expect(engine.sent).not.toContain('b:1')
    expect(engine.parts).toEqual([{ part: 0, rows: [0, 1, 2] }])
  })

  test('on_failure null keeps the row and continues below it', async () => {
    const engine = createEngine({
      columns: [
        { name: 'a', route: 'm', onFailure: 'null' },
        { name: 'b', after: ['a'], route: 'm' },
      ],
      rows: 2,
      groupRows: 2,
      slots: { m: 2 },
      model: {
        fail: (text) => (text === 'a:1' ? failing('bad-request', { kind: 'refused' }) : null),
      },
    })
    await engine.run()
    expect(engine.failures).toMatchObject([{ row: 1, outcome: 'null', attempts: 1 }])
    expect(engine.sent).toContain('b:1')
  })

  test('a reply that can not be used is a failure with what it said and what it cost', async () => {
    const engine = createEngine({
      columns: [
        {
          name: 'a',
          route: 'm',
          value: (row) => {
            if (row.index === 1) throw new CellFailure('bad-json', 'no JSON', { raw: 'Sure!' })
            return 'fine'
          },
        },
      ],
      rows: 2,
      groupRows: 2,
      slots: { m: 2 },
    })
    await engine.run()
    expect(engine.failures).toMatchObject([
      { row: 1, code: 'bad-json', raw: 'Sure!', attempts: 1, usage: { inputTokens: 1 } },
    ])
  })

  test('a dropped row cancels what waits; what is in flight is recorded', async () => {
    const engine = createEngine({
      columns: [
        { name: 'slow', route: 'm' },
        { name: 'bad', route: 'm' },
        { name: 'waiting', route: 'w' },
        { name: 'below', after: ['bad'], route: 'w' },
      ],
      rows: 1,
      groupRows: 1,
      slots: { m: 2, w: 1 },
      model: {
        latency: (text) => (text.startsWith('slow') ? 500 : 50),
        fail: (text) => (text === 'bad:0' ? failing('bad-request', { kind: 'refused' }) : null),
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.cells.map(({ column }) => column)).toEqual([2, 0])
    expect(engine.sent).not.toContain('below:0')
  })

  test('throttling waits, is not an attempt and drops nothing; nothing leaves during the pause', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 20,
      groupRows: 20,
      slots: { m: 4 },
      limiters: (name) => [
        createAdaptiveLimiter({
          slowdownTrials: false,
          name,
          cap: 4,
          decrease: 0.75,
          increase: { units: 1, successes: 5 },
          jitter: () => 0,
          cooldownMs: 2_000,
          longestCooldownMs: 300_000,
          rampMs: 0,
        }),
      ],
      model: {
        fail: (text, attempt) =>
          text === 'a:5' && attempt === 1
            ? failing('throttled', { kind: 'throttled', retryAfterMs: 7_000 })
            : null,
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toEqual([])
    const throttledAt = 150
    const left = engine.load.filter(
      (change, index) => change.inFlight > (engine.load[index - 1]?.inFlight ?? 0),
    )
    expect(left.filter(({ at }) => at > throttledAt && at < throttledAt + 7_000)).toEqual([])
  })

  test('a refused key stops its endpoint; rows that need it remain, others finish', async () => {
    const engine = createEngine({
      columns: [
        { name: 'a', route: 'm' },
        { name: 'b', after: ['a'], route: 'dead' },
      ],
      rows: 100,
      groupRows: 10,
      slots: { m: 4, dead: 4 },
      model: {
        fail: (text) =>
          text.startsWith('b') && text !== 'b:0'
            ? failing('unauthorized', { kind: 'endpoint-stopped' })
            : null,
      },
    })
    const end = await engine.run()
    expect(end).toMatchObject({ kind: 'stopped', reason: 'unauthorized happened' })
    expect(engine.failures).toEqual([])
    // b:0 was answered before: its row is decided and handed on.
    expect(engine.parts.flatMap(({ rows }) => rows)).toEqual([0])
    expect(engine.scheduler.snapshot().rows.remaining).toBe(99)
  })

  test('404 stops a model that never answered, but only fails the cell on one that did', async () => {
    const suspect = failing('not-found', { kind: 'suspect' })
    const never = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 50,
      groupRows: 10,
      slots: { m: 1 },
      model: { fail: () => suspect },
    })
    expect(await never.run()).toMatchObject({ kind: 'stopped' })
    expect(never.sent).toEqual(['a:0', 'a:1', 'a:2', 'a:3', 'a:4'])
    expect(never.failures).toEqual([])

    const oneRow = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
      model: { fail: () => suspect },
    })
    expect(await oneRow.run()).toMatchObject({ kind: 'stopped' })
    expect(oneRow.sent).toHaveLength(3)
    expect(oneRow.failures).toEqual([])

    const firstOnly = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 50,
      groupRows: 10,
      slots: { m: 1 },
      model: { fail: (text) => (text === 'a:0' ? suspect : null) },
    })
    expect(await firstOnly.run()).toEqual({ kind: 'complete' })
    expect(firstOnly.failures).toMatchObject([{ row: 0, code: 'not-found' }])

    const sometimes = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 50,
      groupRows: 10,
      slots: { m: 1 },
      model: { fail: (text) => (Number(text.slice(2)) % 3 === 1 ? suspect : null) },
    })
    expect(await sometimes.run()).toEqual({ kind: 'complete' })
    expect(sometimes.failures).toHaveLength(17)

    const fiveRows = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 50,
      groupRows: 10,
      slots: { m: 1 },
      model: { fail: (text) => (Number(text.slice(2)) >= 10 ? suspect : null) },
    })
    expect(await fiveRows.run()).toMatchObject({ kind: 'stopped' })
    expect(fiveRows.sent).toHaveLength(15)
    expect(fiveRows.failures).toHaveLength(4)
  })

  test('early shutdown stops when the share of failures is reached; finished rows are kept', async () => {
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 100,
      groupRows: 10,
      slots: { m: 1 },
      model: {
        fail: (text) =>
          Number(text.slice(2)) >= 20 ? failing('bad-request', { kind: 'refused' }) : null,
      },
      options: { earlyShutdown: { rate: 0.5, window: 10 } },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped', error: null })
    expect(engine.sent).toHaveLength(25)
    expect(engine.parts.flatMap(({ rows }) => rows)).toHaveLength(25)
  })
})

describe('stopping', () => {
  test('a drain waits for what is in flight, sends nothing more, and keeps decided rows', async () => {
    const engine = createEngine({ columns: chain, rows: 100, groupRows: 10, slots: { m: 8 } })
    const running = engine.run()
    engine.clock.after(230, () => engine.scheduler.drain())
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(engine.clock.now()).toBeLessThan(300)
    const wanted = engine.cells.filter(({ column }) => column === 1).map(({ row }) => row)
    expect(engine.parts.flatMap(({ rows }) => rows)).toEqual(wanted.sort((a, b) => a - b))
    expect(engine.cells).toHaveLength(engine.sent.length)
  })

  test('an abort gives up what is in flight', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 10,
      groupRows: 10,
      slots: { m: 4 },
      model: { latency: () => 60_000 },
    })
    const running = engine.run()
    engine.clock.after(100, () => engine.scheduler.abort())
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(engine.clock.now()).toBe(100)
    expect(engine.failures).toEqual([])
    expect(engine.requests.map(({ outcome }) => outcome)).toEqual(Array(4).fill('failed'))
  })
})

describe('resuming', () => {
  test('known cells are not made again, also those of a row that was dropped and is retried', async () => {
    const first = createEngine({
      columns: [
        { name: 'a', route: 'm' },
        { name: 'paid', by: 'cell', pure: false, requests: 'none' },
        { name: 'b', after: ['a', 'paid'], route: 'm' },
      ],
      rows: 6,
      groupRows: 3,
      slots: { m: 2 },
      model: {
        fail: (text) => (text === 'b:4' ? failing('bad-request', { kind: 'refused' }) : null),
      },
    })
    await first.run()
    expect(first.failures).toHaveLength(1)
    let tasks = 0
    const second = createEngine({
      columns: [
        { name: 'a', route: 'm' },
        {
          name: 'paid',
          by: 'cell',
          pure: false,
          requests: 'none',
          task: () => {
            tasks += 1
            return Promise.resolve({ value: 'again' })
          },
        },
        { name: 'b', after: ['a', 'paid'], route: 'm' },
      ],
      rows: 6,
      groupRows: 3,
      slots: { m: 2 },
      known: { cells: first.cells, failures: [] },
    })
    expect(await second.run()).toEqual({ kind: 'complete' })
    expect(second.sent).toEqual(['b:4'])
    expect(tasks).toBe(0)
    expect(second.parts.flatMap(({ rows }) => rows)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('settling decides rows whose cells are known and sends nothing', async () => {
    const cells = [0, 1, 3].flatMap((row) => [
      { row, column: 0, value: 'x' },
      ...(row === 1 ? [] : [{ row, column: 1, value: 'y' }]),
    ])
    const engine = createEngine({
      columns: chain,
      rows: 6,
      groupRows: 2,
      slots: { m: 2 },
      known: { cells, failures: [] },
      options: { settleOnly: true },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped' })
    expect(engine.sent).toEqual([])
    expect(engine.parts.flatMap(({ rows }) => rows)).toEqual([0, 3])
  })
})

describe('what replies cost that could not be used', () => {
  const spent = { ...noUsage, inputTokens: 10, outputTokens: 800, reasoningTokens: 790 }
  const bad = (code: string, kind: 'transient' | 'refused'): RequestError =>
    new RequestError(code, `${code} happened`, { kind }, { usage: spent })

  test('is recorded for the column, attempt by attempt, and summed in the failure', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 2,
      groupRows: 2,
      slots: { m: 1 },
      model: {
        fail: (text, attempt) => {
          if (text === 'b:1') return bad('out-of-tokens', 'refused')
          return text === 'a:0' && attempt < 3 ? bad('bad-reply', 'transient') : null
        },
      },
      options: { maxAttempts: 3 },
    })
    await engine.run()
    const used = (column: number, outcome: string) =>
      engine.requests
        .filter((record) => record.column === column && record.outcome === outcome)
        .map(({ usage }) => usage.outputTokens)
    expect([used(0, 'failed'), used(0, 'ok')]).toEqual([
      [800, 800],
      [1, 1],
    ])
    expect([used(1, 'failed'), used(1, 'ok')]).toEqual([[800], [1]])
    expect(engine.failures).toMatchObject([{ column: 1, code: 'out-of-tokens', usage: spent }])
    expect(engine.scheduler.snapshot().routes).toMatchObject([{ outputTokens: 2_403 }])
  })

  test('the sum of all attempts is in the failure', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
      model: { fail: () => bad('bad-reply', 'transient') },
      options: { maxAttempts: 3 },
    })
    await engine.run()
    expect(engine.failures).toMatchObject([
      { attempts: 3, usage: { inputTokens: 30, outputTokens: 2_400 } },
    ])
  })
})

describe('a provider with a mistake', () => {
  test('an ordinary error is an attempt that failed, told with what it threw', async () => {
    const mistake = new TypeError('socket is undefined')
    const engine = createEngine({
      columns: chain,
      rows: 2,
      groupRows: 2,
      slots: { m: 2 },
      model: {
        fail: (text, attempt) => {
          if (text === 'a:0') return mistake
          return text === 'b:1' && attempt === 1 ? mistake : null
        },
      },
      options: { maxAttempts: 2 },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([
      { row: 0, column: 0, code: 'provider-error', attempts: 2 },
    ])
    expect(engine.failures[0]?.message).toContain('socket is undefined')
    expect(engine.events.filter(({ type }) => type === 'provider-failed')).toEqual(
      Array.from({ length: 3 }, () => ({ type: 'provider-failed', route: 'm', error: mistake })),
    )
  })

  test('one that throws instead of rejecting, and one that answers without a promise', async () => {
    const answers: unknown[] = [emptyReply, null]
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 2,
      groupRows: 2,
      slots: { m: 1 },
      options: {
        maxAttempts: 1,
        send: () => {
          const answer = answers.shift()
          if (answer === null) throw new Error('not async')
          return answer as never
        },
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.cells).toHaveLength(1)
    expect(engine.failures).toMatchObject([{ row: 1, code: 'provider-error' }])
  })

  test.each([
    ['nothing', undefined, 0],
    ['a text', 'hello', 0],
    ['the form of before', { text: 'x', usage: emptyReply.usage }, 1],
    ['usage without counts', { ...emptyReply, usage: { inputTokens: 1 } }, 0],
    ['content that is a text', { ...emptyReply, content: 'x' }, 1],
    ['content of no known type', { ...emptyReply, content: [{ type: 'word' }] }, 1],
  ])('%s for a reply fails its cell at once', async (_, reply, inputTokens) => {
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
      options: { send: () => Promise.resolve(reply as never) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([{ code: 'bad-reply', attempts: 1 }])
    expect(engine.requests).toMatchObject([{ outcome: 'failed', usage: { inputTokens } }])
  })
})

test('a null of a row that was dropped meanwhile is no null that was kept', async () => {
  const failed = failing('bad-request', { kind: 'refused' })
  const engine = createEngine({
    columns: [
      { name: 'bad', route: 'f' },
      { name: 'slow', route: 'm', onFailure: 'null' },
    ],
    rows: 2,
    groupRows: 2,
    slots: { m: 2, f: 2 },
    model: {
      latency: (text) => (text.startsWith('slow') ? 100 : 10),
      fail: (text) => (text === 'bad:1' || text.startsWith('slow') ? failed : null),
    },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.failures.map(({ row, column, outcome }) => [row, column, outcome])).toEqual([
    [1, 0, 'dropped'],
    [0, 1, 'null'],
    [1, 1, 'dropped'],
  ])
})
