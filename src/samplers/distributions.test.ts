import { describe, expect, test } from 'vitest'
import { compareWith, type Fit } from '../profile/goodness-of-fit.ts'
import { createSummary } from '../profile/column-summary.ts'
import { histogramOf } from '../profile/histogram.ts'
import type { Scalar } from '../profile/scalar.ts'
import { createRandom } from '../random/random.ts'
import { Double } from '../util/value.ts'
import type { SamplerColumn } from './column.ts'
import { cellDistribution } from './declare-distribution.ts'
import type { Sampler } from './define.ts'
import { createCellDraw } from './draw.ts'
import { samplers } from './index.ts'

// What is drawn is what the parameters say, by numbers that do not come from this repository's own
// distribution functions; and a report says so of the same cells, and of others that they differ.

type Kind = keyof typeof samplers

interface Written {
  params: object
  convertTo?: string
}

function columnOf(kind: Kind, { params, convertTo }: Written, name = 'c'): SamplerColumn {
  const sampler = samplers[kind] as Sampler<unknown>
  const parsed = sampler.params.parse(params)
  return {
    name,
    sampler,
    params: parsed,
    conditions: [],
    convertTo: convertTo ?? null,
    constraints: [],
  }
}

function cellsOf(
  rows: number,
  column: SamplerColumn,
  others: readonly SamplerColumn[] = [],
): Scalar[] {
  const find = (name: string): SamplerColumn | null =>
    [column, ...others].find((one) => one.name === name) ?? null
  const drawOf = (name: string): ReturnType<typeof createCellDraw> =>
    createCellDraw(find(name) ?? column, {
      sampler: find,
      cells: drawOf,
      random: (stream) => createRandom(2026n, `${stream}/${column.sampler.kind}`),
    })
  const draw = drawOf(column.name)
  return Array.from({ length: rows }, (_, index) => {
    const cell = draw({ index, get: () => null })
    if (cell instanceof Double) return cell.value
    return typeof cell === 'object' ? null : cell
  })
}

function fitOf(
  cells: readonly Scalar[],
  column: SamplerColumn,
  others: readonly SamplerColumn[] = [],
): Fit | null {
  const declared = cellDistribution(
    column,
    (name) => others.find((one) => one.name === name) ?? null,
  )
  if (declared === null) return null
  const isText = typeof cells[0] === 'string'
  const isWhole = cells.every((cell) => Number.isInteger(cell))
  const type = isText ? 'string' : isWhole ? 'int64' : 'float64'
  const summary = createSummary(type, { exactDistinct: 16_384 })
  summary.addAll(cells)
  return compareWith(declared, summary, histogramOf(summary.times ?? summary.numbers)).fit
}

const rows = 4_000

/** Kolmogorov and Smirnov's distance, as a share of what is passed once in ten thousand times. */
function kolmogorov(values: readonly number[], cdf: (value: number) => number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const distances = sorted.map((value, at) =>
    Math.max(cdf(value) - at / values.length, (at + 1) / values.length - cdf(value)),
  )
  return Math.max(...distances) / (2.23 / Math.sqrt(values.length))
}

/** Chi-square by its deviations: 4 is passed about once in ten thousand times; rare values go together. */
function chiSquare(values: readonly Scalar[], shares: ReadonlyMap<Scalar, number>): number {
  const expected = [...shares].map(([value, share]) => ({
    expected: share * values.length,
    found: values.filter((one) => one === value).length,
  }))
  const own = expected.filter((one) => one.expected >= 5)
  const rest = {
    expected: values.length - own.reduce((sum, one) => sum + one.expected, 0),
    found: values.length - own.reduce((sum, one) => sum + one.found, 0),
  }
  const bins = rest.expected >= 1 ? [...own, rest] : own
  if (rest.expected < 1 && rest.found > 8) return Infinity
  const surprise = bins.reduce(
    (sum, one) => sum + (one.found - one.expected) ** 2 / one.expected,
    0,
  )
  const freedom = Math.max(1, bins.length - 1)
  // Wilson and Hilferty.
  return ((surprise / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom))
}

/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
function normalCdf(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2)
  const sum =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const far = 1 - (sum * Math.exp((-z * z) / 2)) / 2
  return z < 0 ? 1 - far : far
}

const sharesOf = (low: number, high: number, mass: (k: number) => number): Map<Scalar, number> =>
  new Map(Array.from({ length: high - low + 1 }, (_, at) => [low + at, mass(low + at)]))

const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1))
const choose = (n: number, k: number): number => factorial(n) / factorial(k) / factorial(n - k)

describe('continuous ones by Kolmogorov and Smirnov', () => {
  const uniform = (value: number): number => (value + 2) / 8
  test.each<[Kind, object, (value: number) => number]>([
    ['uniform', { low: -2, high: 6 }, uniform],
    ['gaussian', { mean: 21.5, stddev: 4 }, (value) => normalCdf((value - 21.5) / 4)],
    [
      'scipy',
      { dist_name: 'expon', dist_params: { scale: 3 } },
      (value) => -Math.expm1(-value / 3),
    ],
    ['scipy', { dist_name: 'logistic', dist_params: {} }, (value) => 1 / (1 + Math.exp(-value))],
    [
      'scipy',
      { dist_name: 'cauchy', dist_params: {} },
      (value) => 0.5 + Math.atan(value) / Math.PI,
    ],
    [
      'datetime',
      { start: '2024-01-01', end: '2024-03-01', unit: 's' },
      (value) => (value + 0.5) / 5_184_000,
    ],
  ])('%s %j', (kind, params, cdf) => {
    const column = columnOf(kind, { params })
    const cells = cellsOf(rows, column)
    const numbers = cells.map((cell) =>
      typeof cell === 'string'
        ? (Date.parse(`${cell}Z`) - Date.parse('2024-01-01')) / 1_000
        : Number(cell),
    )
    expect(kolmogorov(numbers, cdf)).toBeLessThan(1)
    expect(fitOf(cells, column)).toMatchObject({ verdict: 'as-declared' })
  })

  test('the part of a mixture that is drawn', () => {
    const params = { p: 0.4, dist_name: 'expon', dist_params: { loc: 1 } }
    const cells = cellsOf(rows, columnOf('bernoulli_mixture', { params })).map(Number)
    const drawn = cells.filter((cell) => cell !== 0)
    expect(Math.abs(drawn.length - 0.4 * rows)).toBeLessThan(4 * Math.sqrt(0.24 * rows))
    expect(kolmogorov(drawn, (value) => -Math.expm1(1 - value))).toBeLessThan(1)
  })
})

test('whole numbers that do not fit into 64 bits are not drawn', () => {
  const params = { dist_name: 'zipf', dist_params: { a: 1.02 } }
  const column = columnOf('scipy', { params })
  const cells = cellsOf(rows, column)
  expect(fitOf(cells.map(Number), column)).toMatchObject({ verdict: 'as-declared' })
  expect(cells.every((cell) => BigInt(Number(cell)) < 2n ** 63n)).toBe(true)
  // Those beyond 2^53 keep all digits they have.
  const large = cells.filter((cell) => typeof cell === 'bigint')
  expect(large.length).toBeGreaterThan(100)
  // Of so heavy a tail half lies beyond 2^63; of what is left, 1 comes as often as it should.
  let all = 20 ** -0.02 / 0.02 + 20 ** -1.02 / 2 - (2 ** 63) ** -0.02 / 0.02
  for (let k = 1; k < 20; k += 1) all += k ** -1.02
  expect(chiSquare(cells, new Map([[1, 1 / all]]))).toBeLessThan(4)
})

describe('discrete ones by chi-square', () => {
  const days = Array.from({ length: 60 }, (_, day) =>
    new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10),
  )
  test.each<[Kind, object, Map<Scalar, number>]>([
    [
      'bernoulli',
      { p: 0.2 },
      new Map<Scalar, number>([
        [0, 0.8],
        [1, 0.2],
      ]),
    ],
    [
      'binomial',
      { n: 10, p: 0.55 },
      sharesOf(0, 10, (k) => choose(10, k) * 0.55 ** k * 0.45 ** (10 - k)),
    ],
    ['poisson', { mean: 3.2 }, sharesOf(0, 15, (k) => (3.2 ** k * Math.exp(-3.2)) / factorial(k))],
    [
      'scipy',
      { dist_name: 'geom', dist_params: { p: 0.3 } },
      sharesOf(1, 30, (k) => 0.3 * 0.7 ** (k - 1)),
    ],
    [
      'scipy',
      { dist_name: 'randint', dist_params: { low: 3, high: 9 } },
      sharesOf(3, 8, () => 1 / 6),
    ],
    [
      'bernoulli_mixture',
      { p: 0.5, dist_name: 'geom', dist_params: { p: 0.5 } },
      sharesOf(0, 12, (k) => 0.5 ** (k + 1)),
    ],
    [
      'category',
      { values: ['a', 'b', 'c', 'a'], weights: [1, 2, 6, 1] },
      new Map<Scalar, number>([
        ['a', 0.2],
        ['b', 0.2],
        ['c', 0.6],
      ]),
    ],
    [
      'datetime',
      { start: '2024-01-01', end: '2024-03-01', unit: 'D' },
      new Map(days.map((day) => [day, 1 / 60])),
    ],
  ])('%s %j', (kind, params, shares) => {
    const column = columnOf(kind, { params })
    const cells = cellsOf(rows, column)
    const compared = kind === 'datetime' ? cells.map((cell) => String(cell).slice(0, 10)) : cells
    expect(chiSquare(compared, shares)).toBeLessThan(4)
    expect(fitOf(cells, column)).toMatchObject({ verdict: 'as-declared' })
  })

  test('one that hangs on another', () => {
    const parent = columnOf(
      'category',
      { params: { values: ['pet', 'wild'], weights: [1, 3] } },
      'kind',
    )
    const params = {
      category: 'kind',
      values: { pet: ['cat', 'dog'], wild: ['fox', 'owl', 'elk'] },
    }
    const column = columnOf('subcategory', { params })
    const cells = cellsOf(rows, column, [parent])
    const shares = new Map<Scalar, number>([
      ['cat', 0.125],
      ['dog', 0.125],
      ['fox', 0.25],
      ['owl', 0.25],
      ['elk', 0.25],
    ])
    expect(chiSquare(cells, shares)).toBeLessThan(4)
    expect(fitOf(cells, column, [parent])).toMatchObject({ verdict: 'as-declared' })
  })

  test('days between dates', () => {
    const parent = columnOf(
      'datetime',
      { params: { start: '2024-01-01', end: '2024-01-02' } },
      'from',
    )
    const params = { dt_min: 1, dt_max: 8, reference_column_name: 'from', unit: 'D' }
    const cells = cellsOf(rows, columnOf('timedelta', { params }), [parent])
    const found = cells.map((cell) => Number(String(cell).slice(8, 10)))
    expect(
      chiSquare(
        found,
        sharesOf(2, 8, () => 1 / 7),
      ),
    ).toBeLessThan(4)
  })
})

/** More cells than are reported one by one, of distributions in which many are equal. */
const many = 12_000

describe('a report', () => {
  const named = (dist_name: string, dist_params: object): object => ({ dist_name, dist_params })
  const heavy = { p: 0.3, ...named('expon', {}) }
  test.each<[Kind, Written, Written]>([
    [
      'uniform',
      { params: { low: 0, high: 9 }, convertTo: 'int' },
      { params: { low: 0, high: 10 }, convertTo: 'int' },
    ],
    [
      'gaussian',
      { params: { mean: 0, stddev: 400 }, convertTo: 'int' },
      { params: { mean: 40, stddev: 400 }, convertTo: 'int' },
    ],
    [
      'gaussian',
      { params: { mean: 1, stddev: 1, decimal_places: 1 } },
      { params: { mean: 1, stddev: 1.1, decimal_places: 1 } },
    ],
    ['poisson', { params: { mean: 3.2 } }, { params: { mean: 3.4 } }],
    ['poisson', { params: { mean: 4_000 } }, { params: { mean: 4_015 } }],
    ['poisson', { params: { mean: 1e12 } }, { params: { mean: 1.0000001e12 } }],
    ['binomial', { params: { n: 1_000_000, p: 0.5 } }, { params: { n: 1_000_000, p: 0.50005 } }],
    ['bernoulli_mixture', { params: heavy }, { params: { ...heavy, p: 0.35 } }],
    ['scipy', { params: named('geom', { p: 0.3 }) }, { params: named('geom', { p: 0.33 }) }],
    ['scipy', { params: named('geom', { p: 0.001 }) }, { params: named('geom', { p: 0.0011 }) }],
    ['scipy', { params: named('zipf', { a: 1.3 }) }, { params: named('zipf', { a: 1.35 }) }],
    [
      'scipy',
      { params: named('yulesimon', { alpha: 1.2 }) },
      { params: named('yulesimon', { alpha: 1.4 }) },
    ],
    ['scipy', { params: named('logser', { p: 0.99 }) }, { params: named('logser', { p: 0.985 }) }],
    [
      'scipy',
      { params: named('nbinom', { n: 2.5, p: 0.01 }) },
      { params: named('nbinom', { n: 2.5, p: 0.011 }) },
    ],
    [
      'scipy',
      { params: named('skellam', { mu1: 15, mu2: 8 }) },
      { params: named('skellam', { mu1: 15.5, mu2: 8 }) },
    ],
    ['scipy', { params: named('dlaplace', { a: 0.8 }) }, { params: named('dlaplace', { a: 0.9 }) }],
    [
      'scipy',
      { params: named('planck', { lambda_: 0.51 }) },
      { params: named('planck', { lambda_: 0.56 }) },
    ],
    [
      'scipy',
      { params: named('betanbinom', { n: 5, a: 2.3, b: 2 }) },
      { params: named('betanbinom', { n: 5, a: 2.3, b: 2.4 }) },
    ],
    [
      'scipy',
      { params: named('cauchy', {}), convertTo: 'int' },
      { params: named('cauchy', { loc: 0.2 }), convertTo: 'int' },
    ],
  ])('says of %s %j that it is as declared, and of %j that it differs', (kind, right, wrong) => {
    const column = columnOf(kind, right)
    expect(fitOf(cellsOf(many, column), column)).toMatchObject({ verdict: 'as-declared' })
    expect(fitOf(cellsOf(many, columnOf(kind, wrong)), column)).toMatchObject({
      verdict: 'differs',
    })
  })

  test('sees a value that is missing between two others', () => {
    const column = columnOf('poisson', { params: { mean: 3.2 } })
    const cells = Array.from({ length: rows }, (_, row) => (row % 25 === 0 ? 0 : 12))
    expect(fitOf(cells, column)).toMatchObject({ verdict: 'differs' })
  })
})
