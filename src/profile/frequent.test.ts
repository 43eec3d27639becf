import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrequent, keptValues, type Frequent, type StoredFrequent } from './frequent.ts'
import { hashText } from './hash.ts'

function frequentOf(values: Iterable<string>): Frequent {
  const frequent = createFrequent()
  for (const value of values) frequent.addAll(Float64Array.of(hashText(value)), [value])
  return frequent
}

test('few values are all there, with exact counts, most frequent first', () => {
  const { error, values } = frequentOf(['b', 'a', 'b', 'c', 'b', 'c']).store()
  expect(error).toBe(0)
  expect(values.map(([value, count]) => [value, count])).toEqual([
    ['b', 3],
    ['c', 2],
    ['a', 1],
  ])
})

test('a value that stands out among many is found, and values that come once are not kept', () => {
  const frequent = createFrequent()
  for (let at = 0; at < 50_000; at += 1) {
    const value = at % 10 === 0 ? 'often' : `once ${at}`
    frequent.addAll(Float64Array.of(hashText(value)), [value])
  }
  const { error, values } = frequent.store()
  expect(values).toHaveLength(1)
  const [[value, count]] = values as [[string, number, number]]
  expect(value).toBe('often')
  expect(count).toBeLessThanOrEqual(5_000)
  expect(count + error).toBeGreaterThanOrEqual(5_000)
})

test('counts are never too large, and too small by at most the error, however they are merged', () => {
  const lists = fc.array(fc.array(fc.nat({ max: 1_500 }), { maxLength: 3_000 }), {
    minLength: 1,
    maxLength: 4,
  })
  fc.assert(
    fc.property(lists, (parts) => {
      const exact = new Map<string, number>()
      for (const number of parts.flat()) {
        // Small numbers come often.
        const value = String(Math.floor(number ** 2 / 1_500))
        exact.set(value, (exact.get(value) ?? 0) + 1)
      }
      const merged = createFrequent()
      for (const part of parts) {
        const values = part.map((number) => String(Math.floor(number ** 2 / 1_500)))
        const stored = JSON.stringify(frequentOf(values).store())
        merged.merge(JSON.parse(stored) as StoredFrequent)
      }
      const { error, values } = merged.store()
      expect(values.length).toBeLessThanOrEqual(keptValues)
      const kept = new Map(values.map(([value, count]) => [String(value), count]))
      for (const [value, count] of exact) {
        const found = kept.get(value) ?? 0
        expect(found).toBeLessThanOrEqual(count)
        expect(found).toBeGreaterThanOrEqual(count - error)
      }
    }),
    { numRuns: 30 },
  )
})

test('long texts are cut and stay different; integers beyond 2^53 are texts', () => {
  const long = 'x'.repeat(200)
  const frequent = createFrequent()
  for (const text of [`${long}1`, `${long}2`, `${long}2`])
    frequent.addAll(Float64Array.of(hashText(text)), [text])
  frequent.addAll(Float64Array.of(1), [2n ** 60n])
  const { values } = frequent.store()
  expect(values.map(([value, count]) => [String(value).length, count])).toEqual(
    [
      [120, 2],
      [String(2n ** 60n).length, 1],
      [120, 1],
    ].toSorted((a, b) => (b[1] as number) - (a[1] as number)),
  )
})

function addedAtOnce(values: readonly string[]): StoredFrequent {
  const frequent = createFrequent()
  frequent.addAll(Float64Array.from(values, hashText), values)
  return frequent.store()
}

test('few values that come at once are all counted', () => {
  const values = Array.from({ length: 20_000 }, (_, at) => `value ${at % 200}`)
  expect(addedAtOnce(values)).toStrictEqual(frequentOf(values).store())
})

test('of many that come at once only those that stand out are kept, and the error covers the others', () => {
  const values = Array.from({ length: 32_768 }, (_, at) => (at % 90 === 0 ? 'often' : `once ${at}`))
  const { error, values: kept } = addedAtOnce(values)
  const often = kept.find(([value]) => value === 'often')
  expect(often?.[1]).toBeLessThanOrEqual(365)
  expect((often?.[1] ?? 0) + error).toBeGreaterThanOrEqual(365)
  expect(error).toBeGreaterThan(0)
  // As if each was added: a value that is a hundredth of all of them stands out.
  expect(error).toBeLessThan(frequentOf(values).store().error + 1)
})
