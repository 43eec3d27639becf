import { describe, expect, test } from 'vitest'
import { testGraph, type TestColumn } from '../../test/support/engine.ts'
import { toStored, type StoredValue } from '../graph/stored-value.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { type AssembleOptions, assemblePart } from './assemble.ts'
import { createEvaluator } from './evaluate.ts'
import { holdNothing } from './held-rows.ts'
import type { JournaledFailure } from './journal.ts'
import type { PartEnd } from './part-content.ts'
import type { ReadRows } from './stored-rows.ts'

interface KnownCell {
  row: number
  column: number
  value: StoredValue
}

interface Known {
  cells?: KnownCell[]
  failures?: JournaledFailure[]
}

interface Assembled extends PartEnd {
  rows: number[]
  columns: StoredValue[][]
  /** Rows of each block. */
  blocks: number[]
  /** The most bytes that were held at once. */
  mostBytes: number
}

/** A ledger that gives blocks of some rows each. */
function readFrom({ cells = [], failures = [] }: Known, blockRows: number): ReadRows {
  return async function* read(intervals) {
    for (const { start, end } of intervals) {
      for (let from = start; from < end; from += blockRows) {
        const to = Math.min(end, from + blockRows)
        const found = cells
          .filter(({ row }) => row >= from && row < to)
          .sort((one, other) => one.row - other.row || one.column - other.column)
        yield {
          end: to,
          rows: Float64Array.from(found, ({ row }) => row),
          columns: Uint32Array.from(found, ({ column }) => column),
          values: found.map(({ value }) => value),
          failures: failures.filter(({ row }) => row >= from && row < to),
          exchanges: [],
        }
      }
    }
  }
}

async function assemble(
  columns: readonly TestColumn[],
  rows: readonly number[],
  known: Known = {},
  { blockRows = 3, ...options }: Partial<AssembleOptions> & { blockRows?: number } = {},
): Promise<Assembled> {
  const { graph, generators } = testGraph(columns)
  const clock = createVirtualClock()
  const tally = { bytes: 0 }
  const part = assemblePart({
    graph,
    generators,
    evaluator: createEvaluator({ graph, onConditionError: () => undefined }),
    clock,
    rows: Float64Array.from(rows),
    read: readFrom(known, blockRows),
    hold: holdNothing,
    frameRows: 10,
    localWorkers: 4,
    signal: new AbortController().signal,
    tally,
    ...options,
  })
  const made = { rows: [] as number[], blocks: [] as number[], mostBytes: 0 }
  const values: StoredValue[][] = columns.map(() => [])
  async function collect(): Promise<void> {
    for await (const block of part.blocks) {
      made.rows.push(...block.rows)
      made.blocks.push(block.rows.length)
      made.mostBytes = Math.max(made.mostBytes, tally.bytes)
      block.columns.forEach((column, id) => values[id]?.push(...column))
      block.release()
    }
  }
  await Promise.all([collect(), clock.runUntilIdle()])
  expect(tally.bytes).toBe(0)
  return { ...made, columns: values, ...part.end() }
}

function cell(row: number, column: number, value: StoredValue): KnownCell {
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

  test('is reported once, when something paid for needed it before', async () => {
    const part = await assemble(
      [
        { ...tail, onFailure: 'null' },
        { ...paid, after: ['tail'] },
      ],
      [1],
      {
        cells: [cell(1, 1, 'answer')],
        failures: [failure(1, 0, 'null')],
      },
    )
    expect([part.failures, part.nullKept]).toEqual([[], 1])
  })

  test('a defect of a generator is not a cell failure', async () => {
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

test('a cell no one reads goes from the ledger into the part as the text it was', async () => {
  const text = '{"a":1.0,"a":  2}'
  const json: TestColumn = { ...paid, type: 'json' }
  const untouched = await assemble([json], [0], { cells: [cell(0, 0, text)] })
  expect(untouched.columns).toEqual([[text]])
  const read = await assemble(
    [json, { name: 'reads', after: ['paid'], value: (row) => String(Array.isArray(row.get(0))) }],
    [0],
    { cells: [cell(0, 0, '[1, 2]')] },
  )
  expect(read.columns).toEqual([['[1, 2]'], ['true']])
})

describe('bytes', () => {
  const rows = Array.from({ length: 60 }, (_, row) => row)
  const text = 'x'.repeat(100_000)
  const mebibyte = 2 ** 20
  // Two bytes a character: a block has the row that reaches a mebibyte, and of asynchronous cells
  // those that are made next to it.
  const oneBlock = mebibyte + 5 * 200_100

  test.each<[string, TestColumn[]]>([
    ['a row-wise column', [{ name: 'big', value: () => text }]],
    [
      'one behind small ones',
      [
        { name: 'small' },
        { name: 'big', after: ['small'], value: () => text },
        { name: 'end', after: ['big'], value: (row) => String(row.get(1) === text) },
      ],
    ],
    ['lists', [{ name: 'big', type: 'json', value: () => [text] }]],
    [
      'asynchronous cells',
      [{ name: 'big', by: 'cell', pure: true, task: () => Promise.resolve({ value: text }) }],
    ],
  ])('%s: a block and little more is held', async (_, columns) => {
    const part = await assemble(columns, rows)
    expect(part.rows).toEqual(rows)
    expect(part.blocks.length).toBeGreaterThan(6)
    // The block that is handed on is counted once, and what the window keeps next to it.
    expect(part.mostBytes).toBeLessThan(oneBlock)
  })

  test('whole-column calls get fewer rows when their values are large', async () => {
    const calls: number[] = []
    const frame: TestColumn['frame'] = (views) => {
      calls.push(views.length)
      return Promise.resolve(views.map(() => ({ value: text })))
    }
    const columns: TestColumn[] = [{ name: 'all', by: 'column', pure: true, frame }]
    const part = await assemble(columns, rows, {}, { frameRows: 1_000 })
    expect(part.rows).toEqual(rows)
    expect(calls.slice(0, 3)).toEqual([16, 5, 5])
  })

  test('cells of the ledger are held a block at a time', async () => {
    const cells = rows.map((row) => cell(row, 0, text))
    const part = await assemble([paid], rows, { cells }, { blockRows: 5 })
    expect(part.columns).toEqual([rows.map(() => text)])
    expect(part.mostBytes).toBeLessThan(oneBlock)
  })

  test('however rows are cut, the records are the same', async () => {
    const columns: TestColumn[] = [
      paid,
      { name: 'tail', after: ['paid'], value: (row) => [row.get(0), '!'], type: 'json' },
    ]
    const cells = rows.map((row) => cell(row, 0, toStored('string', `paid ${row}`)))
    const [one, other] = [
      await assemble(columns, rows, { cells }, { blockRows: 1 }),
      await assemble(columns, rows, { cells }, { blockRows: 60 }),
    ]
    expect(one.columns).toEqual(other.columns)
    expect(other.blocks).toEqual([60])
  })
})

describe('pure asynchronous cells', () => {
  const rows = Array.from({ length: 12 }, (_, row) => row)

  test('several at once, as many as local workers', async () => {
    let atOnce = 0
    let most = 0
    const clock = createVirtualClock()
    const task: TestColumn['task'] = async ({ index }) => {
      atOnce += 1
      most = Math.max(most, atOnce)
      await new Promise<void>((resolve) => clock.after(10, resolve))
      atOnce -= 1
      return { value: `made ${index}` }
    }
    const running = assemble(
      [{ name: 'own', by: 'cell', pure: true, task }],
      rows,
      {},
      {
        clock,
        localWorkers: 3,
      },
    )
    await clock.runUntilIdle()
    const part = await running
    expect(part.columns).toEqual([rows.map((row) => `made ${row}`)])
    expect(most).toBe(3)
    // Four rounds of three.
    expect(clock.now()).toBe(40)
  })

  test.each(['heeds', 'does not heed'])('an abort ends one that %s its signal', async (how) => {
    const controller = new AbortController()
    const task: TestColumn['task'] = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        if (how === 'heeds') signal.addEventListener('abort', () => reject(new Error('stopped')))
      })
    const columns: TestColumn[] = [{ name: 'own', by: 'cell', pure: true, task }]
    const running = assemble(columns, rows, {}, { signal: controller.signal })
    const reason = new Error('the run was interrupted')
    setImmediate(() => controller.abort(reason))
    await expect(running).rejects.toBe(reason)
  })
})
