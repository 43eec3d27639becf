import { expect, test } from 'vitest'
import type { Random } from '../random/random.ts'
import { sampledParameter } from './sampled-parameter.ts'

/** A stream whose draw in row n is n / 1000. */
function gridRandom(): Random {
  let row = 0
  const random: Random = {
    at(next) {
      row = next
      return random
    },
    uniform: () => row / 1000,
    bits: () => row,
    below: () => row,
    normal: () => row,
  }
  return random
}

const rows = Array.from({ length: 1000 }, (_, row) => row)

test('a fixed or missing parameter is left to the model', () => {
  expect(sampledParameter(0.7, gridRandom())(3)).toBeUndefined()
  expect(sampledParameter(null, gridRandom())(3)).toBeUndefined()
})

test('uniform covers [low, high) evenly', () => {
  const sampled = { distribution_type: 'uniform', params: { low: 0.2, high: 0.8 } } as const
  const draw = sampledParameter(sampled, gridRandom())
  expect(draw(0)).toBe(0.2)
  expect(draw(500)).toBeCloseTo(0.5)
  expect(Math.max(...rows.map((row) => draw(row) ?? NaN))).toBeLessThan(0.8)
})

test('manual takes values by weight, evenly without', () => {
  function counts(weights: number[] | null): number[] {
    const values = [0.1, 0.5, 1]
    const draw = sampledParameter(
      { distribution_type: 'manual', params: { values, weights } },
      gridRandom(),
    )
    const drawn = rows.map(draw)
    return values.map((value) => drawn.filter((one) => one === value).length)
  }
  expect(counts([1, 2, 1])).toEqual([250, 500, 250])
  expect(counts([0, 1, 0])).toEqual([0, 1000, 0])
  expect(counts(null)).toEqual([334, 333, 333])
})

test('the draw depends on the row only', () => {
  const sampled = { distribution_type: 'uniform', params: { low: 0, high: 1 } } as const
  const draw = sampledParameter(sampled, gridRandom())
  const forwards = rows.map((row) => draw(row))
  expect(rows.toReversed().map((row) => draw(row))).toEqual(forwards.toReversed())
})
