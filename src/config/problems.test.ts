import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Double } from '../util/value.ts'
import { mappingOf } from './literal.ts'
import type { Problem } from './problem.ts'
import { formatPath, formatProblems } from './format-problems.ts'
import { problemsOfZod, withPositions } from './problems.ts'
import { double, integer, list, mapOf, oneOf, text } from './scalars.ts'

function problemsOf(schema: z.ZodType, value: unknown): Problem[] {
  const { error } = schema.safeParse(value)
  return error
    ? problemsOfZod(error, { path: ['columns', 2], value, schema, subject: "column 'x'" })
    : []
}

const params = z.strictObject({
  low: double(),
  high: double(),
  decimal_places: integer().optional(),
})

test('unknown keys, missing and wrong fields, each with its path', () => {
  const schema = z.strictObject({ name: text(), params, dtype: oneOf(['str', 'int']) })
  const value = { nmae: 'x', params: { low: 'a', hihg: 2 }, dtype: 'string' }
  expect(formatProblems(problemsOf(schema, value))).toMatchInlineSnapshot(`
    "columns[2].params.low
      'params.low' of column 'x' has the wrong type
        expected  a number
        got       text 'a'

    columns[2].params.hihg
      'params' of column 'x' has no field 'hihg'
        Did you mean 'high'?

    columns[2].dtype
      'dtype' of column 'x' is not a word that is known there
        expected  one of str, int
        got       text 'string'

    columns[2].nmae
      Column 'x' has no field 'nmae'
        Did you mean 'name'?

    4 problems"
  `)
})

test('unknown keys inside lists, maps, wrappers and tagged unions get near misses', () => {
  const tagged = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('uniform'), low: integer() }),
    z.strictObject({ kind: z.literal('gaussian'), stddev: integer() }),
  ])
  const schema = z.strictObject({
    items: list(params).optional(),
    by_name: mapOf(params.nullable()).default(new Map()),
    tagged: tagged.nullable(),
  })
  const value = {
    items: [{ low: 1, high: 2, decimal_place: 1 }],
    by_name: { a: { low: 1, high: 2, Low: 3 } },
    tagged: { kind: 'gaussian', stddev: 1, stdev: 2, lo: 1 },
  }
  expect(
    problemsOf(schema, value).map(({ path, suggestion }) => [formatPath(path), suggestion]),
  ).toEqual([
    ['columns[2].items[0].decimal_place', "Did you mean 'decimal_places'?"],
    ['columns[2].by_name.a.Low', "Did you mean 'low'?"],
    ['columns[2].tagged.stdev', "Did you mean 'stddev'?"],
    ['columns[2].tagged.lo', undefined],
  ])
})

describe('alternatives are one problem', () => {
  test('none fits: all are named', () => {
    const schema = z.strictObject({ city: z.union([text(), list(text()), z.null()]) })
    expect(formatProblems(problemsOf(schema, { city: 5 }))).toMatchInlineSnapshot(`
      "columns[2].city
        'city' of column 'x' has the wrong type
          expected  text, or a list, or null
          got       5

      1 problem"
    `)
  })
  test('the one that was meant speaks alone', () => {
    const schema = z.strictObject({ value: z.union([text(), params]) })
    const value = { value: { low: 1, high: 'x' } }
    expect(formatProblems(problemsOf(schema, value))).toMatchInlineSnapshot(`
      "columns[2].value.high
        'value.high' of column 'x' has the wrong type
          expected  a number
          got       text 'x'

      1 problem"
    `)
  })
  test('an unknown tag', () => {
    const schema = z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('uniform') }),
      z.strictObject({ kind: z.literal('gaussian') }),
    ])
    expect(formatProblems(problemsOf(schema, { kind: 'gausian' }))).toMatchInlineSnapshot(`
      "columns[2].kind
        'kind' of column 'x' is not a word that is known there
          expected  one of uniform, gaussian
          got       text 'gausian'
          Did you mean 'gaussian'?

      1 problem"
    `)
    expect(problemsOf(schema, {}).map(({ code }) => code)).toEqual(['missing-field'])
  })
})

test('plain zod schemas speak the same language', () => {
  const schema = z.strictObject({
    a: z.number().min(1),
    b: z.array(z.string()).max(1),
    c: z.enum(['one', 'two']),
    d: z.string().regex(/^x/),
    e: z.boolean(),
  })
  const value = { a: 0, b: ['x', 'y'], c: 'tow', d: 'y', e: 'no' }
  expect(problemsOf(schema, value).map(({ code, expected }) => [code, expected])).toEqual([
    ['out-of-range', 'a number ≥ 1'],
    ['out-of-range', 'a list of at most 1'],
    ['wrong-word', 'one of one, two'],
    ['wrong-format', 'text like /^x/'],
    ['wrong-type', 'true or false'],
  ])
})

test('a whole double where a mapping belongs is one problem', () => {
  const schema = z.strictObject({ params })
  expect(problemsOf(schema, { params: new Double(3) })).toEqual([
    expect.objectContaining({
      code: 'wrong-type',
      path: ['columns', 2, 'params'],
      received: '3.0',
    }),
  ])
})

test('__proto__ as a key is refused like any other', () => {
  const value = mappingOf([
    ['low', 1],
    ['high', 2],
    ['__proto__', 1],
  ])
  expect(problemsOf(params, value).map(({ path }) => path)).toEqual([['columns', 2, '__proto__']])
})

test('secrets are never shown', () => {
  const schema = z.strictObject({ token: integer(), extra_headers: mapOf(integer()) })
  const value = { token: 'hf_verysecret', extra_headers: { Authorization: 'Bearer verysecret' } }
  const problems = problemsOf(schema, value)
  expect(problems).toHaveLength(2)
  expect(JSON.stringify(problems)).not.toContain('verysecret')
})

test('long and multi-line text is cut', () => {
  const schema = z.strictObject({ n: integer() })
  const [problem] = problemsOf(schema, { n: `first\nsecond ${'x'.repeat(500)}` })
  expect(problem?.received).toBe(`text 'first\\nsecond ${'x'.repeat(46)}…'`)
})

test('a list of problems is in the order of the file and ends with their number', () => {
  const problem = (line: number, level: 'error' | 'warning'): Problem => ({
    level,
    code: 'x',
    path: ['a', line],
    message: `message ${line}`,
    file: 'f.yaml',
    position: { line, column: 1 },
  })
  expect(formatProblems([problem(9, 'error'), problem(10, 'error'), problem(2, 'warning')]))
    .toMatchInlineSnapshot(`
    "f.yaml:2:1  a[2]
      warning: message 2

    f.yaml:9:1  a[9]
      message 9

    f.yaml:10:1  a[10]
      message 10

    3 problems: 2 errors, 1 warning"
  `)
  expect(formatProblems([problem(1, 'error')])).toMatch(/\n\n1 problem$/)
  expect(formatProblems([problem(1, 'warning')])).toMatch(/\n\n1 warning$/)
})

test('positions are filled in where they are missing, inside texts too', () => {
  const bare: Problem = {
    level: 'error',
    code: 'x',
    path: ['a'],
    message: 'm',
    within: { line: 2, column: 3 },
  }
  const placed: Problem = { ...bare, file: 'other.yaml', position: { line: 1, column: 1 } }
  const calls: unknown[] = []
  const result = withPositions([bare, placed], 'f.yaml', (path, options) => {
    calls.push([path, options])
    return { line: 7, column: 8 }
  })
  expect(calls).toEqual([[['a'], { key: false, within: { line: 2, column: 3 } }]])
  expect(result).toEqual([{ ...bare, file: 'f.yaml', position: { line: 7, column: 8 } }, placed])
})

test.each([
  [[], ''],
  [['columns', 0, 'params', 'values', 2], 'columns[0].params.values[2]'],
  [['a', 'b c', 'd-e'], 'a["b c"].d-e'],
])('the path %j is shown as %s', (path, shown) => {
  expect(formatPath(path)).toBe(shown)
})
