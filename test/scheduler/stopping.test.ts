import { describe, expect, test } from 'vitest'
import { RequestError } from '../../src/graph/request-error.ts'
import { createConcurrencyLimiter } from '../../src/limits/limiter.ts'
import type { Journal } from '../../src/rows/journal.ts'
import { createEngine, requestOf, type TestColumn } from '../support/engine.ts'

const chain: TestColumn[] = [
  { name: 'a', route: 'm' },
  { name: 'b', after: ['a'], route: 'm' },
]
const transient = new RequestError('timeout', 'timeout', { kind: 'transient' })

describe('draining', () => {
  test('does not wait for back-offs, nor for a cool-down', async () => {
    const engine = createEngine({
      columns: chain,
      rows: 10,
      groupRows: 10,
      slots: { m: 4 },
      model: { fail: () => transient },
    })
    const running = engine.run()
    engine.clock.after(60, () => {
      expect(engine.scheduler.snapshot().backingOff).toBe(4)
      engine.scheduler.drain()
    })
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(engine.clock.now()).toBe(100)
    expect(engine.clock.pending).toBe(0)
    expect(engine.failures).toEqual([])
  })

  test('before the run has begun ends it at once', async () => {
    const engine = createEngine({ columns: chain, rows: 10, groupRows: 10, slots: { m: 4 } })
    engine.scheduler.drain()
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect(engine.sent).toEqual([])
  })

  test('while inputs of rows are read releases them', async () => {
    let released = 0
    const engine = createEngine({
      columns: chain,
      rows: 10,
      groupRows: 5,
      slots: { m: 4 },
      options: {
        hold: ({ end }) =>
          new Promise((resolve) =>
            engine.clock.after(500, () => resolve({ end, release: () => (released += 1) })),
          ),
      },
    })
    const running = engine.run()
    engine.clock.after(100, () => engine.scheduler.drain())
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(released).toBe(1)
    expect(engine.sent).toEqual([])
  })

  test('the inputs of rows are released exactly once, however the run ends', async () => {
    for (const stopAt of [60, 130, 1_000_000]) {
      const held = new Map<number, number>()
      const engine = createEngine({
        columns: chain,
        rows: 40,
        groupRows: 3,
        slots: { m: 8 },
        options: {
          hold: ({ start, end }) => {
            held.set(start, 0)
            return {
              // A window of two rows at most.
              end: Math.min(start + 2, end),
              release: () => void held.set(start, (held.get(start) as number) + 1),
            }
          },
        },
      })
      const running = engine.run()
      engine.clock.after(stopAt, () => engine.scheduler.drain())
      await running
      expect([...held.values()], `stopped at ${stopAt}`).toEqual(Array.from(held, () => 1))
    }
  })
})

test('an early shutdown does not wait for back-offs, and keeps what was decided', async () => {
  const refused = new RequestError('bad-request', 'no', { kind: 'refused' })
  const engine = createEngine({
    columns: [{ name: 'a', route: 'm' }],
    rows: 100,
    groupRows: 50,
    slots: { m: 5 },
    model: {
      fail: (text) => {
        const row = Number(text.slice(2))
        if (row === 0) return transient
        return row % 2 === 0 ? refused : null
      },
    },
    options: { earlyShutdown: { rate: 0.5, window: 20 } },
  })
  expect(await engine.run()).toMatchObject({ kind: 'stopped', error: null })
  expect(engine.clock.now()).toBeLessThan(400)
  expect(engine.events.filter(({ type }) => type === 'early-shutdown')).toHaveLength(1)
  const decided = engine.parts.flatMap(({ rows }) => rows)
  expect(decided).toHaveLength(engine.cells.length + engine.failures.length)
})

test('a stopped endpoint leaves its rows; rows of other endpoints that are open finish', async () => {
  const stop = new RequestError('quota-exhausted', 'no money', { kind: 'endpoint-stopped' })
  const engine = createEngine({
    columns: [
      { name: 'good', route: 'good' },
      { name: 'bad', route: 'bad', conditionReads: ['good'], skip: { when: '{{ good == "x" }}' } },
    ].map((column, at) =>
      at === 0 ? { ...column, value: ({ index }) => 'xy'[index % 2] ?? '' } : column,
    ),
    rows: 20,
    groupRows: 20,
    slots: { good: 2, bad: 2 },
    model: { fail: (text) => (text.startsWith('bad') ? stop : null) },
  })
  expect(await engine.run()).toEqual({ kind: 'stopped', reason: 'no money', error: stop })
  expect(engine.parts.flatMap(({ rows }) => rows)).toEqual(
    Array.from({ length: 10 }, (_, at) => 2 * at),
  )
  expect(engine.events.filter(({ type }) => type === 'endpoint-stopped')).toHaveLength(1)
})

test('a stopped endpoint is not waited for by what pauses between two attempts', async () => {
  const stop = new RequestError('unauthorized', 'no key', { kind: 'endpoint-stopped' })
  const engine = createEngine({
    columns: [{ name: 'bad', route: 'bad' }],
    rows: 2,
    groupRows: 2,
    slots: { bad: 2 },
    model: {
      latency: (text) => (text === 'bad:1' ? 20_000 : 50),
      fail: (text) => (text === 'bad:1' ? stop : transient),
    },
  })
  // In its sixth pause, of 24 s.
  engine.clock.after(19_000, () => expect(engine.scheduler.snapshot().backingOff).toBe(1))
  expect(await engine.run()).toMatchObject({ kind: 'stopped', error: stop })
  expect(engine.clock.now()).toBeLessThan(20_100)
})

test.each(['one', 'many'] as const)(
  'an endpoint whose share is nothing for a while is waited for, by cells of %s',
  async (requests) => {
    const limiter = createConcurrencyLimiter({ name: 'm', cap: 2 })
    const engine = createEngine({
      columns: [
        {
          name: 'a',
          route: 'm',
          requests,
          async task({ index }, { request }) {
            await request('m', requestOf(`a:${index}`))
            return { value: 'x' }
          },
        },
      ],
      rows: 20,
      groupRows: 20,
      slots: { m: 2 },
      limiters: () => [limiter],
    })
    engine.clock.after(120, () => engine.scheduler.setCap(limiter, 0))
    engine.clock.after(5_000, () => engine.scheduler.setCap(limiter, 4))
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.load.filter(({ at }) => at > 200 && at < 5_000)).toEqual([])
    expect(engine.load.some(({ at, inFlight }) => at === 5_000 && inFlight === 4)).toBe(true)
  },
)

test('a stopped endpoint does not keep the others from the rows that are open', async () => {
  const stop = new RequestError('unauthorized', 'no key', { kind: 'endpoint-stopped' })
  const engine = createEngine({
    columns: [
      { name: 'good', route: 'good' },
      { name: 'bad', route: 'bad' },
    ],
    rows: 200,
    groupRows: 100,
    slots: { good: 2, bad: 2 },
    model: { fail: (text) => (text.startsWith('bad') ? stop : null) },
  })
  expect(await engine.run()).toMatchObject({ kind: 'stopped', error: stop })
  // A group that is not open stays as it is.
  expect(engine.cells).toHaveLength(100)
  expect(engine.failures).toEqual([])
})

/** A journal whose records become durable when the test says so. */
function manualJournal(bytesPerCell: number): {
  journal: Journal
  cells: number
  settle(error?: Error): void
} {
  let pendingBytes = 0
  let told: (error: Error | null) => void = () => undefined
  const state = {
    cells: 0,
    journal: {
      cell() {
        state.cells += 1
        pendingBytes += bytesPerCell
      },
      exchange: () => undefined,
      forget: () => undefined,
      failure: () => undefined,
      request: () => undefined,
      get pendingBytes() {
        return pendingBytes
      },
      onDurable: (callback: typeof told) => (told = callback),
    },
    settle(error?: Error) {
      if (error === undefined) pendingBytes = 0
      told(error ?? null)
    },
  }
  return state
}

describe('the journal', () => {
  test('nothing is sent while more than its budget is not durable', async () => {
    const slow = manualJournal(100)
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 40,
      groupRows: 40,
      slots: { m: 4 },
      options: { journal: slow.journal, maxPendingBytes: 550 },
    })
    const running = engine.scheduler.run()
    await engine.clock.advance(60_000)
    // The sixth record passes the mark; by then its unit and those before were given on.
    const stalled = engine.sent.length
    expect([slow.cells, stalled]).toEqual([9, 9])
    expect(engine.load.at(-1)?.inFlight).toBe(0)
    slow.settle()
    await engine.clock.advance(60_000)
    expect(engine.sent.length).toBeGreaterThan(stalled)
    while (slow.cells < 40) {
      slow.settle()
      await engine.clock.advance(1_000)
    }
    expect(await running).toEqual({ kind: 'complete' })
  })

  test('one that fails ends the run with its error; nothing is handed on afterwards', async () => {
    const broken = manualJournal(1)
    const engine = createEngine({
      columns: chain,
      rows: 40,
      groupRows: 10,
      slots: { m: 4 },
      options: { journal: broken.journal },
    })
    const running = engine.scheduler.run()
    const failed = running.catch((error: unknown) => error)
    await engine.clock.advance(120)
    broken.settle(new Error('disk full'))
    const { cells } = broken
    await engine.clock.runUntilIdle()
    expect(await failed).toMatchObject({ message: 'disk full' })
    expect(broken.cells).toBe(cells)
    expect(engine.parts).toEqual([])
    expect(engine.load.at(-1)?.inFlight).toBe(0)
  })
})

test('a part that can’t be written ends the run with its error', async () => {
  const engine = createEngine({
    columns: chain,
    rows: 10,
    groupRows: 10,
    slots: { m: 4 },
    options: { completePart: () => Promise.reject(new Error('no space')) },
  })
  await expect(engine.run()).rejects.toThrow('no space')
})

describe('a route that is asked after another one', () => {
  const withTool: TestColumn = {
    name: 'a',
    route: 'm',
    requests: 'many',
    followUps: ['tool'],
    async task({ index }, { request }) {
      await request('m', requestOf(`ask ${index}`))
      await request('tool', requestOf(`call ${index}`))
      return { value: index }
    },
  }

  test('does not decide how many cells are open at once', async () => {
    const engine = createEngine({
      columns: [withTool],
      rows: 100,
      groupRows: 100,
      slots: { m: 3, tool: 50 },
      model: { latency: (text) => (text.startsWith('call') ? 10_000 : 50) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    // Two for each request that the model's route allows.
    expect(Math.max(...engine.load.map(({ inFlight }) => inFlight))).toBe(6)
  })

  test('lets no cell begin once it has stopped: what the model answered would wait for nothing', async () => {
    const gone = new RequestError('unauthorized', 'no', { kind: 'endpoint-stopped' })
    const engine = createEngine({
      columns: [withTool],
      rows: 100,
      groupRows: 100,
      slots: { m: 3, tool: 50 },
      model: { fail: (text) => (text.startsWith('call') ? gone : null) },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped', error: gone })
    expect(engine.sent.filter((text) => text.startsWith('ask')).length).toBeLessThanOrEqual(9)
    expect(engine.failures).toEqual([])
    expect(engine.clock.pending).toBe(0)
  })
})
