import { describe, expect, test } from 'vitest'
import { testGraph, type TestColumn } from '../../test/support/engine.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { type AssembledPart, assemblePart } from './assemble.ts'
import { createEvaluator } from './evaluate.ts'
import type { JournaledCell, JournaledFailure } from './journal.ts'
import { indexKnownCells } from './known-cells.ts'

interface Known {
  cells?: JournaledCell[]
  failures?: JournaledFailure[]
}

async function assemble(
  columns: readonly TestColumn[],
  rows: readonly number[],
  { cells = [], failures = [] }: Known = {},
): Promise<AssembledPart> {
  const { graph, generators } = testGraph(columns)
  const clock = createVirtualClock()
  const assembling = assemblePart({
    graph,
    generators,
    evaluator: createEvaluator({ graph, onConditionError: () => undefined }),
    clock,
    rows: Float64Array.from(rows),
    known: indexKnownCells(columns.length, cells, failures),
    frameRows: 10,
    signal: new AbortController().signal,
  })
  const [part] = await Promise.all([assembling, clock.runUntilIdle()])
  return part
}

function cell(row: number, column: number, value: string): JournaledCell {
  return { row, column, value }
}

function failure(row: number, column: number, outcome: 'dropped' | 'null'): JournaledFailure {
  return { row, column, code: 'bad-request', message: 'no', attempts: 1, outcome }
}

const paid: TestColumn = { name: 'paid', route: 'm' }

test('paid cells come from the ledger, and a pure tail is made from them, once per cell', async () => {
  const made: number[] = []
  const tail: TestColumn = {
    name: 'tail',
    after: ['paid'],
    value: (row) => {
      made.push(row.index)
      return `<${row.get(0) as string}>`
    },
  }
  const part = await assemble([paid, tail], [3, 5, 8], {
    cells: [cell(3, 0, 'x'), cell(5, 0, 'y'), cell(8, 0, 'z'), cell(9, 0, 'of another row')],
  })
  expect([...part.rows]).toEqual([3, 5, 8])
  expect(part.columns).toEqual([
    ['x', 'y', 'z'],
    ['<x>', '<y>', '<z>'],
  ])
  expect(made).toEqual([3, 5, 8])
  expect([part.absent, part.failures, part.nullKept]).toEqual([[], [], 0])
})

test('side columns come with their main cell', async () => {
  const part = await assemble([paid, { name: 'trace', producer: 'paid' }], [0, 1], {
    cells: [cell(0, 0, 'x'), cell(0, 1, 'how'), cell(1, 0, 'y')],
  })
  expect(part.columns).toEqual([
    ['x', 'y'],
    ['how', null],
  ])
})

test('a cell the ledger lacks is an error that names its row and column', async () => {
  await expect(assemble([paid], [0, 1], { cells: [cell(0, 0, 'x')] })).rejects.toThrow(
    'row 1 counts as decided but the ledger has no cell of column paid',
  )
})

test('a row dropped by a paid cell is absent, with the column and code that did it', async () => {
  const part = await assemble([paid, { name: 'tail', after: ['paid'] }], [0, 1], {
    cells: [cell(0, 0, 'x')],
    failures: [failure(1, 0, 'dropped'), failure(7, 0, 'dropped')],
  })
  expect([...part.rows]).toEqual([0])
  expect(part.absent).toEqual([{ row: 1, outcome: 'dropped', column: 0, code: 'bad-request' }])
})

test('a kept null is counted, and a skipped cell is not missing', async () => {
  const part = await assemble(
    [
      { name: 'kind', value: ({ index }) => (index === 2 ? 'odd' : 'even') },
      {
        ...paid,
        onFailure: 'null',
        conditionReads: ['kind'],
        skip: { when: '{{ kind == "odd" }}', value: 'skipped' },
      },
    ],
    [0, 1, 2],
    { cells: [cell(0, 1, 'x')], failures: [failure(1, 1, 'null')] },
  )
  expect(part.columns[1]).toEqual(['x', null, 'skipped'])
  expect(part.nullKept).toBe(1)
})

describe('a pure cell that fails', () => {
  const tail: TestColumn = {
    name: 'tail',
    type: 'int64',
    value: ({ index }) => (index === 1 ? 'no number' : index),
  }
  const below: TestColumn = { name: 'below', after: ['tail'], value: (row) => `<${row.index}>` }

  test('drops its row', async () => {
    const part = await assemble([tail, below], [0, 1, 2])
    expect([...part.rows]).toEqual([0, 2])
    expect(part.columns).toEqual([
      [0, 2],
      ['<0>', '<2>'],
    ])
    expect(part.absent).toEqual([{ row: 1, outcome: 'dropped', column: 0, code: 'wrong-type' }])
    expect(part.failures).toMatchObject([{ row: 1, column: 0, outcome: 'dropped', attempts: 1 }])
  })

  test('or leaves a null, when its column says so', async () => {
    const part = await assemble([{ ...tail, onFailure: 'null' }, below], [0, 1, 2])
    expect(part.columns[0]).toEqual([0, null, 2])
    expect(part.failures).toMatchObject([{ row: 1, column: 0, outcome: 'null' }])
    expect(part.nullKept).toBe(1)
  })

  test('is told once, when something paid for needed it before', async () => {
    const part = await assemble([{ ...tail, onFailure: 'null' }], [1], {
      failures: [failure(1, 0, 'null')],
    })
    expect([part.failures, part.nullKept]).toEqual([[], 1])
  })

  test('a defect of a generator is no cell failure', async () => {
    const broken: TestColumn = {
      name: 'tail',
      value: () => {
        throw new TypeError('x is not a function')
      },
    }
    await expect(assemble([broken], [0])).rejects.toThrow('x is not a function')
  })
})

describe('pure whole-column work', () => {
  test('is done frame by frame, over the rows that are there', async () => {
    const frames: number[][] = []
    const part = await assemble(
      [
        {
          name: 'all',
          by: 'column',
          pure: true,
          frame: (rows) => {
            frames.push(rows.map(({ index }) => index))
            return Promise.resolve(rows.map(({ index }) => ({ value: `of ${index}` })))
          },
        },
      ],
      [1, 2, 9, 10, 31],
    )
    expect(frames).toEqual([[1, 2, 9], [10], [31]])
    expect(part.columns[0]).toEqual(['of 1', 'of 2', 'of 9', 'of 10', 'of 31'])
  })

  test('an answer of another length fails its frame only', async () => {
    const part = await assemble(
      [
        {
          name: 'all',
          by: 'column',
          pure: true,
          frame: (rows) =>
            Promise.resolve(rows.length === 2 ? [] : rows.map(() => ({ value: 'fine' }))),
        },
      ],
      [1, 2, 10],
    )
    expect([...part.rows]).toEqual([10])
    expect(part.failures.map(({ message }) => message)).toEqual(
      Array.from(
        { length: 2 },
        () => 'column all answered 0 cells for 2 rows; one per row is needed',
      ),
    )
  })
})

test('a pure cell that takes its time is made; one that sends requests is refused', async () => {
  const task: TestColumn = { name: 'own', by: 'cell', pure: true }
  const part = await assemble([task], [0, 1])
  expect(part.columns).toEqual([['own 0', 'own 1']])
  await expect(assemble([{ ...paid, pure: true }], [0])).rejects.toThrow(
    'column paid is declared pure and sends requests',
  )
})
