import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeedOrder } from './seed-order.ts'
import { seedPosition, selectRows, type Selection } from './selection.ts'

function select(strategy: Parameters<typeof selectRows>[0], size: number): Selection {
  const selection = selectRows(strategy, size)
  if ('code' in selection) throw new Error(selection.message)
  return selection
}

function firstRows(selection: Selection, count: number): number[] {
  return Array.from({ length: count }, (_, row) => createSeedOrder('ordered', selection, 1n)(row))
}

test('a run longer than the seed starts again at its first row', () => {
  expect(firstRows(select(null, 10), 13)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
})

test('an index range includes both ends and repeats', () => {
  expect(firstRows(select({ start: 3, end: 5 }, 10), 7)).toEqual([3, 4, 5, 3, 4, 5, 3])
})

test('groups continue where rows before them end', () => {
  const order = createSeedOrder('ordered', select({ start: 2, end: 7 }, 10), 1n)
  const groups = [0, 4, 8, 12].map((first) => [0, 1, 2, 3].map((at) => order(first + at)))
  expect(groups).toEqual([
    [2, 3, 4, 5],
    [6, 7, 2, 3],
    [4, 5, 6, 7],
    [2, 3, 4, 5],
  ])
})

test('the last partition takes what is left over', () => {
  const partitions = [0, 1, 2].map((index) => select({ index, num_partitions: 3 }, 10))
  expect(partitions).toEqual([
    { start: 0, size: 3 },
    { start: 3, size: 3 },
    { start: 6, size: 4 },
  ])
})

test('partitions cover a seed without overlap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1 }), (size, share) => {
      const count = Math.max(1, Math.round(size * (Number.isNaN(share) ? 0 : share)))
      let next = 0
      for (let index = 0; index < count; index++) {
        const part = select({ index, num_partitions: count }, size)
        expect(part.start).toBe(next)
        expect(part.size).toBeGreaterThan(0)
        next += part.size
      }
      expect(next).toBe(size)
    }),
  )
})

test('cycle and position give the row back, up to the last row there can be', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger().map(Math.abs),
      fc.integer({ min: 1, max: 2 ** 40 }),
      (row, size) => {
        const { cycle, position } = seedPosition({ start: 0, size }, row)
        expect(BigInt(cycle) * BigInt(size) + BigInt(position)).toBe(BigInt(row))
        expect(position).toBeLessThan(size)
      },
    ),
  )
})

test.each([
  [{ start: 0, end: 10 }, 'The seed has 10 rows, so rows 0 to 10 cannot be selected'],
  [{ start: 5, end: 4 }, 'The seed has 10 rows, so rows 5 to 4 cannot be selected'],
  [{ index: 3, num_partitions: 3 }, 'The seed has 10 rows, so partition 3 of 3 cannot be selected'],
  [
    { index: 0, num_partitions: 11 },
    'The seed has 10 rows, so partition 0 of 11 cannot be selected',
  ],
])('a selection outside of the seed is a problem: %j', (strategy, message) => {
  expect(selectRows(strategy, 10)).toMatchObject({
    level: 'error',
    code: 'selection-out-of-range',
    path: ['seed_config', 'selection_strategy'],
    message,
  })
})

test('shuffle uses up the selection in every cycle, in another order each', () => {
  const selection = { start: 100, size: 50 }
  const order = createSeedOrder('shuffle', selection, 7n)
  const cycles = [0, 1, 2].map((cycle) =>
    Array.from({ length: 50 }, (_, at) => order(cycle * 50 + at)),
  )
  const stored = Array.from({ length: 50 }, (_, at) => 100 + at)
  for (const cycle of cycles) expect(cycle.toSorted((a, b) => a - b)).toEqual(stored)
  expect(new Set(cycles.map(String)).size).toBe(3)
  expect(cycles[0]).not.toEqual(stored)
})

test('a shuffled row does not depend on the rows asked for before it', () => {
  const selection = { start: 0, size: 1000 }
  const forwards = createSeedOrder('shuffle', selection, 7n)
  const backwards = createSeedOrder('shuffle', selection, 7n)
  const rows = Array.from({ length: 9000 }, (_, row) => row)
  const expected = rows.map(forwards)
  expect(rows.toReversed().map(backwards).toReversed()).toEqual(expected)
  expect(rows.map(createSeedOrder('shuffle', selection, 8n))).not.toEqual(expected)
})
