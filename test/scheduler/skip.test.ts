import { describe, expect, test } from 'vitest'
import { createEngine, type Engine, type TestColumn } from '../support/engine.ts'

const kind: TestColumn = { name: 'kind', value: ({ index }) => (index % 2 === 0 ? 'even' : 'odd') }
const skip = { when: "{{ kind == 'odd' }}" }

function run(columns: TestColumn[], rows = 4): Promise<Engine> {
  const engine = createEngine({ columns, rows, groupRows: rows, slots: { m: 2 } })
  return engine.run().then((end) => {
    expect(end).toEqual({ kind: 'complete' })
    return engine
  })
}

function skipped(engine: Engine): Record<string, number> {
  const { columns } = engine.scheduler.snapshot()
  return Object.fromEntries(columns.map((column) => [column.name, column.skipped]))
}

describe('a skipped cell', () => {
  test('of one request is not sent, not written down, and its row continues', async () => {
    const engine = await run([
      kind,
      { name: 'a', route: 'm', conditionReads: ['kind'], skip },
      { name: 'b', route: 'm' },
    ])
    expect(engine.sent.toSorted()).toEqual(['a:0', 'a:2', 'b:0', 'b:1', 'b:2', 'b:3'])
    expect(engine.cells.filter(({ column }) => column === 1).map(({ row }) => row)).toEqual([0, 2])
    expect(engine.parts).toMatchObject([{ rows: [0, 1, 2, 3] }])
    expect(skipped(engine)).toEqual({ kind: 0, a: 2, b: 0 })
  })

  test('of a task is not started', async () => {
    const made: number[] = []
    await run([
      kind,
      {
        name: 'a',
        by: 'cell',
        pure: false,
        conditionReads: ['kind'],
        skip,
        task: ({ index }) => {
          made.push(index)
          return Promise.resolve({ value: 'x' })
        },
      },
    ])
    expect(made).toEqual([0, 2])
  })

  test('of a whole column leaves its frame, which does not wait for it', async () => {
    const frames: number[][] = []
    const engine = await run([
      kind,
      {
        name: 'all',
        by: 'column',
        pure: false,
        conditionReads: ['kind'],
        skip,
        frame: (rows) => {
          frames.push(rows.map(({ index }) => index))
          return Promise.resolve(rows.map(() => ({ value: 'x' })))
        },
      },
      { name: 'below', after: ['all'], route: 'm' },
    ])
    expect(frames).toEqual([[0, 2]])
    expect(engine.sent).toEqual(['below:0', 'below:2'])
    expect(skipped(engine)).toEqual({ kind: 0, all: 2, below: 2 })
  })
})

describe('propagation', () => {
  const a: TestColumn = { name: 'a', route: 'm', conditionReads: ['kind'], skip }

  test('what requires a skipped cell is skipped, through pure columns and to the bottom', async () => {
    const engine = await run([
      kind,
      a,
      { name: 'between', after: ['a'] },
      { name: 'b', after: ['between'], route: 'm' },
    ])
    expect(engine.sent).toHaveLength(4)
    expect(skipped(engine)).toEqual({ kind: 0, a: 2, between: 2, b: 2 })
  })

  test('not to a column that only reads it in its condition, or that asks not to', async () => {
    const engine = await run([
      kind,
      a,
      { name: 'asks', after: ['a'], route: 'm', propagateSkip: false },
      { name: 'reads', conditionReads: ['a'], skip: { when: '{{ a is none }}' }, route: 'm' },
      { name: 'free', conditionReads: ['a'], skip: { when: "{{ a == 'no' }}" }, route: 'm' },
    ])
    expect(skipped(engine)).toEqual({ kind: 0, a: 2, asks: 0, reads: 2, free: 0 })
  })

  test('columns below see the value of the skip', async () => {
    const seen: unknown[] = []
    const engine = await run([
      kind,
      { ...a, skip: { ...skip, value: 'none of it' } },
      {
        name: 'b',
        after: ['a'],
        propagateSkip: false,
        value: (row) => {
          seen.push(row.get(1))
          return 'x'
        },
      },
      { name: 'c', after: ['b'], route: 'm' },
    ])
    expect(seen.map(String).toSorted()).toEqual(['a 0', 'a 2', 'none of it', 'none of it'])
    expect(engine.sent).toHaveLength(6)
  })
})

test('a condition that can’t be evaluated skips the cell and is reported', async () => {
  const engine = await run([
    kind,
    { name: 'a', route: 'm', conditionReads: ['kind'], skip: { when: '{{ kind.nothing > 3 }}' } },
    { name: 'b', route: 'm' },
  ])
  expect(skipped(engine)).toEqual({ kind: 0, a: 4, b: 0 })
  const events = engine.events.filter(({ type }) => type === 'condition-failed')
  expect(events).toHaveLength(4)
  expect(events[0]).toMatchObject({ column: 'a', row: 0 })
})

describe('side columns', () => {
  const sides: TestColumn[] = [
    {
      name: 'a',
      route: 'm',
      finish: (_, { index }) => ({ value: `main ${index}`, sides: [`trace ${index}`, null] }),
    },
    { name: 'a__trace', producer: 'a' },
    { name: 'a__reasoning', producer: 'a' },
  ]

  test('are written down before their main cell, and can be read below', async () => {
    const engine = await run(
      [...sides, { name: 'b', after: ['a__trace'], route: 'm', value: (row) => row.get(1) }],
      1,
    )
    expect(engine.cells).toMatchObject([
      { column: 1, value: 'trace 0' },
      { column: 2, value: null },
      { column: 0, value: 'main 0' },
      { column: 3, value: 'trace 0' },
    ])
  })

  test('are null where their main cell failed and its row is kept', async () => {
    const engine = await run(
      [
        {
          ...(sides[0] as TestColumn),
          onFailure: 'null',
          finish: () => {
            throw new Error('unreadable')
          },
        },
        ...sides.slice(1),
        { name: 'b', after: ['a__trace'], route: 'm', value: (row) => `<${row.get(1) === null}>` },
      ],
      1,
    )
    expect(engine.failures).toMatchObject([{ column: 0, outcome: 'null', message: 'unreadable' }])
    expect(engine.cells).toMatchObject([{ column: 3, value: '<true>' }])
  })

  test('are skipped with their main cell, and what requires them too', async () => {
    const engine = await run([
      kind,
      ...sides.map((column) =>
        column.name === 'a' ? { ...column, conditionReads: ['kind'], skip } : column,
      ),
      { name: 'b', after: ['a__trace'], route: 'm' },
    ])
    expect(engine.sent.filter((text) => text.startsWith('b')).toSorted()).toEqual(['b:0', 'b:2'])
  })
})
