import { describe, expect, test } from 'vitest'
import { CellFailure } from '../../src/graph/failure.ts'
import type { CellResult, Row } from '../../src/graph/kind.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import { createEngine, type TestColumn } from '../support/engine.ts'

const refused = new RequestError('bad-request', 'bad request', { kind: 'refused' })

interface Calls {
  frames: number[][]
  columns: TestColumn[]
}

/** A paid cell, a whole-column one over it, a paid cell below; calls note their rows. */
function aroundFrame(
  answer: (rows: readonly Row[]) => readonly (CellResult | Error)[] = (rows) =>
    rows.map(({ index }) => ({ value: `of ${index}` })),
): Calls {
  const frames: number[][] = []
  const frame = (rows: readonly Row[]): Promise<readonly (CellResult | Error)[]> => {
    frames.push(rows.map(({ index }) => index))
    return Promise.resolve(answer(rows))
  }
  return {
    frames,
    columns: [
      { name: 'a', route: 'm' },
      { name: 'all', after: ['a'], by: 'column', pure: false, frame },
      { name: 'b', after: ['all'], route: 'm' },
    ],
  }
}

test('a frame is called once with all its rows in order, cut into smaller groups or not', async () => {
  for (const groupRows of [3, 10, 50]) {
    const { columns, frames } = aroundFrame()
    const engine = createEngine({ columns, rows: 25, groupRows, frameRows: 10, slots: { m: 4 } })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(frames.toSorted((x, y) => (x[0] as number) - (y[0] as number))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      [20, 21, 22, 23, 24],
    ])
    expect(engine.parts.flatMap(({ rows }) => rows)).toHaveLength(25)
  }
})

test('it waits for its own frame only', async () => {
  const { columns, frames } = aroundFrame()
  const engine = createEngine({
    columns,
    rows: 40,
    groupRows: 10,
    slots: { m: 8 },
    model: { latency: (text) => (text === 'a:3' ? 60_000 : 50) },
  })
  await engine.run()
  expect(frames.map(([first]) => first)).toEqual([10, 20, 30, 0])
  expect(engine.sent.slice(-10).toSorted()).toEqual(
    Array.from({ length: 10 }, (_, row) => `b:${row}`),
  )
})

test('rows dropped before it leave the frame, which does not wait for them', async () => {
  const { columns, frames } = aroundFrame()
  const engine = createEngine({
    columns,
    rows: 6,
    groupRows: 3,
    frameRows: 6,
    slots: { m: 2 },
    model: { fail: (text) => (text === 'a:2' || text === 'a:5' ? refused : null) },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(frames).toEqual([[0, 1, 3, 4]])
})

test('a frame without a row left is not called', async () => {
  const { columns, frames } = aroundFrame()
  const engine = createEngine({
    columns,
    rows: 4,
    groupRows: 4,
    slots: { m: 2 },
    model: { fail: () => refused },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(frames).toEqual([])
  expect(engine.scheduler.snapshot().rows.dropped).toBe(4)
})

describe('failures', () => {
  test('one result per row: a failed one drops its row, the others continue', async () => {
    const { columns } = aroundFrame((rows) =>
      rows.map(({ index }) =>
        index === 1 ? new CellFailure('too-strange', 'row 1 is too strange') : { value: 'fine' },
      ),
    )
    const engine = createEngine({ columns, rows: 4, groupRows: 4, slots: { m: 2 } })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([
      { row: 1, column: 1, code: 'too-strange', message: 'row 1 is too strange' },
    ])
    expect(engine.sent.filter((text) => text.startsWith('b')).toSorted()).toEqual([
      'b:0',
      'b:2',
      'b:3',
    ])
  })

  test('a function that throws fails its frame and no other', async () => {
    const { columns } = aroundFrame((rows) => {
      if (rows[0]?.index === 0) throw new TypeError('no such thing')
      return rows.map(() => ({ value: 'fine' }))
    })
    const engine = createEngine({ columns, rows: 4, groupRows: 2, slots: { m: 2 } })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([
      { row: 0, code: 'frame-failed', message: 'no such thing' },
      { row: 1, code: 'frame-failed', message: 'no such thing' },
    ])
    expect(engine.scheduler.snapshot().rows).toMatchObject({ decided: 4, dropped: 2 })
  })

  test('an answer of another length fails the frame and says both numbers', async () => {
    const { columns } = aroundFrame(() => [{ value: 'alone' }])
    const engine = createEngine({ columns, rows: 3, groupRows: 3, slots: { m: 2 } })
    await engine.run()
    expect(engine.failures.map(({ message }) => message)).toEqual(
      Array.from(
        { length: 3 },
        () => 'column all answered 1 cells for 3 rows; one per row is needed',
      ),
    )
  })

  test('with on_failure null the rows continue below a failed frame', async () => {
    const { columns } = aroundFrame(() => {
      throw new Error('no')
    })
    const nulls = columns.map((column) =>
      column.name === 'all' ? { ...column, onFailure: 'null' as const } : column,
    )
    const engine = createEngine({ columns: nulls, rows: 3, groupRows: 3, slots: { m: 3 } })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent.slice(3).toSorted()).toEqual(['b:0', 'b:1', 'b:2'])
  })
})

test('whole-column calls share the local workers, and none begins after a drain', async () => {
  let atOnce = 0
  let most = 0
  let calls = 0
  const engine = createEngine({
    columns: [
      {
        name: 'all',
        by: 'column',
        pure: false,
        async frame(rows) {
          atOnce += 1
          calls += 1
          most = Math.max(most, atOnce)
          await new Promise<void>((resolve) => engine.clock.after(1_000, resolve))
          atOnce -= 1
          return rows.map(() => ({ value: 'x' }))
        },
      },
    ],
    rows: 200,
    groupRows: 10,
    slots: {},
    options: { localWorkers: 3 },
  })
  const running = engine.run()
  engine.clock.after(1_500, () => engine.scheduler.drain())
  expect(await running).toEqual({ kind: 'interrupted' })
  expect([most, calls]).toEqual([3, 6])
  expect(engine.parts.flatMap(({ rows }) => rows)).toHaveLength(60)
})

test('known whole-column cells are not made again', async () => {
  const { columns, frames } = aroundFrame()
  const engine = createEngine({
    columns,
    rows: 4,
    groupRows: 2,
    frameRows: 4,
    slots: { m: 2 },
    known: {
      cells: [0, 1].map((row) => ({ row, column: 1, value: 'known' })),
      failures: [],
    },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(frames).toEqual([[2, 3]])
})

test('a frame does not wait for rows of which everything paid is known', async () => {
  const frames: number[][] = []
  const engine = createEngine({
    columns: [
      {
        name: 'all',
        by: 'column',
        pure: true,
        frame: (rows) => {
          frames.push(rows.map(({ index }) => index))
          return Promise.resolve(rows.map(() => ({ value: 'x' })))
        },
      },
      { name: 'b', after: ['all'], route: 'm' },
    ],
    rows: 4,
    groupRows: 4,
    slots: { m: 2 },
    known: {
      cells: [0, 1].map((row) => ({ row, column: 1, value: 'known' })),
      failures: [],
    },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(frames).toEqual([[2, 3]])
  expect(engine.sent).toEqual(['b:2', 'b:3'])
})

test.each([
  ['a paid one', false],
  ['a pure one', true],
])('%s gets its rows in row order, in whatever order they became ready', async (_, pure) => {
  for (const groupRows of [3, 10]) {
    const { columns, frames } = aroundFrame()
    const engine = createEngine({
      columns: columns.map((column) => (column.by === 'column' ? { ...column, pure } : column)),
      rows: 20,
      groupRows,
      frameRows: 10,
      slots: { m: 20 },
      // The last row of a frame is there first, and neighbours are far from each other.
      model: { latency: (text) => 1_000 - ((Number(text.slice(2)) * 7) % 10) * 90 },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(frames).toHaveLength(2)
    for (const rows of frames) expect(rows).toEqual(rows.toSorted((one, other) => one - other))
  }
})
