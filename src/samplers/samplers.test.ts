import { describe, expect, test } from 'vitest'
import type { Problem } from '../config/problem.ts'
import { nothingLoaded, type Row } from '../graph/kind.ts'
import { createRandom } from '../random/random.ts'
import { Double, type Value } from '../util/value.ts'
import type { Sampler, SamplerContext, ReferencedSampler } from './define.ts'
import { samplers } from './index.ts'
import { parseDate } from './parse-date.ts'

const noColumns: SamplerContext = {
  text: (name) => () => `text of ${name}`,
  textOf: () => (written) => written,
  instant: () => () => 0,
  permutationSeed: () => 77n,
}

function rowAt(index: number): Row {
  return {
    index,
    get() {
      throw new RangeError('No cell is read here.')
    },
  }
}

function draw<Params>(
  sampler: Sampler<Params>,
  written: unknown,
  rows: number,
  context: SamplerContext = noColumns,
): Value[] {
  const sample = sampler.prepare(sampler.params.parse(written), context, nothingLoaded)
  const random = createRandom(2024n, sampler.kind)
  return Array.from({ length: rows }, (_, index) => sample(random.at(index), rowAt(index)))
}

function numbers(values: readonly Value[]): number[] {
  return values.map((value) => (value instanceof Double ? value.value : Number(value)))
}

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
  return { mean, deviation: Math.sqrt(variance) }
}

function shares(values: readonly Value[]): Map<Value, number> {
  const counts = new Map<Value, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1 / values.length)
  return counts
}

function check<Params>(
  sampler: Sampler<Params>,
  written: unknown,
  referenced: ReferencedSampler | string | null = null,
): string[] {
  const problems: readonly Problem[] =
    sampler.check?.(sampler.params.parse(written), {
      columnName: 'c',
      path: [],
      referenced: () => referenced,
    }) ?? []
  return problems.map(
    ({ code, path, message, expected, received, suggestion }) =>
      `${code} at ${path.join('.')}: ${message} | ${expected} | ${received} | ${suggestion}`,
  )
}

const count = 20_000

describe('uniform', () => {
  test('fills [low, high) evenly', () => {
    const values = numbers(draw(samplers.uniform, { low: -2, high: 6 }, count))
    const { mean, deviation } = moments(values)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2)
    expect(Math.max(...values)).toBeLessThan(6)
    expect(Math.abs(mean - 2)).toBeLessThan((4.5 * 8) / Math.sqrt(12 * count))
    expect(Math.abs(deviation - 8 / Math.sqrt(12))).toBeLessThan(0.05)
  })

  test('equal bounds are a constant, and a double', () => {
    expect(draw(samplers.uniform, { low: 3, high: 3 }, 2)).toEqual([new Double(3), new Double(3)])
  })

  test('never reaches the end, even with two doubles in the range', () => {
    const high = 1 + 2 ** -52
    const values = draw(samplers.uniform, { low: 1, high }, 200)
    expect(new Set(numbers(values))).toEqual(new Set([1]))
  })

  test('refuses reversed and infinite ranges', () => {
    expect(check(samplers.uniform, { low: 5, high: 1 })).toMatchInlineSnapshot(`
      [
        "reversed-range at high: Column 'c' draws from low to high, but high lies below low | at least 5 | 1 | Exchange low and high.",
      ]
    `)
    expect(check(samplers.uniform, { low: 0, high: 'inf' })).toMatchInlineSnapshot(`
      [
        "out-of-range at high: Column 'c' draws between bounds that are not finite | two finite numbers a finite distance apart | 0 to Infinity | Write the range you need as numbers.",
      ]
    `)
    expect(check(samplers.uniform, { low: -1e308, high: 1e308 })).toHaveLength(1)
    expect(check(samplers.uniform, { low: 1, high: 1 })).toEqual([])
  })
})

describe('gaussian', () => {
  test('has its mean and deviation', () => {
    const values = numbers(draw(samplers.gaussian, { mean: 21.5, stddev: 4 }, count))
    const { mean, deviation } = moments(values)
    expect(Math.abs(mean - 21.5)).toBeLessThan((4.5 * 4) / Math.sqrt(count))
    expect(Math.abs(deviation - 4)).toBeLessThan((4.5 * 4) / Math.sqrt(2 * count))
    expect(draw(samplers.gaussian, { mean: 7, stddev: 0 }, 1)).toEqual([new Double(7)])
  })

  test('refuses a negative deviation', () => {
    expect(check(samplers.gaussian, { mean: 0, stddev: -1 })).toMatchInlineSnapshot(`
      [
        "out-of-range at stddev: The standard deviation of 'c' is negative or not finite | a finite number, at least 0 | -1 | undefined",
      ]
    `)
    expect(check(samplers.gaussian, { mean: 'nan', stddev: 1 })).toHaveLength(1)
  })
})

describe('bernoulli', () => {
  test.each([0, 0.2, 1])('gives ones with probability %d', (p) => {
    const values = draw(samplers.bernoulli, { p }, count)
    const ones = values.filter((value) => value === 1).length
    expect(Math.abs(ones - p * count)).toBeLessThanOrEqual(4.5 * Math.sqrt(p * (1 - p) * count))
    expect(values.every((value) => value === 0 || value === 1)).toBe(true)
  })

  test('takes a probability only', () => {
    expect(samplers.bernoulli.params.safeParse({ p: 1.5 }).success).toBe(false)
    expect(samplers.bernoulli.params.safeParse({ p: -0.1 }).success).toBe(false)
    expect(samplers.bernoulli.params.safeParse({ p: 0.5, q: 1 }).success).toBe(false)
  })
})

describe('category', () => {
  test('draws evenly without weights; a value listed twice weighs twice', () => {
    const found = shares(draw(samplers.category, { values: ['a', 'b', 'b'] }, count))
    expect(Math.abs((found.get('a') ?? 0) - 1 / 3)).toBeLessThan(0.015)
    expect(Math.abs((found.get('b') ?? 0) - 2 / 3)).toBeLessThan(0.015)
  })

  test('draws by weights of any sum, never a weight of 0', () => {
    const params = { values: ['none', 'a', 'b', 'c', 'last'], weights: [0, 5, 3, 2, 0] }
    const found = shares(draw(samplers.category, params, count))
    expect(new Set(found.keys())).toEqual(new Set(['a', 'b', 'c']))
    expect(Math.abs((found.get('a') ?? 0) - 0.5)).toBeLessThan(0.016)
    expect(Math.abs((found.get('b') ?? 0) - 0.3)).toBeLessThan(0.016)
    expect(Math.abs((found.get('c') ?? 0) - 0.2)).toBeLessThan(0.016)
  })

  test('gives its values one type', () => {
    const types = (values: unknown[]) => {
      const params = samplers.category.params.parse({ values })
      return [samplers.category.sampleType(params), ...(samplers.category.listed?.(params) ?? [])]
    }
    expect(types([1, 2])).toEqual(['int64', 1, 2])
    expect(types([1, new Double(2)])).toEqual(['float64', new Double(1), new Double(2)])
    expect(types([true, false])).toEqual(['int64', 1, 0])
    expect(types(['x', true, 2.5])).toEqual(['string', 'x', '1', '2.5'])
  })

  test('refuses lists and weights it cannot draw from', () => {
    const refused = (params: unknown) => !samplers.category.params.safeParse(params).success
    expect(refused({ values: [] })).toBe(true)
    expect(refused({ values: [null] })).toBe(true)
    expect(refused({ values: [['a']] })).toBe(true)
    expect(refused({ values: [2n ** 70n] })).toBe(true)
    expect(refused({ values: 'a' })).toBe(true)
    expect(check(samplers.category, { values: ['a', 'b'], weights: [1] })).toMatchInlineSnapshot(`
      [
        "wrong-length at weights: Column 'c' needs one weight for every value | 2 weights | 1 | undefined",
      ]
    `)
    expect(check(samplers.category, { values: ['a', 'b'], weights: [3, -1] }))
      .toMatchInlineSnapshot(`
      [
        "out-of-range at weights.1: A weight of 'c' is negative or not finite | a finite number, at least 0 | -1 | Use 0 for a value that should never occur, or remove the value.",
      ]
    `)
    expect(check(samplers.category, { values: ['a', 'b'], weights: [0, 0] }))
      .toMatchInlineSnapshot(`
      [
        "out-of-range at weights: The weights of 'c' leave nothing to choose | a finite sum above 0 | a sum of 0 | undefined",
      ]
    `)
    expect(check(samplers.category, { values: ['a', 'b'], weights: [] })).toHaveLength(1)
  })
})

describe('datetime', () => {
  const instants = (params: object, rows: number) => numbers(draw(samplers.datetime, params, rows))

  test('draws whole seconds of [start, end)', () => {
    const start = parseDate('2025-01-01') ?? 0
    const values = instants({ start: '2025-01-01', end: '2025-01-02', unit: 's' }, count)
    const { mean } = moments(values)
    expect(values.every((value) => Number.isInteger(value))).toBe(true)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(start)
    expect(Math.max(...values)).toBeLessThan(start + 86_400)
    expect(Math.abs(mean - start - 43_200)).toBeLessThan((4.5 * 86_400) / Math.sqrt(12 * count))
  })

  test('draws days unless told otherwise, each of them', () => {
    const values = instants({ start: '2025-01-01', end: '2025-01-08' }, 1000)
    expect(new Set(values).size).toBe(7)
    expect(values.every((value) => value % 86_400 === 0)).toBe(true)
  })

  test('truncates down, also before the start', () => {
    const values = instants({ start: '2024-05-15', end: '2024-06-01', unit: 'Y' }, 10)
    expect(new Set(values)).toEqual(new Set([parseDate('2024-01-01')]))
  })

  test('one second is enough, and fractions belong to no second before them', () => {
    const params = { start: '2025-01-01T00:00:00.5', end: '2025-01-01T00:00:01.5', unit: 's' }
    expect(new Set(instants(params, 20))).toEqual(new Set([parseDate('2025-01-01T00:00:01')]))
  })

  test('refuses bounds that are not dates or leave no second', () => {
    const problems = (start: string, end: string) => check(samplers.datetime, { start, end })
    expect(problems('2025-01-02', '2025-01-01')).toMatchInlineSnapshot(`
      [
        "reversed-range at end: No second lies between the start and the end of column 'c' | a date after '2025-01-02'; the end itself is never drawn | '2025-01-01' | undefined",
      ]
    `)
    expect(problems('2025-01-01', '2025-01-01')).toHaveLength(1)
    expect(problems('soon', 'later')).toMatchInlineSnapshot(`
      [
        "bad-date at start: A bound of column 'c' is not a date | a date such as '2025-01-31', '2025-01-31 14:30', '2025-01-31T14:30:00+02:00', '2025', '01/31/2025' or 'Jan 31 2025' | 'soon' | undefined",
        "bad-date at end: A bound of column 'c' is not a date | a date such as '2025-01-31', '2025-01-31 14:30', '2025-01-31T14:30:00+02:00', '2025', '01/31/2025' or 'Jan 31 2025' | 'later' | undefined",
      ]
    `)
    expect(problems('2025-01-01', 'now')).toMatchInlineSnapshot(`
      [
        "bad-date at end: A bound of column 'c' is relative to the day of the run, so a resumed or repeated run would make other values | a date such as '2025-01-31', '2025-01-31 14:30', '2025-01-31T14:30:00+02:00', '2025', '01/31/2025' or 'Jan 31 2025' | 'now' | Write the date itself.",
      ]
    `)
    const unit = samplers.datetime.params.safeParse({ start: '2025', end: '2026', unit: 'H' })
    expect(unit.success).toBe(false)
  })
})

describe('timedelta', () => {
  test('adds whole units of [dt_min, dt_max) to the reference', () => {
    const reference: SamplerContext = {
      ...noColumns,
      instant: () => (row) => row.index * 1_000_000,
    }
    const params = { dt_min: 2, dt_max: 5, reference_column_name: 'r', unit: 'h' }
    const added = numbers(draw(samplers.timedelta, params, 2000, reference)).map(
      (instant, index) => (instant - index * 1_000_000) / 3600,
    )
    expect(new Set(added)).toEqual(new Set([2, 3, 4]))
  })

  test('refuses an empty range and columns without dates', () => {
    const params = { dt_min: 3, dt_max: 3, reference_column_name: 'r' }
    expect(check(samplers.timedelta, params)).toMatchInlineSnapshot(`
      [
        "reversed-range at dt_max: Column 'c' adds from dt_min to dt_max, which leaves no number | more than 3; dt_max itself is never drawn | 3 | undefined",
      ]
    `)
    const known = { ...params, dt_max: 4 }
    expect(check(samplers.timedelta, known, 'a seed column')).toMatchInlineSnapshot(`
      [
        "wrong-reference at reference_column_name: Column 'c' adds time to 'r', which has no dates | the name of a sampler column of type datetime or timedelta | a seed column | undefined",
      ]
    `)
    const reference = { texts: null, textOf: String }
    expect(
      check(samplers.timedelta, known, {
        ...reference,
        samplerType: 'uniform',
        sampleType: 'float64',
      }),
    ).toHaveLength(1)
    expect(
      check(samplers.timedelta, known, {
        ...reference,
        samplerType: 'datetime',
        sampleType: 'instant',
      }),
    ).toEqual([])
    expect(samplers.timedelta.params.safeParse({ ...known, dt_min: -1 }).success).toBe(false)
    expect(samplers.timedelta.params.safeParse({ ...known, unit: 'Y' }).success).toBe(false)
  })
})

describe('uuid', () => {
  test('is a version 4 UUID without hyphens', () => {
    const values = draw(samplers.uuid, {}, 5000).map(String)
    for (const value of values)
      expect(value).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
    expect(new Set(values).size).toBe(values.length)
  })

  test('short forms are unique over the rows', () => {
    const params = { prefix: 'T-', short_form: true, uppercase: true }
    const values = draw(samplers.uuid, params, 50_000).map(String)
    for (const value of values.slice(0, 100)) expect(value).toMatch(/^T-[0-9A-F]{8}$/)
    expect(new Set(values).size).toBe(values.length)
  })

  test('the prefix keeps its case', () => {
    const [value] = draw(samplers.uuid, { prefix: 'id_', uppercase: true }, 1).map(String)
    expect(value).toMatch(/^id_[0-9A-F]{32}$/)
  })
})

describe('binomial and poisson', () => {
  // These never change: datasets are made of them.
  test('three values each for seed 2024', () => {
    expect([
      draw(samplers.binomial, { n: 10, p: 0.55 }, 3),
      draw(samplers.binomial, { n: '1000000', p: 0.5 }, 3),
      draw(samplers.poisson, { mean: 3.2 }, 3),
      draw(samplers.poisson, { mean: 1e9 }, 3),
    ]).toMatchInlineSnapshot(`
      [
        [
          9,
          6,
          4,
        ],
        [
          501090,
          500036,
          499557,
        ],
        [
          4,
          3,
          4,
        ],
        [
          1000016040,
          1000005249,
          1000022239,
        ],
      ]
    `)
  })

  test('take what is possible only', () => {
    expect(samplers.binomial.params.safeParse({ n: -1, p: 0.5 }).success).toBe(false)
    expect(samplers.binomial.params.safeParse({ n: 1, p: 1.5 }).success).toBe(false)
    expect(samplers.poisson.params.safeParse({ mean: -0.1 }).success).toBe(false)
    expect(samplers.poisson.params.safeParse({ mean: 'inf' }).success).toBe(false)
  })
})
