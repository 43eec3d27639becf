import { describe, expect, test } from 'vitest'
import type { ConfigPath } from '../config/problem.ts'
import type { Constraint, Row } from '../graph/kind.ts'
import { createRandom } from '../random/random.ts'
import { Double, type Value } from '../util/value.ts'
import { checkConstraints } from './check-constraints.ts'
import type { SamplerColumn } from './column.ts'
import { cellDistribution } from './declare-distribution.ts'
import type { Sampler } from './define.ts'
import { createCellDraw } from './draw.ts'
import { samplers } from './index.ts'

interface Written {
  params: object
  conditions?: Record<string, object>
  convertTo?: string
  bounds?: readonly (readonly [Constraint['operator'], number | string])[]
}

function columnOf(
  kind: keyof typeof samplers,
  { params, conditions = {}, convertTo, bounds = [] }: Written,
  name: string = 'c',
): SamplerColumn {
  const sampler = samplers[kind] as Sampler<unknown>
  return {
    name,
    sampler,
    params: sampler.params.parse(params),
    conditions: Object.entries(conditions).map(([source, branch]) => ({
      source,
      params: sampler.params.parse(branch),
    })),
    convertTo: convertTo ?? null,
    constraints: bounds.map(([operator, rhs]) => ({ operator, rhs })),
  }
}

/** Cells of the last column; the others can be read by name. */
function cells(rows: number, ...columns: SamplerColumn[]): Value[][] {
  const byName = new Map(columns.map((column) => [column.name, column]))
  const find = (name: string): SamplerColumn | null => byName.get(name) ?? null
  const drawOf = (name: string): ((row: Row) => Value) =>
    createCellDraw(byName.get(name) ?? columnOf('uuid', { params: {} }), {
      sampler: find,
      cells: (other) => drawOf(other),
      random: (stream) => createRandom(5n, stream),
    })
  const draws = columns.map(({ name }) => drawOf(name))
  return Array.from({ length: rows }, (_, index) => {
    const row: Row = {
      index,
      get() {
        throw new RangeError('Cells are read by name here.')
      },
    }
    return draws.map((draw) => draw(row))
  })
}

function numberOf(value: Value | undefined): number {
  return value instanceof Double ? value.value : Number(value)
}

function text(value: Value | undefined): string {
  return typeof value === 'string' ? value : ''
}

function firsts(rows: readonly Value[][]): number[] {
  return rows.map((values) => numberOf(values[0]))
}

/** The greatest distance of observed and declared shares. */
function distance(values: number[], cdf: (value: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.max(
    ...sorted.map((value, at) =>
      Math.max(Math.abs(cdf(value) - at / sorted.length), cdf(value) - (at + 1) / sorted.length),
    ),
  )
}

const count = 4000

describe('bounds by numbers', () => {
  test.each<[string, keyof typeof samplers, Written, number, number]>([
    [
      'a uniform',
      'uniform',
      {
        params: { low: 0, high: 10 },
        bounds: [
          ['gt', 9],
          ['le', 9.5],
        ],
      },
      9,
      9.5,
    ],
    ['a gaussian', 'gaussian', { params: { mean: 0, stddev: 1 }, bounds: [['ge', 1]] }, 1, 6],
    ['its far end', 'gaussian', { params: { mean: 0, stddev: 1 }, bounds: [['ge', 12]] }, 12, 14],
    [
      'its far start',
      'gaussian',
      { params: { mean: 0, stddev: 1 }, bounds: [['lt', -9]] },
      -12,
      -9,
    ],
    [
      'a gamma',
      'scipy',
      { params: { dist_name: 'gamma', dist_params: { a: 2 } }, bounds: [['lt', 1]] },
      0,
      1,
    ],
  ])('%s: all are within, and as declared', (_, kind, written, low, high) => {
    const bounded = columnOf(kind, written)
    const values = firsts(cells(count, bounded))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low)
    expect(Math.max(...values)).toBeLessThanOrEqual(high)
    const declared = cellDistribution(bounded, () => null)
    if (declared?.shape !== 'continuous') throw new Error('nothing is declared')
    expect(distance(values, declared.cdf)).toBeLessThan(1.95 / Math.sqrt(count))
  })

  test.each<[string, keyof typeof samplers, Written, (value: number) => boolean]>([
    [
      'to digits',
      'uniform',
      {
        params: { low: 0, high: 1, decimal_places: 1 },
        bounds: [
          ['gt', 0.3],
          ['lt', 0.6],
        ],
      },
      (value) => value === 0.4 || value === 0.5,
    ],
    [
      'to whole numbers',
      'gaussian',
      {
        params: { mean: 40, stddev: 30 },
        convertTo: 'int',
        bounds: [
          ['ge', 18],
          ['lt', 21],
        ],
      },
      (value) => [18, 19, 20].includes(value),
    ],
    [
      'to hundreds',
      'gaussian',
      {
        params: { mean: 0, stddev: 300, decimal_places: -2 },
        convertTo: 'int',
        bounds: [
          ['gt', 0],
          ['le', 299],
        ],
      },
      (value) => value === 100 || value === 200,
    ],
    [
      'counts',
      'poisson',
      {
        params: { mean: 4 },
        bounds: [
          ['gt', 6.5],
          ['le', 9],
        ],
      },
      (value) => [7, 8, 9].includes(value),
    ],
    [
      'listed values',
      'category',
      {
        params: { values: [1, 2, 3, 50] },
        bounds: [
          ['gt', 1],
          ['lt', 50],
        ],
      },
      (value) => value === 2 || value === 3,
    ],
    [
      'a mixture',
      'bernoulli_mixture',
      { params: { p: 0.5, dist_name: 'norm', dist_params: { loc: 3 } }, bounds: [['gt', 0]] },
      (value) => value > 0,
    ],
  ])('hold behind rounding: %s', (_, kind, written, holds) => {
    const values = firsts(cells(1000, columnOf(kind, written)))
    expect(values.filter((value) => !holds(value))).toEqual([])
  })

  test('what is declared knows the bounds', () => {
    const bounds = [
      ['gt', 1],
      ['le', 3],
    ] as const
    const category = columnOf('category', {
      params: { values: [1, 2, 3], weights: [5, 1, 3] },
      bounds,
    })
    expect(cellDistribution(category, () => null)).toEqual({
      shape: 'listed',
      label: 'category of 3 values, above 1 and at most 3',
      shares: [
        { value: 2, share: 0.25 },
        { value: 3, share: 0.75 },
      ],
    })
    const poisson = cellDistribution(
      columnOf('poisson', { params: { mean: 2 }, bounds }),
      () => null,
    )
    if (poisson?.shape !== 'discrete') throw new Error('nothing is declared')
    // e^-2 (2, 4/3) for two and three.
    expect([1, 2, 3].map(poisson.cdf)).toEqual([0, expect.closeTo(0.6, 12), 1])
  })

  test('a cell depends on its row only', () => {
    const bounded = columnOf('gaussian', { params: { mean: 0, stddev: 1 }, bounds: [['gt', 2]] })
    const few = firsts(cells(3, bounded))
    expect(few).toEqual(firsts(cells(50, bounded)).slice(0, 3))
    expect(few).toMatchInlineSnapshot(`
      [
        2.201088182969408,
        2.305373474425475,
        2.071971310496033,
      ]
    `)
  })
})

describe('bounds by other columns', () => {
  test('numbers lie as they should in every row', () => {
    const floor = columnOf('uniform', { params: { low: 5, high: 50 } }, 'floor')
    const list = columnOf(
      'uniform',
      {
        params: { low: 40, high: 200, decimal_places: 0 },
        bounds: [
          ['gt', 'floor'],
          ['le', 60],
        ],
      },
      'list',
    )
    const rows = cells(1000, floor, list).map((values) => values.map(numberOf))
    const wrong = rows.filter(([a = 0, b = 0]) => !(b > a && b <= 60 && b >= 40))
    expect(wrong).toEqual([])
  })

  test('dates lie as their texts say', () => {
    const range = { start: '2025-01-01', end: '2025-01-20', unit: 'm' }
    const first = columnOf('datetime', { params: range, convertTo: '%Y-%m-%d' }, 'first')
    const then = columnOf(
      'datetime',
      { params: { ...range, end: '2025-02-01' }, convertTo: '%Y-%m-%d', bounds: [['gt', 'first']] },
      'then',
    )
    const shipped = columnOf(
      'timedelta',
      { params: { dt_min: 1, dt_max: 3, reference_column_name: 'then' }, convertTo: '%Y-%m-%d' },
      'shipped',
    )
    const rows = cells(500, first, then, shipped)
    const wrong = rows.filter(([a, b, c]) => !(text(b) > text(a) && text(c) > text(b)))
    expect(wrong).toEqual([])
  })

  test('a row for which there is no value fails', () => {
    const floor = columnOf('uniform', { params: { low: 20, high: 30 } }, 'floor')
    const low = columnOf('uniform', { params: { low: 0, high: 10 }, bounds: [['gt', 'floor']] })
    const rare = columnOf('bernoulli', { params: { p: 1e-9 }, bounds: [['gt', 0]] })
    expect(() => cells(1, floor, low)).toThrow(
      /constraints of 'c' can't be met: nothing is above 2/,
    )
    expect(() => cells(1, rare)).toThrow(/can't be met: none of 10000 draws was within them/)
  })
})

describe('what is wrong with bounds', () => {
  const others = new Map([
    ['day', columnOf('datetime', { params: { start: '2025-01-01', end: '2026-01-01' } }, 'day')],
    ['small', columnOf('uniform', { params: { low: 0, high: 1 } }, 'small')],
  ])

  function told(kind: keyof typeof samplers, written: Written): string[] {
    const bounded = columnOf(kind, written)
    const paths = bounded.constraints.map((_, index): ConfigPath => ['constraints', index])
    return checkConstraints(bounded, paths, {
      sampler: (name) => (name === 'c' ? bounded : (others.get(name) ?? null)),
      otherKind: (name) => (name === 'text' ? 'a column of type llm-text' : null),
      constrained: () => ['c'],
    }).map(
      ({ code, path, message, expected, received }) =>
        `${code} at ${path.join('.')}: ${message} | ${expected} | ${received}`,
    )
  }

  test('what leaves nothing is named with what is left', () => {
    const params = { low: 0, high: 10 }
    expect([
      ...told('uniform', {
        params,
        bounds: [
          ['gt', 5],
          ['le', 3],
        ],
      }),
      ...told('uniform', { params, bounds: [['gt', 10]] }),
      ...told('uniform', {
        params,
        convertTo: 'int',
        bounds: [
          ['gt', 4],
          ['lt', 5],
        ],
      }),
      ...told('uniform', {
        params,
        bounds: [
          ['le', 'small'],
          ['gt', 2],
        ],
      }),
      ...told('category', { params: { values: [1, 2] }, bounds: [['gt', 2]] }),
      ...told('binomial', { params: { n: 5, p: 0.5 }, bounds: [['gt', 5]] }),
      ...told('uniform', {
        params,
        conditions: { 'small > 1': { low: 0, high: 1 } },
        bounds: [['ge', 2]],
      }),
    ]).toMatchInlineSnapshot(`
      [
        "unsatisfiable-constraint at constraints.1: The constraints of column 'c' leave none of its values | a value that is above 5 and at most 3 | uniform values from 0 to 10",
        "unsatisfiable-constraint at constraints.0: The constraints of column 'c' leave none of its values | a value that is above 10 | uniform values from 0 to 10",
        "unsatisfiable-constraint at constraints.1: The constraints of column 'c' leave none of its values | a whole number that is above 4 and below 5 | uniform values from 0 to 10",
        "unsatisfiable-constraint at constraints.1: The constraints of column 'c' leave none of its values, with c ≤ small | a value that is above 2 and at most 1 | uniform values from 0 to 10",
        "unsatisfiable-constraint at constraints.0: The constraints of column 'c' leave none of its values | a whole number that is above 2 | category values from 1 to 2",
        "unsatisfiable-constraint at constraints.0: The constraints of column 'c' leave none of its values | a whole number that is above 5 | binomial values from 0 to 5",
        "unsatisfiable-constraint at constraints.0: The constraints of column 'c' leave none of its values where small > 1 | a value that is at least 2 | uniform values from 0 to 1",
      ]
    `)
    expect(
      told('uniform', {
        params,
        bounds: [
          ['gt', 9],
          ['lt', 10],
        ],
      }),
    ).toEqual([])
    expect(told('gaussian', { params: { mean: 0, stddev: 1 }, bounds: [['gt', 20]] })).toEqual([])
  })

  test('what can not be compared is refused', () => {
    const day = { start: '2025-01-01', end: '2026-01-01' }
    expect([
      ...told('uuid', { params: {}, bounds: [['gt', 5]] }),
      ...told('uniform', { params: { low: 0, high: 1 }, convertTo: 'str', bounds: [['gt', 0]] }),
      ...told('datetime', { params: day, bounds: [['gt', 5]] }),
      ...told('datetime', { params: day, bounds: [['gt', 'small']] }),
      ...told('uniform', { params: { low: 0, high: 1 }, bounds: [['gt', 'text']] }),
    ]).toMatchInlineSnapshot(`
      [
        "unsupported-constraint at constraints.0.target_column: A constraint bounds column 'c', whose values are neither numbers nor dates | a sampler column of numbers or dates | a uuid",
        "unsupported-constraint at constraints.0.target_column: A constraint bounds column 'c', whose values are neither numbers nor dates | a sampler column of numbers or dates | a uniform",
        "unsupported-constraint at constraints.0.rhs: A constraint compares the dates of column 'c' with a number | the name of a datetime or timedelta column | 5",
        "unsupported-constraint at constraints.0.rhs: A constraint compares column 'c' with 'small', and they do not go together | dates | numbers",
        "unsupported-constraint at constraints.0.rhs: A constraint compares column 'c' with 'text', which is drawn by no sampler | a number, or the name of a sampler column | a column of type llm-text",
      ]
    `)
    expect(told('datetime', { params: day, bounds: [['gt', 'day']] })).toEqual([])
  })
})
