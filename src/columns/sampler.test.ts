import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ColumnConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { formatPath } from '../config/format-problems.ts'
import { problemsOfZod } from '../config/problems.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { noMedia } from '../graph/media.ts'
import {
  type ColumnDescription,
  nothingLoaded,
  type Row,
  type RowGenerator,
} from '../graph/kind.ts'
import { createRandom } from '../random/random.ts'
import { Double, toDouble, type Value } from '../util/value.ts'
import { withoutVector } from '../util/vector.ts'
import { samplers } from '../samplers/index.ts'
import { createSamplerKind, type SamplerConfig } from './sampler.ts'

const sampler = createSamplerKind({
  samplers: new Map(Object.entries(samplers)),
  originOf: () => null,
})

interface Written {
  sampler_type: string
  params: unknown
  conditional_params?: unknown
  convert_to?: unknown
  [field: string]: unknown
}

interface SeedColumn {
  type: ColumnType
  values: readonly Value[]
}

/** Real columns, described and bound as a run does it, with cells made when they are read. */
function prepare(
  written: Record<string, Written>,
  seed: Record<string, SeedColumn> = {},
): {
  descriptions: Map<string, ColumnDescription>
  problems: Problem[]
  cell: (row: number, name: string) => Value
  cells: (name: string, rows: number) => Value[]
} {
  const configs = new Map<string, SamplerConfig>()
  for (const [name, fields] of Object.entries(written)) {
    configs.set(name, sampler.schema.parse({ name, column_type: 'sampler', ...fields }))
  }
  const names = [...configs.keys(), ...Object.keys(seed)]
  const columns: ReadonlyMap<string, ColumnConfig> = configs
  const descriptions = new Map<string, ColumnDescription>()
  for (const [index, [name, config]] of [...configs].entries()) {
    const context = {
      path: ['columns', index],
      written: written[name] ?? {},
      constraintPaths: [],
      columns,
      seedColumn: (column: string) => seed[column]?.type,
      model: () => undefined,
      modelIdentity: () => undefined,
      toolIdentity: () => undefined,
      toolServers: () => [],
    }
    descriptions.set(name, sampler.describe(config, context, nothingLoaded))
  }
  const problems = [...descriptions.values()].flatMap((description) => description.problems ?? [])
  const types = names.map((name) => descriptions.get(name)?.output ?? seed[name]?.type ?? 'string')
  const generators = new Map<string, RowGenerator>()

  function generator(name: string, config: SamplerConfig): RowGenerator {
    const known = generators.get(name)
    if (known !== undefined) return known
    const references = descriptions.get(name)?.references.map((reference) => reference.name)
    const made = sampler.bind(
      config,
      {
        columns,
        columnId(column) {
          expect(references).toContain(column)
          return names.indexOf(column)
        },
        refersTo: (column) => references?.includes(column) ?? false,
        media: noMedia('a test'),
        download: () => Promise.reject(new Error('a test')),
        model() {
          throw new RangeError('A sampler has no model.')
        },
        tools() {
          throw new RangeError('A sampler has no tools.')
        },
        columnType: (id) => types[id] ?? 'string',
        output: descriptions.get(name)?.output ?? 'string',
        directory: '',
        onClose: () => undefined,
        random: (stream = name) => createRandom(11n, stream),
        corrections: { steps: 0, restarts: 0 },
        seed: null,
      },
      nothingLoaded,
    )

    if (made.by !== 'row') throw new TypeError('A sampler makes rows.')
    generators.set(name, made)
    return made
  }

  function cell(row: number, name: string): Value {
    const config = configs.get(name)
    if (config === undefined) return seed[name]?.values[row] ?? null
    const view: Row = {
      index: row,
      get(id) {
        const value = cell(row, names[id] ?? '')
        return types[id] === 'float64' && typeof value === 'number' ? toDouble(value) : value
      },
    }
    return withoutVector(generator(name, config).generate(view))
  }

  return {
    descriptions,
    problems,
    cell,
    cells: (name, rows) => Array.from({ length: rows }, (_, row) => cell(row, name)),
  }
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function told(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ code, path, message, expected, received, suggestion }) =>
      `${code} at ${formatPath(path)}: ${[message, expected, received, suggestion].join(' | ')}`,
  )
}

function refused(fields: object): string[] {
  const value = { name: 'c', column_type: 'sampler', ...fields }
  const { error } = sampler.schema.safeParse(value)
  if (error === undefined) return []
  return told(problemsOfZod(error, { path: ['columns', 0], value, schema: sampler.schema }))
}

const uniform = { sampler_type: 'uniform', params: { low: 0, high: 100 } }
const tier = { sampler_type: 'category', params: { values: ['gold', 'silver'] } }

describe('the schema', () => {
  test('takes parameters with and without their tag', () => {
    const params = { sampler_type: 'uniform', low: '1', high: 5 }
    const config = sampler.schema.parse({
      name: 'c',
      column_type: 'sampler',
      sampler_type: 'uniform',
      params,
      conditional_params: { 'a > 1': params, 'a > 2': { low: 1, high: 2 } },
    })
    const low = { low: 1, high: 5, decimal_places: null }
    expect(config.params).toEqual(low)
    expect(config.conditional_params).toEqual({ 'a > 1': low, 'a > 2': { ...low, high: 2 } })
    expect(config).toMatchObject({ drop: false, skip: null, convert_to: null })
  })

  test('is a fixed point: what it gave, it takes again', () => {
    const config = sampler.schema.parse({
      name: 'c',
      column_type: 'sampler',
      sampler_type: 'subcategory',
      params: { category: 'p', values: { a: [1, new Double(2)], b: ['x', true] } },
    })
    expect(sampler.schema.parse(config)).toEqual(config)
  })

  test('refuses what it cannot read, at its place', () => {
    expect(refused({ sampler_type: 'unifrom', params: {} }).join()).toContain(
      `one of ${Object.keys(samplers).toSorted().join(', ')}`,
    )
    expect(refused({ sampler_type: 'uuid' })).toMatchInlineSnapshot(`
      [
        "missing-field at columns[0].params: The config lacks 'params' | a mapping |  | ",
      ]
    `)
    expect(refused({ ...uniform, convert_to: 5 })).toMatchInlineSnapshot(`
      [
        "wrong-type at columns[0].convert_to: 'convert_to' of the config has the wrong type | text | 5 | Put it into quotes: "5".",
      ]
    `)
    expect(refused({ ...uniform, seed: 5 })).toMatchInlineSnapshot(`
      [
        "unknown-key at columns[0].seed: The config has no field 'seed' | one of name, drop, skip, propagate_skip, on_failure, column_type, sampler_type, params, conditional_params, convert_to |  | ",
      ]
    `)
    expect(refused({ sampler_type: 'uniform', params: { lo: 1, high: 'much' } }))
      .toMatchInlineSnapshot(`
      [
        "missing-field at columns[0].params.low: 'params' of the config lacks 'low' | a number |  | ",
        "wrong-type at columns[0].params.high: 'params.high' of the config has the wrong type | a number | text 'much' | ",
        "unknown-key at columns[0].params.lo: 'params' of the config has no field 'lo' | one of low, high, decimal_places |  | ",
      ]
    `)
    expect(refused({ ...tier, params: { sampler_type: 'gaussian', mean: 1, stddev: 1 } }))
      .toMatchInlineSnapshot(`
      [
        "wrong-word at columns[0].params: 'params' of the config is not a word that is known there | parameters of a category sampler, like the column's sampler_type | parameters of sampler_type "gaussian" | Make both the same, or leave it out of the parameters.",
      ]
    `)
    expect(refused({ ...tier, conditional_params: { 'a > 1': { values: [] } } }))
      .toMatchInlineSnapshot(`
      [
        "out-of-range at columns[0].conditional_params["a > 1"].values: 'conditional_params["a > 1"].values' of the config is out of range | a list of at least 1 | an empty list | ",
      ]
    `)
    expect(refused({ ...uniform, params: null })).toHaveLength(1)
  })
})

describe('output and conversion', () => {
  const values = (...list: unknown[]) => ({ sampler_type: 'category', params: { values: list } })
  test.each<[Written, ColumnType, Value[]]>([
    [values(3), 'int64', [3]],
    [values(1, new Double(1)), 'float64', [new Double(1)]],
    [values('3', 3), 'string', ['3']],
    [values(true), 'int64', [1]],
    [{ ...values(2.5), convert_to: 'int' }, 'int64', [2]],
    [{ ...values(3.5), convert_to: 'int' }, 'int64', [4]],
    [{ ...values(' 12 '), convert_to: 'int' }, 'int64', [12]],
    [{ ...values('9007199254740993'), convert_to: 'int' }, 'int64', [9007199254740993n]],
    [{ ...values('1.5'), convert_to: 'float' }, 'float64', [1.5]],
    [{ ...values(2), convert_to: 'float' }, 'float64', [new Double(2)]],
    [{ ...values(2), convert_to: 'str' }, 'string', ['2']],
    [{ ...values(new Double(2)), convert_to: 'str' }, 'string', ['2.0']],
    [
      { sampler_type: 'bernoulli', params: { p: 1 }, convert_to: 'float' },
      'float64',
      [new Double(1)],
    ],
    [{ sampler_type: 'bernoulli', params: { p: 1 }, convert_to: 'str' }, 'string', ['1']],
    [
      { sampler_type: 'gaussian', params: { mean: 2.5, stddev: 0 }, convert_to: 'int' },
      'int64',
      [2],
    ],
    [
      { sampler_type: 'gaussian', params: { mean: 2.345, stddev: 0, decimal_places: 1 } },
      'float64',
      [2.3],
    ],
    [
      {
        sampler_type: 'gaussian',
        params: { mean: 2.996, stddev: 0, decimal_places: 2 },
        convert_to: 'str',
      },
      'string',
      ['3.0'],
    ],
    [
      {
        sampler_type: 'gaussian',
        params: { mean: 1234.5, stddev: 0, decimal_places: -2 },
        convert_to: 'int',
      },
      'int64',
      [1200],
    ],
  ])('case %#', (written, output, expected) => {
    const { descriptions, problems, cell } = prepare({ c: written })
    expect(problems).toEqual([])
    expect(descriptions.get('c')).toMatchObject({ by: 'row', pure: true, output, requests: 'none' })
    expect([cell(0, 'c')]).toEqual(expected)
  })

  test('a uniform converted to integers covers the ends half as often', () => {
    const { cells } = prepare({
      rating: { sampler_type: 'uniform', params: { low: 1, high: 5 }, convert_to: 'int' },
    })
    const counts = new Map<Value, number>()
    for (const value of cells('rating', 8000)) counts.set(value, (counts.get(value) ?? 0) + 1)
    expect(new Set(counts.keys())).toEqual(new Set([1, 2, 3, 4, 5]))
    for (const [value, share] of [
      [1, 1 / 8],
      [2, 1 / 4],
      [3, 1 / 4],
      [4, 1 / 4],
      [5, 1 / 8],
    ] as const) {
      expect(Math.abs((counts.get(value) ?? 0) / 8000 - share)).toBeLessThan(0.02)
    }
  })

  test('a number that no integer holds fails its cell', () => {
    const { cell } = prepare({
      c: { sampler_type: 'uniform', params: { low: 1e30, high: 1e30 }, convert_to: 'int' },
    })
    expect(() => cell(0, 'c')).toThrow('1e+30 does not fit into 64 bits')
  })

  test('dates are ISO text or follow their pattern', () => {
    const params = { start: '2025-03-01', end: '2025-03-02', unit: 'D' }
    const { cell, descriptions } = prepare({
      plain: { sampler_type: 'datetime', params },
      formatted: { sampler_type: 'datetime', params, convert_to: '%d/%m/%y' },
    })
    expect(cell(0, 'plain')).toBe('2025-03-01T00:00:00')
    expect(cell(0, 'formatted')).toBe('01/03/25')
    expect(descriptions.get('plain')?.output).toBe('string')
  })

  test('uuid ignores its convert_to', () => {
    const { cell, problems } = prepare({
      id: { sampler_type: 'uuid', params: {}, convert_to: 'x' },
    })
    expect(problems).toEqual([])
    expect(cell(0, 'id')).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('conditional parameters', () => {
  const constant = (mean: number, decimal_places: number | null = null) => ({
    mean,
    stddev: 0,
    decimal_places,
  })

  test('the last condition that holds wins, the base takes the rest', () => {
    const { cells, descriptions } = prepare({
      age: { ...uniform, convert_to: 'int' },
      price: {
        sampler_type: 'gaussian',
        params: constant(1.26),
        conditional_params: {
          'age >= 20': constant(20.26, 1),
          'age >= 60': constant(60.26, 0),
          'age == 1000': constant(-1),
        },
      },
    })
    expect(descriptions.get('price')?.references.map(({ name }) => name)).toEqual(['age'])
    const ages = cells('age', 300).map(Number)
    const expected = ages.map((age) => (age >= 60 ? new Double(60) : age >= 20 ? 20.3 : 1.26))
    expect(cells('price', 300)).toEqual(expected)
    expect(new Set(expected).size).toBeGreaterThan(2)
  })

  test('a number other than zero holds, as everywhere in the template language', () => {
    const { cells } = prepare({
      on: { sampler_type: 'bernoulli', params: { p: 0.5 } },
      c: {
        sampler_type: 'category',
        params: { values: ['base'] },
        conditional_params: { on: { values: ['set'] } },
      },
    })
    const expected = cells('on', 50).map((on) => (on === 1 ? 'set' : 'base'))
    expect(cells('c', 50)).toEqual(expected)
  })

  test('all branches have one type', () => {
    const branches = (...lists: unknown[][]) => ({
      tier,
      c: {
        sampler_type: 'category',
        params: { values: lists[0] },
        conditional_params: { "tier == 'gold'": { values: lists[1] } },
      },
    })
    const mixed = prepare(branches([5], ['x']))
    expect(mixed.descriptions.get('c')?.output).toBe('string')
    expect(new Set(mixed.cells('c', 30))).toEqual(new Set(['5', 'x']))
    const numeric = prepare(branches([5], [2.5]))
    expect(numeric.descriptions.get('c')?.output).toBe('float64')
    expect(numeric.cells('c', 30).some((value) => value instanceof Double)).toBe(true)
    expect(numeric.cells('c', 30).every((value) => value !== 5)).toBe(true)
  })

  test('may read the seed', () => {
    const seed = { country: { type: 'string' as const, values: ['NO', 'PT', 'NO'] } }
    const { cells, problems } = prepare(
      {
        city: {
          sampler_type: 'category',
          params: { values: ['Oslo'] },
          conditional_params: { "country == 'PT'": { values: ['Faro'] } },
        },
      },
      seed,
    )
    expect(problems).toEqual([])
    expect(cells('city', 3)).toEqual(['Oslo', 'Faro', 'Oslo'])
  })

  test('see dates as ISO text whatever their pattern', () => {
    const written = {
      sampler_type: 'datetime',
      params: { start: '2024-01-01', end: '2026-01-01' },
      convert_to: '%d/%m',
    }
    const { cells, cell } = prepare({
      day: written,
      year: {
        sampler_type: 'category',
        params: { values: [2024] },
        conditional_params: { "day >= '2025-01-01'": { values: [2025] } },
      },
    })
    // The same column under the same name and seed, with nothing omitted from its text.
    const whole = prepare({ day: { ...written, convert_to: null } })
    const expected = whole.cells('day', 60).map((day) => Number(textOf(day).slice(0, 4)))
    expect(cells('year', 60)).toEqual(expected)
    expect(new Set(expected)).toEqual(new Set([2024, 2025]))
    expect(cell(0, 'day')).toMatch(/^\d\d\/\d\d$/)
  })

  test('that fail, fail the cell', () => {
    const { cell } = prepare({
      tier,
      c: { ...uniform, conditional_params: { 'tier + 1 > 2': { low: 1, high: 2 } } },
    })
    expect(() => cell(0, 'c')).toThrow("the condition 'tier + 1 > 2' of column 'c' failed")
  })
})

describe('subcategory', () => {
  const depots = {
    region: {
      sampler_type: 'category',
      params: { values: ['north', 'south'] },
      conditional_params: { "tier == 'gold'": { values: ['north', 'vip'], weights: [1, 3] } },
    },
    tier,
    depot: {
      sampler_type: 'subcategory',
      params: {
        category: 'region',
        values: { north: ['Oslo', 'Turku'], south: ['Faro'], vip: ['Monaco'] },
      },
    },
  }

  test('follows its category', () => {
    const { cells, problems, descriptions } = prepare(depots)
    expect(problems).toEqual([])
    expect(descriptions.get('depot')?.references.map(({ name }) => name)).toEqual(['region'])
    const regions = cells('region', 200)
    const found = cells('depot', 200)
    const lists = depots.depot.params.values
    for (const [row, region] of regions.entries()) {
      const list: readonly string[] = lists[region as keyof typeof lists]
      expect(list).toContain(found[row])
    }
    expect(new Set(found)).toEqual(new Set(['Oslo', 'Turku', 'Faro', 'Monaco']))
  })

  test.each<[string, unknown[], string | null, Record<string, unknown[]>]>([
    ['integers', [1, 2], null, { '1': ['a1'], '2': ['a2'] }],
    ['integers as doubles', [1, 2], 'float', { '1': ['a1.0'], '2.0': ['a2.0'] }],
    ['doubles', [1, 2.5], null, { '1': ['a1.0'], '2.5': ['a2.5'] }],
    ['rounded doubles', [1.2, 2.7], 'int', { '1': ['a1'], '3': ['a3'] }],
    ['texts as numbers', ['1', '2'], 'float', { '1': ['a1.0'], '2': ['a2.0'] }],
    ['numbers as texts', [1, new Double(2)], 'str', { '1': ['a1.0'], '2.0': ['a2.0'] }],
  ])('takes %s as keys', (_, values, convert_to, lists) => {
    const { cells, problems } = prepare({
      parent: { sampler_type: 'category', params: { values }, convert_to },
      child: { sampler_type: 'subcategory', params: { category: 'parent', values: lists } },
    })
    expect(problems).toEqual([])
    const parents = cells('parent', 20)
    const texts = parents.map((value) =>
      value instanceof Double ? `a${value.value}.0` : `a${textOf(value)}`,
    )
    expect(cells('child', 20)).toEqual(texts)
    expect(new Set(texts).size).toBe(2)
  })

  test('unifies each list, then the column', () => {
    const lists = { gold: ['y1', 7], silver: [3] }
    const { descriptions, cells } = prepare({
      tier,
      c: { sampler_type: 'subcategory', params: { category: 'tier', values: lists } },
    })
    expect(descriptions.get('c')?.output).toBe('string')
    expect(new Set(cells('c', 60))).toEqual(new Set(['y1', '7', '3']))
  })
})

describe('timedelta', () => {
  const ordered = {
    sampler_type: 'datetime',
    params: { start: '2025-01-01', end: '2025-07-01', unit: 'm' },
    convert_to: '%B',
  }

  test('adds to the date itself, through chains and lossy formats', () => {
    const iso = { reference_column_name: 'ordered', dt_min: 1, dt_max: 2, unit: 'h' }
    const { cells, problems, descriptions } = prepare({
      delivered: {
        sampler_type: 'timedelta',
        params: { reference_column_name: 'shipped', dt_min: 3, dt_max: 4, unit: 'D' },
      },
      shipped: { sampler_type: 'timedelta', params: iso, convert_to: '%H' },
      ordered,
    })
    expect(problems).toEqual([])
    expect(descriptions.get('delivered')?.references.map(({ name }) => name)).toEqual([
      'shipped',
      'ordered',
    ])
    const whole = prepare({ ordered: { ...ordered, convert_to: null } }).cells('ordered', 40)
    const hour = 3_600_000
    const expected = whole.map((text) =>
      new Date(Date.parse(`${textOf(text)}Z`) + 73 * hour).toISOString().slice(0, 19),
    )
    expect(cells('delivered', 40)).toEqual(expected)
    expect(cells('ordered', 40).every((text) => /^[A-Z][a-z]+$/.test(textOf(text)))).toBe(true)
  })

  test('follows the conditions of its reference', () => {
    const year = (start: string) => ({ start, end: `${start}-01-02`, unit: 'Y' })
    const { cells, descriptions } = prepare({
      tier,
      since: {
        sampler_type: 'datetime',
        params: year('2000'),
        conditional_params: { "tier == 'gold'": year('2010') },
      },
      until: {
        sampler_type: 'timedelta',
        params: { reference_column_name: 'since', dt_min: 1, dt_max: 2 },
        convert_to: '%Y-%m-%d',
      },
    })
    expect(descriptions.get('until')?.references.map(({ name }) => name)).toEqual(['since', 'tier'])
    const expected = cells('tier', 30).map((name) =>
      name === 'gold' ? '2010-01-02' : '2000-01-02',
    )
    expect(cells('until', 30)).toEqual(expected)
    expect(new Set(expected).size).toBe(2)
  })

  test('circles are described, for the graph to refuse', () => {
    const to = (name: string) => ({
      sampler_type: 'timedelta',
      params: { reference_column_name: name, dt_min: 1, dt_max: 2 },
    })
    const { descriptions } = prepare({ a: to('b'), b: to('a') })
    expect(descriptions.get('a')?.references.map(({ name }) => name)).toContain('b')
  })

  test('a date beyond the year 9999 fails its cell', () => {
    const { cell } = prepare({
      day: { sampler_type: 'datetime', params: { start: '9999-12-31', end: '9999-12-31 12:00' } },
      later: {
        sampler_type: 'timedelta',
        params: { reference_column_name: 'day', dt_min: 1, dt_max: 2 },
      },
    })
    expect(cell(0, 'day')).toBe('9999-12-31T00:00:00')
    expect(() => cell(0, 'later')).toThrow('outside the years 1 to 9999')
  })
})

test('values depend on the row alone, not on the order they are asked for', () => {
  const written = {
    id: { sampler_type: 'uuid', params: { short_form: true } },
    age: { ...uniform, convert_to: 'int' },
    height: {
      sampler_type: 'gaussian',
      params: { mean: 1.7, stddev: 0.1 },
      conditional_params: { 'age < 18': { mean: 1.3, stddev: 0.2 } },
    },
    tier,
    perk: {
      sampler_type: 'subcategory',
      params: { category: 'tier', values: { gold: ['a', 'b'], silver: ['c', 'd'] } },
    },
    since: { sampler_type: 'datetime', params: { start: '2020', end: '2025', unit: 's' } },
    until: {
      sampler_type: 'timedelta',
      params: { reference_column_name: 'since', dt_min: 0, dt_max: 500 },
    },
  }
  const names = Object.keys(written)
  const addresses = fc.array(
    fc.tuple(fc.oneof(fc.nat(50), fc.maxSafeNat()), fc.constantFrom(...names)),
    { minLength: 1, maxLength: 20 },
  )
  fc.assert(
    fc.property(addresses, (asked) => {
      const forward = prepare(written)
      const backward = prepare(written)
      const first = asked.map(([row, name]) => forward.cell(row, name))
      const second = asked.toReversed().map(([row, name]) => backward.cell(row, name))
      expect(second.toReversed()).toEqual(first)
    }),
    { numRuns: 30 },
  )
})

describe('static problems', () => {
  const messages = (written: Record<string, Written>, seed: Record<string, SeedColumn> = {}) =>
    told(prepare(written, seed).problems)

  test('a skip', () => {
    const skip = { when: '{{ a }}' }
    expect(messages({ c: { ...uniform, skip } })).toMatchInlineSnapshot(`
      [
        "skip-on-sampler at columns[0].skip: Column 'c' is a sampler, which can't be skipped |  |  | Put the skip on the columns that use it, or use conditional_params.",
      ]
    `)
  })

  test('a convert_to that means nothing', () => {
    expect(messages({ c: { ...uniform, convert_to: 'int64' } })).toMatchInlineSnapshot(`
      [
        "unknown-conversion at columns[0].convert_to: Column 'c' has a convert_to that cannot be used | int, float or str, for a number or category | 'int64' | Did you mean 'int'?",
      ]
    `)
    const params = { start: '2024', end: '2025' }
    const dates = { sampler_type: 'datetime', params }
    expect(messages({ c: { ...dates, convert_to: '%Q' } })).toMatchInlineSnapshot(`
      [
        "unknown-conversion at columns[0].convert_to: Column 'c' has a convert_to that cannot be used | '%Q' is not a directive; the directives are %Y %m %d %H %M %S %f %y %b %B %a %A %j %p %I %U %W %w %G %g %V %u %e %k %l %C %h %P %F %D %x %T %X %R %r %c %s %Z %z %n %t %% | '%Q' | ",
      ]
    `)
    expect(messages({ c: { ...dates, convert_to: 'str' } })).toHaveLength(1)
  })

  test('values that cannot be converted', () => {
    const params = { values: ['1', 'two'] }
    const written = { sampler_type: 'category', params, convert_to: 'int' }
    expect(messages({ c: written })).toMatchInlineSnapshot(`
      [
        "cast-failed at columns[0].convert_to: Column 'c' can't convert all its values: 'two' is not a number, so it has no int64 form |  |  | Remove the value or the convert_to.",
      ]
    `)
    const infinite = { values: [1.5, Infinity] }
    expect(messages({ c: { ...written, params: infinite } })).toHaveLength(1)
  })

  test('a condition in braces, or one that cannot be read', () => {
    const branch = { low: 1, high: 2 }
    expect(messages({ c: { ...uniform, conditional_params: { '{{ age > 1 }}': branch } } }))
      .toMatchInlineSnapshot(`
      [
        "braces-in-condition at columns[0].conditional_params["{{ age > 1 }}"]: A condition of column 'c' is a template, not an expression | an expression without braces, such as age >= 18 or tier == 'gold' | {{ age > 1 }} | Write age > 1",
      ]
    `)
    expect(messages({ c: { ...uniform, conditional_params: { '{{ a }} > 1': branch } } })).toEqual([
      expect.stringContaining('Write only the expression, without braces.'),
    ])
    const [broken = ''] = messages({ c: { ...uniform, conditional_params: { 'age >': branch } } })
    expect(broken).toContain('template-syntax at columns[0].conditional_params["age >"]')
  })

  test('parameters of a branch, at the place of the branch', () => {
    const conditional_params = { 'tier == 1': { low: 2, high: 1 } }
    const [reversed = ''] = messages({ tier, c: { ...uniform, conditional_params } })
    expect(reversed).toContain('at columns[1].conditional_params["tier == 1"].high')
  })

  test('keys that are not those of the category', () => {
    const values = { gold: ['a'], bronze: ['b'] }
    const params = { category: 'tier', values }
    expect(messages({ tier, c: { sampler_type: 'subcategory', params } })).toMatchInlineSnapshot(`
      [
        "missing-key at columns[1].params.values: Column 'c' has no list for 'silver' of 'tier' | one list for each of 'gold', 'silver' |  | ",
        "unknown-key at columns[1].params.values.bronze: Column 'c' has a list for 'bronze', which 'tier' never gives | one list for each of 'gold', 'silver' | 'bronze' | ",
      ]
    `)
    const twice = { '1': ['a'], '1.0': ['b'] }
    expect(
      messages({
        parent: { sampler_type: 'category', params: { values: [1] } },
        c: { sampler_type: 'subcategory', params: { category: 'parent', values: twice } },
      }),
    ).toMatchInlineSnapshot(`
      [
        "unknown-key at columns[1].params.values["1.0"]: Column 'c' has a second list for '1' of 'parent' | one list for each of '1' | '1.0' | ",
      ]
    `)
  })

  test('a parent that is not a category', () => {
    const child = (category: string) => ({
      sampler_type: 'subcategory',
      params: { category, values: { gold: ['a'], silver: ['b'], a: [1], b: [2] } },
    })
    expect(messages({ uniform, c: child('uniform') })).toMatchInlineSnapshot(`
      [
        "wrong-reference at columns[1].params.category: Column 'c' is a subcategory of 'uniform', which is not a category column | the name of a sampler column of type category | a uniform sampler | For other columns, write conditional_params: one condition per value.",
      ]
    `)
    expect(messages({ c: child('s') }, { s: { type: 'string', values: [] } }))
      .toMatchInlineSnapshot(`
      [
        "wrong-reference at columns[0].params.category: Column 'c' is a subcategory of 's', which is not a category column | the name of a sampler column of type category | a seed column | For other columns, write conditional_params: one condition per value.",
      ]
    `)
    const parent = {
      sampler_type: 'subcategory',
      params: { category: 'tier', values: { gold: ['a'], silver: ['b'] } },
    }
    expect(messages({ tier, parent, c: child('parent') })).toHaveLength(1)
  })

  test("the template language's own functions are no references, a column of the name is", () => {
    const conditional_params = { 'age in range(18, 99)': { low: 1, high: 2 } }
    const age = { ...uniform, convert_to: 'int' }
    const written = { age, c: { ...uniform, conditional_params } }
    const names = (description: ColumnDescription | undefined) =>
      description?.references.map(({ name, within }) => [name, within])
    const { descriptions, cells } = prepare(written)
    expect(names(descriptions.get('c'))).toEqual([['age', { line: 1, column: 1 }]])
    const inRange = cells('age', 50).map((value) => Number(value) >= 18 && Number(value) < 99)
    expect(cells('c', 50).map((value) => Number(value) < 2)).toEqual(inRange)
    const shadowed = prepare({ ...written, range: uniform }).descriptions.get('c')
    expect(names(shadowed)?.map(([name]) => name)).toEqual(['age', 'range'])
  })

  test('names no one knows are left to the graph', () => {
    const { problems, descriptions } = prepare({
      c: { sampler_type: 'subcategory', params: { category: 'nobody', values: {} } },
    })
    expect(problems).toEqual([])
    expect(descriptions.get('c')?.references).toEqual([
      { name: 'nobody', path: ['columns', 0, 'params', 'category'] },
    ])
  })
})
