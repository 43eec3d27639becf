import { expect, test } from 'vitest'
import { countValues } from './value-counts.ts'

test('values are counted in the order they first come, an integer once in both its forms', () => {
  expect(countValues([3, null, 3n, 2 ** 53, 2n ** 53n, 3])).toStrictEqual({
    values: [3, 2 ** 53, 2n ** 53n],
    times: [3, 1, 1],
    positions: Int32Array.of(0, -1, 0, 1, 2, 0),
    nulls: 1,
  })
})

test('where most bytes are of different values, nothing is counted', () => {
  const different = Array.from({ length: 5_000 }, (_, at) => `text ${at}`)
  expect(countValues(different)).toBeNull()
  expect(countValues([null, null])).toBeNull()
  expect(countValues([])).toBeNull()
  expect(countValues(different.map((_, at) => at % 3))?.times).toEqual([1_667, 1_667, 1_666])
})
