import { expect, test } from 'vitest'
import { createRandom } from '../../random/random.ts'
import { binomialCounts, poissonCounts } from './counts.ts'
import { drawFrom } from './draw-frozen.ts'
import type { Frozen } from './frozen.ts'

const rows = 40_000

function draws(frozen: Frozen): number[] {
  const random = createRandom(5n, 'counts')
  const draw = drawFrom(frozen)
  return Array.from({ length: rows }, (_, row) => Number(draw(random.at(row))))
}

/** Mean and variance of draws, as numbers of their own standard deviations from the exact ones. */
function surprises(values: number[], mean: number, variance: number, excess: number): number[] {
  const found = values.reduce((sum, value) => sum + value, 0) / rows
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows
  return [
    Math.abs(found - mean) / Math.sqrt(variance / rows),
    Math.abs(spread - variance) / (variance * Math.sqrt((2 + excess) / rows)),
  ]
}

test.each([
  [40, 0.3],
  [40, 0.7],
  [100, 0.5],
  [1_000_000, 1e-6],
  [10_000_000, 0.25],
  [2 ** 40, 0.01],
])('binomial %d, %d has the exact mean and variance', (n, p) => {
  const variance = n * p * (1 - p)
  const found = surprises(
    draws(binomialCounts(n, p)),
    n * p,
    variance,
    (1 - 6 * p * (1 - p)) / variance,
  )
  expect(Math.max(...found)).toBeLessThan(4)
})

test.each([0.01, 3.2, 1000, 1e7, 1e12])('poisson %d has the exact mean and variance', (mean) => {
  const found = surprises(draws(poissonCounts(mean)), mean, mean, 1 / mean)
  expect(Math.max(...found)).toBeLessThan(4)
})

test('counts are those of chi-square', () => {
  const values = draws(binomialCounts(6, 0.45))
  let surprise = 0
  for (let value = 0; value <= 6; value += 1) {
    const { shares } = binomialCounts(6, 0.45)
    const expected = rows * (shares(value)[0] - shares(value - 1)[0])
    const count = values.filter((each) => each === value).length
    surprise += (count - expected) ** 2 / expected
  }
  // With 6 degrees of freedom exceeded once in ten thousand times.
  expect(surprise).toBeLessThan(27.9)
})

test('where the table ends and the expansion begins, both say the same', () => {
  const [last, first] = [poissonCounts(2 ** 25), poissonCounts(2 ** 25 + 1e-6)]
  for (const share of [1e-9, 0.001, 0.2, 0.5, 0.73, 0.9999, 1 - 1e-9]) {
    const count = last.quantile(share, 1 - share)
    expect(Math.abs(first.quantile(share, 1 - share) - count)).toBeLessThanOrEqual(1)
    expect(first.shares(count)[0]).toBeCloseTo(last.shares(count)[0], 7)
  }
})

test('ends: no tries, no chance, certainty, no events', () => {
  expect(new Set(draws(binomialCounts(0, 0.5)))).toEqual(new Set([0]))
  expect(new Set(draws(binomialCounts(9, 0)))).toEqual(new Set([0]))
  expect(new Set(draws(binomialCounts(9, 1)))).toEqual(new Set([9]))
  expect(new Set(draws(poissonCounts(0)))).toEqual(new Set([0]))
  expect(poissonCounts(4).quantile(0, 1)).toBe(0)
})
