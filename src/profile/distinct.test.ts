import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDistinct, type Distinct, type StoredDistinct } from './distinct.ts'
import { hashNumber, hashText } from './hash.ts'

const exactDistinct = 16_384

function distinctOf(values: Iterable<string>, exactValues = exactDistinct): Distinct {
  const distinct = createDistinct(exactValues)
  for (const value of values) distinct.add(hashText(value))
  return distinct
}

function* names(from: number, to: number): Generator<string> {
  for (let number = from; number < to; number += 1) yield `value ${number}`
}

test('up to the bound every value is counted, each once', () => {
  const distinct = distinctOf(names(0, exactDistinct))
  for (const value of names(0, 100)) distinct.add(hashText(value))
  expect(distinct.count()).toEqual({ count: exactDistinct, exact: true })
})

test.each([20_000, 100_000, 500_000])('%d values are counted within 5 %', (count) => {
  const found = distinctOf(names(0, count)).count()
  expect(found.exact).toBe(false)
  // Twice the standard error of 2.3 %; the hashes are fixed, so this is no chance.
  expect(Math.abs(found.count - count) / count).toBeLessThan(0.05)
})

test.each([300, 2_000, 9_000])('registers alone count %d values within 5 %', (count) => {
  const merged = createDistinct(exactDistinct)
  merged.merge(distinctOf(names(0, count), 0).store())
  expect(merged.count().exact).toBe(false)
  expect(Math.abs(merged.count().count - count) / count).toBeLessThan(0.05)
})

test('what is merged counts like what was added at once, in any order and form', () => {
  const ranges = [
    [0, 5_000],
    [2_500, 9_000],
    [0, 30_000],
    [29_000, 40_000],
  ] as const
  const whole = distinctOf(ranges.flatMap(([from, to]) => [...names(from, to)]))
  const parts = ranges.map(([from, to], at) => distinctOf(names(from, to), at * 5_000).store())
  const merge = (stored: readonly StoredDistinct[]): Distinct => {
    const merged = createDistinct(exactDistinct)
    for (const part of stored) merged.merge(JSON.parse(JSON.stringify(part)) as StoredDistinct)
    return merged
  }
  expect(merge(parts).count()).toEqual(whole.count())
  expect(merge(parts.toReversed()).store()).toEqual(merge(parts).store())
})

test('different texts and numbers have different hashes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 200 }), (texts) => {
      expect(new Set(texts.map(hashText)).size).toBe(texts.length)
    }),
  )
  const numbers = Array.from({ length: 200_000 }, (_, at) => at / 8 - 1_000)
  expect(new Set(numbers.map(hashNumber)).size).toBe(numbers.length)
  expect(hashNumber(-0)).toBe(hashNumber(0))
  expect(hashNumber(Number.NaN)).not.toBe(hashNumber(0))
})
