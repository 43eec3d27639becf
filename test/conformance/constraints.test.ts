import { describe, expect, test } from 'vitest'
import { formatPath } from '../../src/config/format-problems.ts'
import { validate } from '../../src/index.ts'

// Constraints that no row can meet are named by `validate`, with the interval that is empty.

interface Sampler {
  type: string
  params: object
  convert?: string
  when?: Record<string, object>
}

const number = (low: number, high: number, more: object = {}): Sampler => ({
  type: 'uniform',
  params: { low, high, ...more },
})
const whole = (low: number, high: number): Sampler => ({ ...number(low, high), convert: 'int' })
const date = (start: string, end: string, unit = 'D', convert?: string): Sampler => ({
  type: 'datetime',
  params: { start, end, unit },
  ...(convert === undefined ? {} : { convert }),
})
const after = (reference: string, least: number, convert?: string): Sampler => ({
  type: 'timedelta',
  params: { dt_min: least, dt_max: least + 3, reference_column_name: reference },
  ...(convert === undefined ? {} : { convert }),
})

const words = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const

/** `a < b`, `a >= 3`. */
function constraintOf(text: string): object {
  const [target_column = '', sign = '', rhs = ''] = text.split(' ')
  const operator = words[sign as keyof typeof words]
  return { target_column, operator, rhs: /^-?[\d.]+$/.test(rhs) ? Number(rhs) : rhs }
}

async function told(columns: Record<string, Sampler>, ...constraints: string[]): Promise<string[]> {
  const config = {
    columns: Object.entries(columns).map(([name, { type, params, convert, when }]) => ({
      name,
      column_type: 'sampler',
      sampler_type: type,
      params,
      ...(convert === undefined ? {} : { convert_to: convert }),
      ...(when === undefined ? {} : { conditional_params: when }),
    })),
    constraints: constraints.map(constraintOf),
  }
  const { problems } = await validate({ config: { text: JSON.stringify(config) } })
  // Of what can't be drawn in most rows, a warning tells by the way.
  const errors = problems.filter(({ level }) => level === 'error')
  return errors.map(({ code, path, message, expected }) =>
    [code, formatPath(path), message.split('leave none of its values')[1] ?? '', expected]
      .filter((part) => part !== '' && part !== undefined)
      .join(' | '),
  )
}

const [a, b, c] = [number(0, 10), number(0, 10), number(0, 10)]
const day = date('2025-01-01', '2025-02-01')

describe('comparisons that go round', () => {
  test('each below the next one', async () => {
    const problems = await told({ a, b, c }, 'a < b', 'b < c', 'c < a')
    expect(problems).toContain(
      "unsatisfiable-constraint | constraints[0] | : they say a < b < c < a | a value that is above 'c' and below 'b'",
    )
  })

  test.each([
    [
      ['a > b', 'a < b'],
      "constraints[1] | : they say a < b < a | a value that is above 'b' and below 'b'",
    ],
    [
      ['a >= b', 'a < b'],
      "constraints[1] | : they say a < b ≤ a | a value that is at least 'b' and below 'b'",
    ],
    [
      ['a > b', 'a < c', 'c < b'],
      "constraints[1] | : they say a < c < b < a | a value that is above 'b' and below 'c'",
    ],
    [
      ['a >= b', 'a <= b'],
      "constraints[1] | : they say a ≤ b ≤ a, and draws of 'b' are never equal to others | a value that is at least 'b' and at most 'b'",
    ],
  ])('%j though no column waits for another', async (constraints, problem) => {
    const expected = [`unsatisfiable-constraint | ${problem}`]
    expect(await told({ a, b, c }, ...constraints)).toEqual(expected)
  })

  test('whole numbers may be equal', async () => {
    const columns = { a: whole(0, 10), b: whole(5, 20) }
    expect(await told(columns, 'a >= b', 'a <= b')).toEqual([])
    const [problem] = await told({ a: whole(0, 10), b: whole(15, 20) }, 'a >= b', 'a <= b')
    expect(problem).toContain('a whole number that is at least 15')
  })

  test('a date after one that it precedes', async () => {
    expect(await told({ day, due: after('day', 1) }, 'due <= day')).toEqual([
      "unsatisfiable-constraint | constraints[0] | : they say due ≤ day < due | a value that is above 'day' and at most 'day'",
    ])
    expect(await told({ day, due: after('day', 0) }, 'due <= day')).toEqual([])
    // Both are the first of a month by their texts.
    const [first, second] = [{ ...day, convert: '%Y-%m' }, after('day', 1, '%Y-%m')]
    expect(await told({ day: first, due: second }, 'due <= day')).toEqual([])
  })
})

describe('comparisons whose ends do not meet', () => {
  test.each<[string, Record<string, Sampler>, string[], string[]]>([
    [
      'two columns',
      { low: number(0, 5), high: number(6, 9) },
      ['low >= high'],
      ['constraints[0] | , with high ≤ low | a value that is at least 6'],
    ],
    [
      'two that only touch',
      { low: number(0, 5), high: number(5, 9) },
      ['low >= high'],
      ['constraints[0] | , with high ≤ low | a value that is at least 5'],
    ],
    [
      'a chain, bounded at its ends',
      { a, b, c },
      ['a > 6', 'b > a', 'c >= b', 'c <= 5'],
      ['constraints[1] | , with a < b ≤ c | a value that is above 6 and at most 5'],
    ],
    [
      'a chain through a column without bounds',
      { a: number(10, 20), b: number(0, 30), c: number(0, 5) },
      ['a < b', 'c > b'],
      ['constraints[0] | , with a < b < c | a value that is below 5'],
    ],
    [
      'whole numbers that are too few',
      { a: whole(0, 1.4), b: whole(0, 1.4), c: whole(0, 1.4) },
      ['b > a', 'c > b'],
      ['constraints[0] | , with a < b < c | a whole number that is above 0 and below 1'],
    ],
    [
      'a whole number between two of a bounded column',
      { a: number(3.2, 3.4), b: { type: 'poisson', params: { mean: 4 } } },
      ['b > a', 'b < 4'],
      ['constraints[1] | , with a < b | a whole number that is above 3.2 and below 4'],
    ],
    [
      'rounded values',
      { a: number(0, 1, { decimal_places: 1 }), b: number(0.31, 0.39) },
      ['a > b', 'a < 0.4'],
      ['constraints[1] | , with b < a | a multiple of 0.1 that is above 0.31 and below 0.4'],
    ],
    [
      'listed values',
      {
        a: { type: 'category', params: { values: [1, 5, 9] } },
        b: { type: 'category', params: { values: [6, 7] } },
      },
      ['a > b', 'a < 9'],
      ['constraints[1] | , with b < a | a whole number that is above 6 and below 9'],
    ],
    [
      'subcategories',
      {
        a: { type: 'category', params: { values: ['x', 'y'] } },
        b: { type: 'subcategory', params: { category: 'a', values: { x: [1, 2], y: [3] } } },
      },
      ['b > 3'],
      ['constraints[0] | | a whole number that is above 3'],
    ],
    [
      'days',
      { a: date('2025-03-01', '2025-04-01'), b: date('2025-01-01', '2025-03-01') },
      ['b >= a'],
      ['constraints[0] | , with a ≤ b | a date that is at least 2025-03-01T00:00:00'],
    ],
    [
      'days of one month, by their months',
      {
        a: date('2025-03-01', '2025-04-01', 'D', '%Y-%m'),
        b: date('2025-03-05', '2025-04-01', 'D', '%Y-%m'),
      },
      ['b > a'],
      ['constraints[0] | , with a < b | a date that is above 2025-03-01T00:00:00'],
    ],
    [
      'time added to days',
      { day, due: after('day', 40), end: date('2025-01-01', '2025-02-01') },
      ['end > due'],
      ['constraints[0] | , with due < end | a date that is above 2025-02-10T00:00:00'],
    ],
    [
      'the rows of one condition',
      {
        a,
        b: {
          ...number(0, 100),
          when: { 'a > 5': { low: -5, high: 0, sampler_type: 'uniform' } },
        },
      },
      ['b >= a'],
      ['constraints[0] |  where a > 5, with a ≤ b | a value that is at least 0'],
    ],
  ])('%s', async (_, columns, constraints, problems) => {
    const expected = problems.map((one) => `unsatisfiable-constraint | ${one}`)
    expect(await told(columns, ...constraints)).toEqual(
      expected.map((one) => one.replace(' | | ', ' | ')),
    )
  })
})

describe('bounds by numbers that leave nothing', () => {
  test.each<[string, Sampler, string[], string]>([
    ['above and below', a, ['x > 5', 'x <= 3'], 'a value that is above 5 and at most 3'],
    ['one place', a, ['x >= 5', 'x <= 5'], 'a value that is at least 5 and at most 5'],
    [
      'counts',
      { type: 'binomial', params: { n: 9, p: 0.5 } },
      ['x > 3', 'x < 4'],
      'a whole number that is above 3 and below 4',
    ],
    ['rounding', whole(0, 10), ['x > 4', 'x < 5'], 'a whole number that is above 4 and below 5'],
    [
      'digits',
      number(0, 1, { decimal_places: 1 }),
      ['x > 0.11', 'x < 0.19'],
      'a multiple of 0.1 that is above 0.11 and below 0.19',
    ],
    ['a constant', number(5, 5), ['x < 5'], 'a value that is below 5'],
    [
      'a gaussian that is a constant',
      { type: 'gaussian', params: { mean: 2, stddev: 0 } },
      ['x > 2'],
      'a value that is above 2',
    ],
    [
      'a mixture with zeros',
      {
        type: 'bernoulli_mixture',
        params: { p: 0.5, dist_name: 'uniform', dist_params: { loc: 2, scale: 1 } },
      },
      ['x > 0', 'x < 2'],
      'a value that is above 0 and below 2',
    ],
    [
      'values of text that become numbers',
      { type: 'category', params: { values: ['1', '2'] }, convert: 'int' },
      ['x > 1', 'x < 2'],
      'a whole number that is above 1 and below 2',
    ],
    [
      'a chance of nothing',
      { type: 'bernoulli', params: { p: 0 } },
      ['x > 0'],
      'a whole number that is above 0',
    ],
  ])('%s', async (_, x, constraints, expected) => {
    const last = constraints.length - 1
    expect(await told({ x }, ...constraints)).toEqual([
      `unsatisfiable-constraint | constraints[${last}] | ${expected}`,
    ])
  })

  test('what can be met is not told of', async () => {
    const mixture = {
      type: 'bernoulli_mixture',
      params: { p: 0.5, dist_name: 'expon', dist_params: {} },
    }
    expect(await told({ x: mixture }, 'x <= 0')).toEqual([])
    expect(await told({ a, b, c }, 'a < b', 'c > b', 'c > 9', 'a < 1')).toEqual([])
    expect(await told({ a: number(0, 5), b: number(4, 9) }, 'a > b')).toEqual([])
    expect(await told({ day, due: after('day', 1) }, 'due > day')).toEqual([])
  })
})

test('what is no sampler of numbers or dates can not be bounded', async () => {
  const columns = [
    { name: 'x', column_type: 'expression', expr: '3', dtype: 'int' },
    { name: 'y', column_type: 'sampler', sampler_type: 'uniform', params: { low: 0, high: 1 } },
    { name: 't', column_type: 'sampler', sampler_type: 'category', params: { values: ['p'] } },
  ]
  const constraints = ['x < 3', 'y < x', 't < 3', 'y < t', 'y < none'].map(constraintOf)
  const text = JSON.stringify({ columns, constraints })
  const { problems } = await validate({ config: { text } })
  expect(problems.map(({ code, path }) => `${code} ${formatPath(path)}`).toSorted()).toEqual([
    'unknown-reference constraints[4].rhs',
    'unsupported-constraint constraints[0].target_column',
    'unsupported-constraint constraints[1].rhs',
    'unsupported-constraint constraints[2].target_column',
    'unsupported-constraint constraints[3].rhs',
  ])
})
