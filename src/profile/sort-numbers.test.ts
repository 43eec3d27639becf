import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortNumbers } from './sort-numbers.ts'

const number = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.integer({ min: -1_000, max: 1_000 }),
  // Equal in their upper 32 bits.
  fc.integer({ min: 0, max: 1_000 }).map((step) => 1 + step * 2 ** -52),
  fc.integer({ min: 0, max: 1_000 }).map((step) => -1 - step * 2 ** -52),
)

test('numbers are sorted as by the sort of the language', () => {
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 1, maxLength: 1_000, size: 'max' }),
      fc.integer({ min: 1, max: 16 }),
      (some, times) => {
        const values = Float64Array.from(
          { length: Math.min(5_000, some.length * times) },
          (_, at) => (some[at % some.length] as number) + 0,
        )
        const expected = values.toSorted()
        sortNumbers(values)
        expect(values).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test.each([255, 256, 4_096, 4_097])('%i numbers of one upper half in descending order', (size) => {
  const values = Float64Array.from({ length: size }, (_, at) => 1 + (size - at) * 2 ** -52)
  const expected = values.toSorted()
  sortNumbers(values)
  expect(values).toEqual(expected)
})

test('a view into a longer array is sorted alone', () => {
  const all = Float64Array.from({ length: 1_000 }, (_, at) => -at)
  sortNumbers(all.subarray(100, 500))
  expect(all[99]).toBe(-99)
  expect(all[100]).toBe(-499)
  expect(all[499]).toBe(-100)
  expect(all[500]).toBe(-500)
})
