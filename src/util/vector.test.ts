import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Double } from './value.ts'
import { vectorNumbers, withoutVector } from './vector.ts'

test('numbers of a vector have the digits it takes to read the same 32 bits again', () => {
  const vector = Float32Array.of(0.1, 1 / 3, -2.5, 16_777_217, 1e-45)
  expect(vectorNumbers(vector)).toEqual([
    0.1,
    0.33333334,
    -2.5,
    new Double(16_777_216),
    1.401298e-45,
  ])
  const check = fc.property(fc.float32Array({ noNaN: true }), (numbers) => {
    const back = vectorNumbers(numbers).map((item) => (item instanceof Double ? item.value : item))
    expect(Float32Array.from(back as number[])).toEqual(numbers)
  })
  fc.assert(check, { numRuns: 300 })
})

test('whatever is not a vector stays what it is', () => {
  for (const value of [null, 'text', 3, true, [1]]) expect(withoutVector(value)).toBe(value)
})
