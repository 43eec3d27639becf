import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { processorMs } from '../../test/support/processor-time.ts'
import type { Interval } from './interval.ts'
import { RowSet } from './row-set.ts'

const universe = 48
const rows = fc.array(fc.nat(universe - 1), { maxLength: 40 })
const interval = fc
  .tuple(fc.nat(universe), fc.nat(universe))
  .map(([a, b]): Interval => ({ start: Math.min(a, b), end: Math.max(a, b) }))
const intervals = fc.array(interval, { maxLength: 8 })

function members(set: RowSet): number[] {
  return Array.from({ length: universe + 2 }, (_, row) => row).filter((row) => set.has(row))
}

function naive(list: readonly Interval[]): Set<number> {
  const set = new Set<number>()
  for (const { start, end } of list) for (let row = start; row < end; row += 1) set.add(row)
  return set
}

function sorted(set: Iterable<number>): number[] {
  return [...set].toSorted((a, b) => a - b)
}

/** The representation itself: sorted, never empty, never touching; count and end agree with it. */
function expectCanonical(set: RowSet): void {
  const list = [...set.intervals()]
  let before = -1
  let count = 0
  for (const { start, end } of list) {
    expect(start).toBeGreaterThan(before)
    expect(end).toBeGreaterThan(start)
    before = end
    count += end - start
  }
  expect(set.count).toBe(count)
  expect(set.isEmpty).toBe(count === 0)
  expect(set.end).toBe(list.at(-1)?.end ?? 0)
  expect(set.intervalCount).toBe(list.length)
}

describe('against a plain Set', () => {
  test('fromRows holds exactly the rows', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const set = RowSet.fromRows(list)
        expectCanonical(set)
        expect(members(set)).toEqual(sorted(new Set(list)))
        expect(members(RowSet.fromRows(Float64Array.from(list)))).toEqual(members(set))
      }),
    )
  })

  test('fromIntervals takes any order, overlaps, touching and empty ones', () => {
    fc.assert(
      fc.property(intervals, (list) => {
        const set = RowSet.fromIntervals(list)
        expectCanonical(set)
        expect(members(set)).toEqual(sorted(naive(list)))
        expect([...RowSet.fromIntervals(set.intervals()).intervals()]).toEqual([...set.intervals()])
      }),
    )
  })

  test('complement, union, subtract and intersect', () => {
    fc.assert(
      fc.property(intervals, intervals, interval, (a, b, { start, end }) => {
        const [one, other] = [RowSet.fromIntervals(a), RowSet.fromIntervals(b)]
        const [naiveOne, naiveOther] = [naive(a), naive(b)]
        const all = naive([{ start: 0, end }])
        const cases: [RowSet, Set<number>][] = [
          [one.complement(end), all.difference(naiveOne)],
          [one.union(other), naiveOne.union(naiveOther)],
          [one.subtract(other), naiveOne.difference(naiveOther)],
          [one.intersect(start, end), naiveOne.intersection(naive([{ start, end }]))],
        ]
        for (const [set, expected] of cases) {
          expectCanonical(set)
          expect(members(set)).toEqual(sorted(expected))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('positionOf finds the interval that holds a row, or the next one', () => {
    fc.assert(
      fc.property(intervals, fc.nat(universe), (list, row) => {
        const set = RowSet.fromIntervals(list)
        const position = [...set.intervals()].findIndex(({ end }) => end > row)
        expect(set.positionOf(row)).toBe(position === -1 ? set.intervalCount : position)
      }),
    )
  })
})

test('asks beyond the last interval are answered with infinity', () => {
  const set = RowSet.fromRows([3])
  expect([set.startOf(0), set.endOf(0)]).toEqual([3, 4])
  expect([set.startOf(1), set.endOf(1)]).toEqual([Infinity, Infinity])
})

test('a set of all 53-bit rows is one interval', () => {
  const all = RowSet.fromIntervals([{ start: 0, end: Number.MAX_SAFE_INTEGER }])
  expect(all.count).toBe(Number.MAX_SAFE_INTEGER)
  expect(all.has(Number.MAX_SAFE_INTEGER - 1)).toBe(true)
  expect(all.has(Number.MAX_SAFE_INTEGER)).toBe(false)
})

test.each([
  ['a negative row', () => RowSet.fromRows([1, -1])],
  ['half a row', () => RowSet.fromRows([0.5])],
  ['no number', () => RowSet.fromRows([NaN])],
  ['an unsafe row', () => RowSet.fromRows([2 ** 53])],
  ['a reversed interval', () => RowSet.fromIntervals([{ start: 2, end: 1 }])],
  ['a negative interval', () => RowSet.fromIntervals([{ start: -2, end: 1 }])],
  ['an infinite interval', () => RowSet.fromIntervals([{ start: 0, end: Infinity }])],
  ['a complement up to half a row', () => RowSet.empty.complement(1.5)],
])('refuses %s', (_, make) => {
  expect(make).toThrow(RangeError)
})

test('a million shuffled rows are bulk work', () => {
  const count = 1_000_000
  const shuffled = new Float64Array(count)
  // 7 and 2·10^6 have no common factor, so this is a permutation of the even rows.
  for (let i = 0; i < count; i += 1) shuffled[i] = (i * 14) % (2 * count)
  let set = RowSet.empty
  const took = processorMs(() => {
    set = RowSet.fromRows(shuffled)
  })
  expect(took).toBeLessThan(2000)
  expect(set.count).toBe(count)
  expect(set.intervalCount).toBe(count)
  expect(set.has(14)).toBe(true)
  expect(set.has(15)).toBe(false)
})
