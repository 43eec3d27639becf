import { expect, test } from 'vitest'
import type { ContinuousDistribution, Distribution, Rounding } from '../graph/distribution.ts'
import { compareWith, type Comparison, type Fit } from './goodness-of-fit.ts'
import { histogramOf } from './histogram.ts'
import type { Scalar } from './scalar.ts'
import { datetime } from '../samplers/datetime.ts'
import { createSummary } from './column-summary.ts'
import { timeOf } from './time.ts'

function compare(
  type: 'string' | 'int64' | 'float64',
  values: readonly Scalar[],
  declared: Distribution,
): Comparison {
  const summary = createSummary(type, { exactDistinct: 1_000 })
  summary.addAll(values)
  const { times, numbers } = summary
  return compareWith(declared, summary, histogramOf(times ?? numbers))
}

function fit(...parameters: Parameters<typeof compare>): Fit {
  return compare(...parameters).fit
}

const tenths: Rounding = {
  draws: (cell) => [cell - 0.05, cell + 0.05],
  below: (value) => Math.floor(value * 10 + 1e-6) / 10,
}
const floors: Rounding = {
  draws: (cell) => [cell, cell + 0.1],
  below: (value) => Math.floor(value * 10 + 1e-6) / 10,
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

test('a rare value that comes once at random does not', () => {
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

test('declared shares stand next to the bins, and sum to one', () => {
  const shares = fit('float64', even(10_000), unit()).bins as number[]
  expect(shares).toHaveLength(24)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10)
})

test('rounded numbers have declared shares of their own', () => {
  const cells = even(10_000).map((value) => Math.round(value * 10) / 10)
  const { fit: found, shares } = compare('float64', cells, unit(tenths))
  expect(found).toMatchObject({ verdict: 'as-declared', bins: null })
  const byValue = new Map([...(shares ?? [])].map(([, { value, share }]) => [value, share]))
  expect(byValue.get(0)).toBeCloseTo(0.05, 10)
  expect(byValue.get(0.5)).toBeCloseTo(0.1, 10)
})

test('numbers rounded down are compared with what they were', () => {
  const cells = even(10_000).map((value) => Math.floor(value * 10) / 10)
  expect(fit('float64', cells, unit(floors)).verdict).toBe('as-declared')
  expect(fit('float64', cells, unit(tenths)).verdict).toBe('differs')
})

test.each([
  ['2020-01-01', '2025-01-01', 'Y'],
  ['2020-05-10', '2024-03-01', 'Y'],
  ['2024-01-01', '2025-01-01', 'M'],
  ['2024-01-01', '2024-01-11', 'D'],
  ['2024-01-01 00:00:00', '2024-01-01 00:01:00', 's'],
  ['2024-01-01', '2027-01-01', 'h'],
] as const)('dates from %s to %s in units of %s are as declared', (start, end, unitOf) => {
  const params = datetime.params.parse({ start, end, unit: unitOf })
  const declared = datetime.distribution?.(params, {
    shares: () => null,
    textOf: (_, written) => written,
  })
  if (declared?.shape !== 'continuous') throw new Error('a datetime declares a range')
  const { rounding } = declared
  const [low, high] = [start, end].map((text) => timeOf(text) ?? Number.NaN) as [number, number]
  const cells = even(10_000).map((share) => {
    const drawn = Math.floor((low + share * (high - low)) / 1000) * 1000
    return new Date(rounding?.below(drawn) ?? drawn).toISOString().slice(0, 19)
  })
  expect(fit('string', cells, declared)).toMatchObject({ verdict: 'as-declared' })
})

test('integers beyond 2^53, infinities and long texts are compared, and reported as JSON can', () => {
  const long = 'x'.repeat(300)
  const values = [9007199254740993n, Number.POSITIVE_INFINITY, `${long}1`, `${long}2`]
  for (const pair of [values.slice(0, 2), values.slice(2)]) {
    const cells = Array.from({ length: 100 }, (_, at) => pair[at % 2] ?? null)
    const { fit: found, shares } = compare('string', cells, {
      shape: 'listed',
      label: 'two',
      shares: pair.map((value) => ({ value, share: 0.5 })),
    })
    expect(found).toMatchObject({ verdict: 'as-declared' })
    const told = JSON.parse(JSON.stringify([...(shares ?? [])])) as [number, { value: string }][]
    expect(told.every(([, { value }]) => typeof value === 'string' && value.length <= 120)).toBe(
      true,
    )
  }
})

test('unique values that repeat differ', () => {
  const unique: Distribution = { shape: 'unique', label: 'uuid' }
  expect(fit('string', [...Array(100).keys()].map(String), unique).verdict).toBe('as-declared')
  expect(fit('string', [...Array(100).keys(), 7].map(String), unique)).toMatchObject({
    verdict: 'differs',
    gap: { at: 'repeated values' },
  })
})
