import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Group } from './group.ts'
import { offsetOf, rowAt } from './group.ts'
import { createPlan, groupsOf, type PlanOptions } from './plan.ts'
import { RowSet } from './row-set.ts'

const settings = { groupRows: 2, frameRows: 4, partRows: 8 }

function rowsOf(group: Group): number[] {
  return Array.from({ length: group.size }, (_, offset) => rowAt(group, offset))
}

function plan(target: number, decided: readonly number[], options: Partial<PlanOptions> = {}) {
  return createPlan({ ...settings, target, decided: RowSet.fromRows(decided), ...options })
}

describe('groups', () => {
  test('of a fresh run are consecutive and cut at parts and at the target', () => {
    const groups = [...groupsOf(plan(11, [], { groupRows: 3 }))]
    expect(groups.map(rowsOf)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
      [8, 9, 10],
    ])
    expect(groups.map(({ part, frame }) => [part, frame])).toEqual([
      [0, 0],
      [0, 0],
      [0, 1],
      [1, 2],
    ])
    expect(groups.every(({ pieces }) => pieces === null)).toBe(true)
  })

  test('with whole frames are cut at frames too', () => {
    const groups = [...groupsOf(plan(11, [], { groupRows: 3 }), { wholeFrames: true })]
    expect(groups.map(rowsOf)).toEqual([[0, 1, 2], [3], [4, 5, 6], [7], [8, 9, 10]])
    expect(groups.map(({ frame }) => frame)).toEqual([0, 0, 1, 1, 2])
  })

  test('skip decided rows and keep their rows absolute', () => {
    const groups = [...groupsOf(plan(12, [1, 2, 5, 8, 9], { groupRows: 4 }))]
    expect(groups.map(rowsOf)).toEqual([[0, 3, 4, 6], [7], [10, 11]])
    expect(groups[0]).toMatchObject({ start: 0, end: 7, size: 4, part: 0 })
  })

  test('continue from a row', () => {
    expect([...groupsOf(plan(12, [6], {}), { from: 5 })].map(rowsOf)).toEqual([
      [5, 7],
      [8, 9],
      [10, 11],
    ])
  })

  test('are none when nothing remains', () => {
    expect([...groupsOf(plan(4, [0, 1, 2, 3]))]).toEqual([])
    expect(groupsOf(plan(0, [])).next()).toBeNull()
  })

  test('cover exactly the remaining rows, in order, within size, part and frame', () => {
    const options = fc.record({
      target: fc.nat(60),
      decided: fc.array(fc.nat(59), { maxLength: 60 }),
      groupRows: fc.integer({ min: 1, max: 12 }),
      frameRows: fc.integer({ min: 1, max: 6 }),
      framesPerPart: fc.integer({ min: 1, max: 4 }),
      from: fc.nat(20),
      wholeFrames: fc.boolean(),
    })
    fc.assert(
      fc.property(
        options,
        ({ target, decided, groupRows, frameRows, framesPerPart, from, wholeFrames }) => {
          const partRows = frameRows * framesPerPart
          const done = new Set(decided.filter((row) => row < target))
          const made = plan(target, [...done], { groupRows, frameRows, partRows })
          const groups = [...groupsOf(made, { from, wholeFrames })]
          const expected = Array.from({ length: target }, (_, row) => row).filter(
            (row) => row >= from && !done.has(row),
          )
          expect(groups.flatMap(rowsOf)).toEqual(expected)
          expect(made.remaining).toBe(target - done.size)
          groups.forEach((group, index) => {
            const own = rowsOf(group)
            expect([group.start, group.end]).toEqual([own[0], (own.at(-1) ?? NaN) + 1])
            expect(group.size).toBeLessThanOrEqual(groupRows)
            expect(new Set(own.map((row) => Math.floor(row / partRows)))).toEqual(
              new Set([group.part]),
            )
            const frames = new Set(own.map((row) => Math.floor(row / frameRows)))
            expect(frames.has(group.frame)).toBe(true)
            expect(frames.size === 1 || !wholeFrames).toBe(true)
            expect(group.pieces === null).toBe(group.end - group.start === group.size)
            for (let row = group.start - 1; row <= group.end; row += 1) {
              expect(offsetOf(group, row)).toBe(own.indexOf(row))
            }
            // A group that is not full ends because its part or frame does.
            const cell = wholeFrames ? frameRows : partRows
            const next = groups[index + 1]?.start ?? Infinity
            expect(
              group.size === groupRows || Math.floor(next / cell) > Math.floor(group.start / cell),
            ).toBe(true)
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('rowAt refuses an offset outside the group', () => {
    const group = groupsOf(plan(4, [])).next()
    expect(group).not.toBeNull()
    if (group === null) return
    for (const offset of [-1, 2, NaN]) expect(() => rowAt(group, offset)).toThrow(RangeError)
  })
})

describe('refusals', () => {
  test.each<[string, Partial<PlanOptions>]>([
    ['a negative target', { target: -1 }],
    ['half a target', { target: 1.5 }],
    ['a target over 53 bits', { target: 2 ** 53 }],
    ['groups of no row', { groupRows: 0 }],
    ['groups of a negative size', { groupRows: -2 }],
    ['groups of half a row', { groupRows: 0.5 }],
    ['frames of no row', { frameRows: 0 }],
    ['parts of no row', { partRows: 0 }],
    ['parts that cut frames', { partRows: 10 }],
    ['a negative stored target', { storedTarget: -1 }],
  ])('%s', (_, options) => {
    expect(() => plan(10, [], options)).toThrow(RangeError)
  })

  test('a target below the stored one or below a decided row names both numbers', () => {
    const cases: [() => unknown, string][] = [
      [
        () => plan(4, [], { storedTarget: 5 }),
        'expected a target of at least the 5 rows planned so far, got 4',
      ],
      [
        () => plan(4, [6]),
        'expected a target above every decided row, got 4 while row 6 is decided',
      ],
    ]
    for (const [make, message] of cases) {
      expect(make).toThrow(expect.objectContaining({ code: 'target-too-small', message }))
    }
  })

  test('no rows need no sizes', () => {
    const none = plan(0, [], { groupRows: 0, frameRows: 0, partRows: 0 })
    expect(none.remaining).toBe(0)
    expect([...groupsOf(none)]).toEqual([])
  })
})

test('the number of groups costs nothing until they are asked for', () => {
  const huge = createPlan({
    target: 2_000_000_000_000,
    decided: RowSet.fromRows([1, 1_999_999_999_998]),
    groupRows: 2,
    frameRows: 2,
    partRows: 4096,
  })
  expect(huge.remaining).toBe(1_999_999_999_998)
  const cursor = groupsOf(huge)
  expect(cursor.next()).toMatchObject({ start: 0, end: 3, size: 2 })
  const last = [...groupsOf(huge, { from: 1_999_999_999_996 })]
  expect(last.map(rowsOf)).toEqual([[1_999_999_999_996, 1_999_999_999_997], [1_999_999_999_999]])
})
