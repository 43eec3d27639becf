import { expect, test } from 'vitest'
import {
  frameBounds,
  frameOf,
  partBounds,
  partCount,
  partOf,
  partRowsFor,
  plannedRows,
} from './part.ts'

test('a part is the smallest multiple of the frame of at least 4,096 rows', () => {
  const cases = [1, 2, 1000, 4095, 4096, 4097, 10_000].map((rows) => [rows, partRowsFor(rows)])
  expect(cases).toEqual([
    [1, 4096],
    [2, 4096],
    [1000, 5000],
    [4095, 8190],
    [4096, 4096],
    [4097, 4097],
    [10_000, 10_000],
  ])
})

test('rows, parts and frames translate into each other at the edges', () => {
  expect([0, 4999, 5000, 9999].map((row) => partOf(row, 5000))).toEqual([0, 0, 1, 1])
  expect([0, 999, 1000].map((row) => frameOf(row, 1000))).toEqual([0, 0, 1])
  expect(partBounds(1, 5000, 1_000_000)).toEqual({ start: 5000, end: 10_000 })
  expect(frameBounds(3, 1000, 3500)).toEqual({ start: 3000, end: 3500 })
})

test('the last part is as long as the target says', () => {
  expect([0, 1, 2, 3].map((part) => plannedRows(part, 5000, 12_000))).toEqual([5000, 5000, 2000, 0])
  expect([0, 1, 5000, 5001].map((target) => partCount(5000, target))).toEqual([0, 1, 1, 2])
})

test('the last rows of 53 bits are in the right part', () => {
  const last = Number.MAX_SAFE_INTEGER
  for (const size of [1, 2, 3, 4096, 5000, 2 ** 52, last]) {
    expect(BigInt(partOf(last, size))).toBe(BigInt(last) / BigInt(size))
    expect(BigInt(partOf(last - 1, size))).toBe(BigInt(last - 1) / BigInt(size))
  }
})
