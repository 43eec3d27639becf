import { describe, expect, test } from 'vitest'
import type { Interval } from './interval.ts'
import { offsetOf, rowAt } from './group.ts'
import { createPlan, groupsOf } from './plan.ts'
import { RowSet } from './row-set.ts'

/**
 * Row-group plans of NeMo Data Designer, as its own modules answered: original target, target,
 * buffer size, completed group ids → scheduled groups as (id, size, first row).
 */
interface Vector {
  original: number
  target: number
  buffer: number
  completed: number[]
  scheduled: [id: number, size: number, offset: number][]
}

const vectors: Vector[] = [
  { original: 0, target: 0, buffer: 0, completed: [], scheduled: [] },
  {
    original: 5,
    target: 5,
    buffer: 2,
    completed: [],
    scheduled: [
      [0, 2, 0],
      [1, 2, 2],
      [2, 1, 4],
    ],
  },
  {
    original: 5,
    target: 8,
    buffer: 2,
    completed: [],
    scheduled: [
      [0, 2, 0],
      [1, 2, 2],
      [2, 1, 4],
      [3, 2, 5],
      [4, 1, 7],
    ],
  },
  {
    original: 5,
    target: 8,
    buffer: 2,
    completed: [1, 3],
    scheduled: [
      [0, 2, 0],
      [2, 1, 4],
      [4, 1, 7],
    ],
  },
  {
    original: 5,
    target: 8,
    buffer: 2,
    completed: [0, 1, 2],
    scheduled: [
      [3, 2, 5],
      [4, 1, 7],
    ],
  },
  { original: 5, target: 8, buffer: 2, completed: [0, 1, 2, 4], scheduled: [[3, 2, 5]] },
  { original: 4, target: 5, buffer: 2, completed: [0, 1], scheduled: [[2, 1, 4]] },
  { original: 6, target: 6, buffer: 3, completed: [-1, 99, 0], scheduled: [[1, 3, 3]] },
  { original: 5, target: 8, buffer: 2, completed: [0, 1, 2, 3, 4], scheduled: [] },
  // The edge cases of the same modules.
  { original: 1, target: 1, buffer: 1000, completed: [], scheduled: [[0, 1, 0]] },
  {
    original: 2000,
    target: 2000,
    buffer: 1000,
    completed: [],
    scheduled: [
      [0, 1000, 0],
      [1, 1000, 1000],
    ],
  },
  {
    original: 2500,
    target: 4000,
    buffer: 1000,
    completed: [],
    scheduled: [
      [0, 1000, 0],
      [1, 1000, 1000],
      [2, 500, 2000],
      [3, 1000, 2500],
      [4, 500, 3500],
    ],
  },
]

/** The rows a group id stood for: extension groups start where the original target ended. */
function rowsOfGroup(id: number, { original, target, buffer }: Vector): Interval | null {
  const originals = buffer === 0 ? 0 : Math.ceil(original / buffer)
  const extensions = buffer === 0 ? 0 : Math.ceil((target - original) / buffer)
  if (id < 0 || id >= originals + extensions) return null
  const extended = id >= originals
  const start = extended ? original + (id - originals) * buffer : id * buffer
  return { start, end: Math.min(start + buffer, extended ? target : original) }
}

function planOf(vector: Vector) {
  const decided = vector.completed
    .map((id) => rowsOfGroup(id, vector))
    .filter((interval) => interval !== null)
  return createPlan({
    target: vector.target,
    storedTarget: vector.original,
    decided: RowSet.fromIntervals(decided),
    groupRows: vector.buffer,
    frameRows: vector.buffer,
    partRows: vector.buffer * 4,
  })
}

describe.each(vectors)(
  'original $original, target $target, buffer $buffer, completed $completed',
  (vector) => {
    test('the same rows remain, at the same places', () => {
      const plan = planOf(vector)
      const groups = [...groupsOf(plan)]
      const expected = vector.scheduled.flatMap(([, size, offset]) =>
        Array.from({ length: size }, (_, i) => offset + i),
      )
      const rows = groups.flatMap((group) =>
        Array.from({ length: group.size }, (_, offset) => rowAt(group, offset)),
      )
      expect(rows).toEqual(expected)
      expect(plan.remaining).toBe(expected.length)
      expect(groups.every((group) => group.size <= vector.buffer)).toBe(true)
      expect(groups.every((group) => offsetOf(group, group.end - 1) === group.size - 1)).toBe(true)
    })
  },
)

test.each([
  ['a negative original target', -1, 5, 2],
  ['a negative target', 0, -1, 2],
  ['a target below the original one', 5, 4, 2],
  ['no buffer with rows', 5, 5, 0],
  ['a negative buffer with rows', 5, 5, -2],
])('the same refusal: %s', (_, original, target, buffer) => {
  const vector = { original, target, buffer, completed: [], scheduled: [] }
  expect(() => planOf(vector)).toThrow(/^expected /)
})

test('a second extension of an unaligned first one keeps every row', () => {
  // NeMo Data Designer loses row 6 here: it keeps no group boundaries of the first extension.
  const plan = createPlan({
    target: 8,
    storedTarget: 6,
    decided: RowSet.fromIntervals([{ start: 0, end: 6 }]),
    groupRows: 2,
    frameRows: 2,
    partRows: 8,
  })
  expect([...groupsOf(plan)].map(({ start, end }) => [start, end])).toEqual([[6, 8]])
})
