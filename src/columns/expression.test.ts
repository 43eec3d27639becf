import { describe, expect, test } from 'vitest'
import {
  bindRow,
  columnGraph,
  columnProblems,
  inputs,
  named,
  rowOf,
  written,
} from '../../test/support/column-case.ts'
import { type Cell, Double, type Value } from '../util/value.ts'

function value(fields: Record<string, unknown>, cells: Record<string, Value> = {}): Cell {
  const graph = columnGraph([written({ name: 'e', ...fields }), ...inputs(...Object.keys(cells))])
  return bindRow(graph, 'e').generate(rowOf(graph, cells))
}

test.each([
  [{ expr: '{{ a }}/{{ b }}' }, { a: 'x', b: 1 }, 'x/1'],
  [{ expr: 'a + b' }, {}, 'a + b'],
  [{ expr: '{{ a }}' }, { a: new Double(3) }, '3.0'],
  [{ expr: '{{ a }}' }, { a: true }, 'True'],
  [{ expr: '{{ a }}' }, { a: null }, 'None'],
  [{ expr: '{{ a + b }}', dtype: 'int' }, { a: 1, b: 2 }, 3],
  [{ expr: '{{ a / 2 }}', dtype: 'int' }, { a: 7 }, 3],
  [{ expr: '{{ a / 2 }}', dtype: 'float' }, { a: 4 }, new Double(2)],
  [{ expr: '{{ a > 3 }}', dtype: 'bool' }, { a: 4 }, true],
  [{ expr: '{{ a.size }}', dtype: 'int' }, { a: new Map([['size', 4]]) }, 4],
])('%j of %j is %j', (fields, cells, expected) => {
  expect(value(fields, cells)).toStrictEqual(expected)
})

test('text that looks like JSON stays text', () => {
  expect(value({ expr: '{{ a }}' }, { a: '1.50' })).toBe('1.50')
  expect(value({ expr: '{{ a }}' }, { a: 'null' })).toBe('null')
  expect(value({ expr: '{{ a }}', dtype: 'float' }, { a: '1.50' })).toBe(1.5)
})

test.each([
  [0.1],
  [1e-7],
  [5],
  [2 ** 53 - 1],
  [2n ** 70n],
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [new Double(3)],
  [new Double(-0)],
  [new Double(1e22)],
  ['1_000'],
  [' 7 '],
])('number %# is the same with and without its text being written', (a) => {
  const fromText = value({ expr: ' {{ a }}', dtype: 'float' }, { a })
  expect(value({ expr: '{{ a }} ', dtype: 'float' }, { a })).toStrictEqual(fromText)
})

test.each([['0x10'], [true], [null]])('%j is not a number either way', (a) => {
  expect(() => value({ expr: '{{ a }}', dtype: 'float' }, { a })).toThrow('expected a number')
  expect(() => value({ expr: ' {{ a }}', dtype: 'float' }, { a })).toThrow('expected a number')
})

test('one generator serves every row', () => {
  const graph = columnGraph([written({ name: 'e', expr: '{{ a }}!' }), ...inputs('a')])
  const generator = bindRow(graph, 'e')
  const made = ['x', 'y', 'x'].map((a) => generator.generate(rowOf(graph, { a })))
  expect(made).toEqual(['x!', 'y!', 'x!'])
})

test('filters that draw depend on the run seed and the row only', () => {
  const graph = columnGraph([written({ name: 'e', expr: '{{ range(100000) | random }}' })])
  function drawn(rows: readonly number[], runSeed: bigint): Cell[] {
    const generator = bindRow(graph, 'e', { runSeed })
    return rows.map((row) => generator.generate(rowOf(graph, {}, row)))
  }
  const made = drawn([0, 1, 2], 1n)
  expect(new Set(made).size).toBe(3)
  expect(drawn([2, 1, 0], 1n)).toEqual(made.toReversed())
  expect(drawn([0, 1, 2], 2n)).not.toEqual(made)
})

test('a name that the template sets in some ways through it needs no column', () => {
  const expr = "{% if a == 'gold' %}{% set perk = 'lounge' %}{% endif %}[{{ perk }}]"
  expect(value({ expr }, { a: 'gold' })).toBe('[lounge]')
  expect(value({ expr }, { a: 'basic' })).toBe('[]')
  // Where there is a column of that name, it is read where the name is not set.
  expect(value({ expr }, { a: 'basic', perk: 'column' })).toBe('[column]')
  expect(value({ expr }, { a: 'gold', perk: 'column' })).toBe('[lounge]')
  // The column the template makes has no value yet, so it can't be meant.
  const own = expr.replaceAll('perk', 'e')
  expect(value({ expr: own }, { a: 'gold' })).toBe('[lounge]')
  expect(value({ expr: own }, { a: 'basic' })).toBe('[]')
})

test('a column named like a function of the template language is read as the column', () => {
  expect(value({ expr: '{{ range }}' }, { range: 'near' })).toBe('near')
  expect(value({ expr: '{{ range(3) | join }}' })).toBe('012')
})

describe('a cell fails', () => {
  test.each([
    ['empty-render', { expr: '{{ a }}' }, { a: '' }],
    ['empty-render', { expr: '{{ a }}' }, { a: ' \n ' }],
    ['empty-render', { expr: '{% if a %}x{% endif %}' }, { a: false }],
    ['template-error', { expr: '{{ a + 1 }}' }, { a: '1' }],
    ['template-error', { expr: '{{ a.b.c }}' }, { a: new Map() }],
    ['cast-failed', { expr: '{{ a }}', dtype: 'int' }, { a: 'seven' }],
    ['cast-failed', { expr: '{{ a }}', dtype: 'int' }, { a: NaN }],
    ['cast-failed', { expr: '{{ a }}', dtype: 'int' }, { a: Infinity }],
  ])('%s: %j of %j', (code, fields, cells) => {
    expect(() => value(fields, cells)).toThrow(
      expect.objectContaining({ name: 'CellFailure', code }),
    )
  })
})

test.each([
  ['str', 'string'],
  ['int', 'int64'],
  ['float', 'float64'],
  ['bool', 'bool'],
])('dtype %s is a column of type %s', (dtype, type) => {
  const graph = columnGraph([written({ name: 'e', expr: 'x', dtype })])
  expect(named(graph, 'e')).toMatchObject({ type, by: 'row', pure: true, requests: 'none' })
})

test.each([
  ['int', '7', 7],
  ['int', 7.9, 7],
  ['int', true, 1],
  ['str', 0, '0'],
  ['str', true, 'True'],
  ['str', new Double(2), '2.0'],
  ['float', '1.5', 1.5],
  ['float', 2, 2],
  ['bool', 'False', false],
  ['bool', true, true],
  ['bool', null, null],
])('a skip value for %s: %j becomes %j', (dtype, written_, expected) => {
  const skip = { when: '{{ a }}', value: written_ }
  const graph = columnGraph([written({ name: 'e', expr: 'x', dtype, skip }), ...inputs('a')])
  expect(named(graph, 'e').skip?.value).toStrictEqual(expected)
})

describe('problems', () => {
  test.each([
    ['a blank expression', { expr: ' \n' }, "wrong-format @ columns.0.expr: 'expr' of column 'e'"],
    ['no expression', {}, "missing-field @ columns.0.expr: Column 'e' lacks 'expr'"],
    ['an unknown dtype', { expr: 'x', dtype: 'string' }, 'wrong-word @ columns.0.dtype: '],
    ['an unknown field', { expr: 'x', allow_resize: true }, 'unknown-key @ columns.0.allow_resize'],
    ['a template that does not parse', { expr: '{{ a' }, 'template-syntax @ columns.0.expr 1:'],
    [
      'a reference to itself',
      { expr: 'x {{ e }}' },
      "self-reference @ columns.0.expr 1:6: Column 'e' refers to itself",
    ],
    [
      'an unknown reference',
      { expr: '{{ topicc }}' },
      "unknown-reference @ columns.0.expr 1:4: Column 'e' refers to 'topicc', which is not a column (Did you mean 'topic'?)",
    ],
    [
      'a skip value its dtype can not read',
      { expr: 'x', dtype: 'int', skip: { when: '{{ topic }}', value: 'seven' } },
      'wrong-format @ columns.0.skip.value',
    ],
    ['a skip shorthand', { expr: 'x', skip: '{{ topic }}' }, 'wrong-type @ columns.0.skip'],
    [
      'a skip condition without a variable',
      { expr: 'x', skip: { when: 'topic == 1' } },
      'constant-condition @ columns.0.skip.when',
    ],
  ])('%s', (_, fields, expected) => {
    const problems = columnProblems([written({ name: 'e', ...fields }), ...inputs('topic')])
    expect(problems).toEqual([expect.stringContaining(expected)])
  })
})
