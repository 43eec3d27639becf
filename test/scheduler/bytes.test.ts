import { describe, expect, test } from 'vitest'
import {
  createEngine,
  emptyReply,
  type Engine,
  type EngineOptions,
  requestOf,
} from '../support/engine.ts'

const text = 'x'.repeat(10_000)
const rowBytes = 20_016
const budget = { maxRows: 1e6, maxWriting: 2, lineFactor: 100_000, maxBytes: 2 ** 20 }

/** The most bytes and rows held, looked at every ms of virtual time. */
function watch(engine: Engine): { bytes: number; begun: number } {
  const most = { bytes: 0, begun: 0 }
  const look = (): void => {
    const { bytesHeld, rows } = engine.scheduler.snapshot()
    most.bytes = Math.max(most.bytes, bytesHeld)
    most.begun = Math.max(most.begun, rows.begun)
    if (rows.remaining > 0) engine.clock.after(1, look)
  }
  look()
  return most
}

/** A fast column whose values wait for a slow one. */
function piled(value: () => unknown, type: 'string' | 'json' = 'string'): EngineOptions {
  return {
    columns: [
      { name: 'fast', route: 'm', type, finish: () => ({ value: value() as never }) },
      { name: 'slow', after: ['fast'], route: 's' },
    ],
    rows: 400,
    groupRows: 50,
    slots: { m: 8, s: 1 },
    model: { latency: (sent) => (sent.startsWith('fast') ? 1 : 100) },
    options: { budget },
  }
}

describe('values that wait for a slower column', () => {
  const doubles = Array.from({ length: 1536 }, (_, at) => at / 7)

  test.each<[string, 'string' | 'json', () => unknown, number]>([
    ['texts', 'string', () => text, rowBytes],
    ['a text in a list', 'json', () => [text], rowBytes + 24],
    ['doubles', 'json', () => doubles, 8 * 1536],
    ['an object', 'json', () => new Map([['key', text]]), rowBytes + 40],
  ])('%s: rows begin as their bytes fit', async (_, type, value, each) => {
    const engine = createEngine(piled(value, type))
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    // The budget, the row that passes it, and what was in flight then.
    expect(most.bytes).toBeLessThan(budget.maxBytes + 9 * (each + 100))
    expect(most.bytes).toBeGreaterThan(budget.maxBytes / 2)
  })

  test('small ones bound nothing', async () => {
    const engine = createEngine(piled(() => 'short'))
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(most.begun).toBeGreaterThan(300)
  })
})

test('row-wise values are made row by row, as the ones before have left', async () => {
  let made = 0
  let most = 0
  const engine = createEngine({
    columns: [
      {
        name: 'big',
        value: () => {
          made += 1
          const { bytesHeld } = engine.scheduler.snapshot()
          most = Math.max(most, bytesHeld)
          return text
        },
      },
      { name: 'a', after: ['big'], route: 'm' },
    ],
    rows: 500,
    groupRows: 500,
    slots: { m: 64 },
    options: { budget: { ...budget, maxBytes: 100_000 } },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(made).toBe(500)
  expect(most).toBeLessThan(100_000 + 2 * rowBytes)
})

test('a row larger than the whole budget is made alone', async () => {
  const engine = createEngine({
    ...piled(() => 'x'.repeat(1_000_000)),
    rows: 10,
    slots: { m: 8, s: 8 },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  // Before the first row ended nothing says how large rows are.
  const late = engine.load.filter(({ at, route }) => route === 'm' && at > 110)
  expect(Math.max(...late.map(({ inFlight }) => inFlight))).toBe(1)
})

test('rows that have an outcome are freed though their group is open', async () => {
  const engine = createEngine({
    columns: [{ name: 'a', route: 'm', finish: () => ({ value: text }) }],
    rows: 300,
    groupRows: 300,
    slots: { m: 4 },
    options: { budget },
  })
  const most = watch(engine)
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(most.bytes).toBeLessThan(5 * rowBytes)
  expect(engine.scheduler.snapshot().bytesHeld).toBe(0)
})

test('an answer that is late for its dropped row still reads the row', async () => {
  const seen: unknown[] = []
  const engine = createEngine({
    columns: [
      { name: 'start', value: (row) => `start ${row.index}` },
      {
        name: 'late',
        after: ['start'],
        route: 'm',
        finish: (_reply, row) => {
          seen.push(row.get(0))
          return { value: `late ${String(row.index)}` }
        },
      },
      {
        name: 'fails',
        after: ['start'],
        route: 'n',
        finish: () => {
          throw new Error('no')
        },
      },
    ],
    rows: 3,
    groupRows: 3,
    slots: { m: 3, n: 3 },
    model: { latency: (sent) => (sent.startsWith('late') ? 500 : 10) },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(seen).toEqual(['start 0', 'start 1', 'start 2'])
  expect(engine.cells.map(({ value }) => value)).toEqual(['late 0', 'late 1', 'late 2'])
  expect(engine.scheduler.snapshot().bytesHeld).toBe(0)
})

describe('known cells', () => {
  const rows = 200
  const known = (columns: readonly number[], some: (row: number) => boolean = () => true) => ({
    cells: Array.from({ length: rows }, (_, row) => row)
      .filter(some)
      .flatMap((row) => columns.map((column) => ({ row, column, value: `${text}${column}` }))),
    failures: [],
  })
  const chain = [
    { name: 'a', route: 'm' },
    { name: 'b', after: ['a'], route: 'm' },
    { name: 'c', after: ['b'], route: 'm' },
  ]
  const base = { columns: chain, rows, groupRows: 100, slots: { m: 4 }, options: { budget } }

  test('no value is read where all of a row are known', async () => {
    const engine = createEngine({ ...base, known: known([0, 1, 2]) })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect([engine.sent, engine.valuesRead()]).toEqual([[], 0])
    expect(engine.parts.flatMap((part) => part.rows)).toHaveLength(rows)
  })

  test('only those that something to be made reads, a few rows at a time', async () => {
    const engine = createEngine({ ...base, known: known([0, 1]) })
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    // Of `b`, not of `a`.
    expect(engine.valuesRead()).toBe(rows)
    expect(engine.sent).toHaveLength(rows)
    expect(most.bytes).toBeLessThan(budget.maxBytes + 9 * rowBytes)
  })

  test('replies of conversations count as long as their row is at work', async () => {
    const usage = { ...emptyReply.usage }
    const exchanges = Array.from({ length: rows }, (_, row) => ({
      row,
      column: 0,
      turn: 0,
      hash: 'other',
      reply: text,
      usage,
    }))
    const engine = createEngine({
      ...base,
      columns: [
        {
          name: 'talk',
          route: 'm',
          requests: 'many',
          async task({ index }, { request }) {
            await request('m', requestOf(`talk:${index}`))
            return { value: 'short' }
          },
        },
      ],
      slots: { m: rows },
      known: { cells: [], failures: [], exchanges },
    })
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(most.bytes).toBeLessThan(budget.maxBytes + 33 * rowBytes)
    expect(most.bytes).toBeGreaterThan(budget.maxBytes / 2)
    expect(engine.scheduler.snapshot().bytesHeld).toBe(0)
  })

  test('in addition to rows of which nothing is known', async () => {
    const engine = createEngine({ ...base, known: known([1], (row) => row % 3 === 0) })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(new Set(engine.sent).size).toBe(engine.sent.length)
    const madeOf = (name: string): number =>
      engine.sent.filter((sent) => sent.startsWith(`${name}:`)).length
    // `a` is made for its own sake also where `b` is known.
    expect([madeOf('a'), madeOf('b'), madeOf('c')]).toEqual([rows, rows - 67, rows])
  })
})
