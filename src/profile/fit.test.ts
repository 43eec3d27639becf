import { expect, test } from 'vitest'
import type { ContinuousDistribution, Distribution } from '../graph/distribution.ts'
import { fitOf, type Fit } from './fit.ts'
import { histogramOf } from './histogram.ts'
import type { Scalar } from './scalar.ts'
import { createSummary } from './summary.ts'

function fit(
  type: 'string' | 'int64' | 'float64',
  values: readonly Scalar[],
  declared: Distribution,
): Fit {
  const summary = createSummary(type, { exactDistinct: 1_000 })
  for (const value of values) summary.add(value)
  return fitOf(summary, declared, histogramOf(summary.numbers))
}

/** Evenly spread over 0 to 1, never twice. */
function even(count: number): number[] {
  return Array.from({ length: count }, (_, at) => (at + 0.5) / count)
}

const coin: Distribution = {
  shape: 'listed',
  label: 'a coin',
  shares: [
    { value: 'heads', share: 0.5 },
    { value: 'tails', share: 0.5 },
  ],
}

function unit(rounding: ContinuousDistribution['rounding'] = null): ContinuousDistribution {
  return {
    shape: 'continuous',
    label: 'uniform from 0 to 1',
    of: 'number',
    mean: 0.5,
    stddev: Math.sqrt(1 / 12),
    cdf: (value) => Math.min(1, Math.max(0, value)),
    rounding,
  }
}

function throws(heads: number, tails: number): string[] {
  return [...Array<string>(heads).fill('heads'), ...Array<string>(tails).fill('tails')]
}

test.each<[number, number, Fit['verdict']]>([
  [510, 490, 'as-declared'],
  [560, 440, 'as-declared'],
  [600, 400, 'differs'],
  [0, 1_000, 'differs'],
  [20, 5, 'too-few'],
])('%d heads and %d tails of a coin: %s', (heads, tails, verdict) => {
  const found = fit('string', throws(heads, tails), coin)
  expect(found.verdict).toBe(verdict)
  expect(found.gap?.share).toBeCloseTo(Math.abs(heads / (heads + tails) - 0.5), 10)
})

test('a value that was never declared differs, however rare', () => {
  const found = fit('string', [...throws(5_000, 5_000), 'edge'], coin)
  expect(found.verdict).toBe('differs')
})

test('a rare value that comes once by chance does not', () => {
  const rare: Distribution = {
    shape: 'listed',
    label: 'rare',
    shares: [
      { value: 'common', share: 0.9999 },
      { value: 'rare', share: 0.0001 },
    ],
  }
  const values = [...Array<string>(99).fill('common'), 'rare']
  expect(fit('string', values, rare).verdict).toBe('as-declared')
})

test('uniform numbers are as declared, those of one half are not', () => {
  expect(fit('float64', even(10_000), unit()).verdict).toBe('as-declared')
  const half = fit(
    'float64',
    even(10_000).map((value) => value / 2),
    unit(),
  )
  expect(half.verdict).toBe('differs')
  expect(half.gap?.share).toBeCloseTo(0.5, 1)
})

test('declared shares stand beside the bins, and sum to one', () => {
  const shares = fit('float64', even(10_000), unit()).shares as number[]
  expect(shares).toHaveLength(24)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10)
})

test('rounded numbers have declared shares of their own', () => {
  const tenths = even(10_000).map((value) => Math.round(value * 10) / 10)
  const found = fit('float64', tenths, unit({ size: 0.1, to: 'nearest' }))
  expect(found.verdict).toBe('as-declared')
  const shares = new Map(
    (found.shares as { value: number; share: number }[]).map(({ value, share }) => [value, share]),
  )
  expect(shares.get(0)).toBeCloseTo(0.05, 10)
  expect(shares.get(0.5)).toBeCloseTo(0.1, 10)
})

test('numbers rounded down are compared with what they were', () => {
  const floors = even(10_000).map((value) => Math.floor(value * 10) / 10)
  expect(fit('float64', floors, unit({ size: 0.1, to: 'below' })).verdict).toBe('as-declared')
  expect(fit('float64', floors, unit({ size: 0.1, to: 'nearest' })).verdict).toBe('differs')
})

test('unique values that repeat differ', () => {
  const unique: Distribution = { shape: 'unique', label: 'uuid' }
  expect(fit('string', [...Array(100).keys()].map(String), unique).verdict).toBe('as-declared')
  expect(fit('string', [...Array(100).keys(), 7].map(String), unique)).toMatchObject({
    verdict: 'differs',
    gap: { at: 'repeated values' },
  })
})
