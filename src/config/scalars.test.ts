import { expect, test } from 'vitest'
import type { z } from 'zod'
import { Double } from '../util/value.ts'
import { mappingOf } from './literal.ts'
import { problemsOfZod } from './problems.ts'
import {
  double,
  flag,
  integer,
  list,
  literal,
  mapOf,
  mapping,
  oneOf,
  scalar,
  text,
} from './scalars.ts'

type Row = [string, z.ZodType, unknown, unknown]

test.each<Row>([
  ['flag', flag(), true, true],
  ['flag', flag(), false, false],
  ['flag', flag(), 0, false],
  ['flag', flag(), 1, true],
  ['flag', flag(), new Double(0), false],
  ['flag', flag(), new Double(1), true],
  ...['true', 't', 'yes', 'y', 'on', '1', 'True', 'ON'].map((word): Row => [
    'flag',
    flag(),
    word,
    true,
  ]),
  ...['false', 'f', 'no', 'n', 'off', '0', 'False', 'oFf'].map((word): Row => [
    'flag',
    flag(),
    word,
    false,
  ]),
  ['integer', integer(), 5, 5],
  ['integer', integer(), new Double(5), 5],
  ['integer', integer(), new Double(-0), 0],
  ['integer', integer(), true, 1],
  ['integer', integer(), '10', 10],
  ['integer', integer(), '10.0', 10],
  ['integer', integer(), ' 10 ', 10],
  ['integer', integer(), '1_000', 1000],
  ['integer', integer(), '+5', 5],
  ['integer', integer({ min: 1, max: 3 }), 3, 3],
  ['double', double(), 5, 5],
  ['double', double(), new Double(3), 3],
  ['double', double(), 0.25, 0.25],
  ['double', double(), 2n ** 70n, 2 ** 70],
  ['double', double(), true, 1],
  ['double', double(), '0.7', 0.7],
  ['double', double(), '1e3', 1000],
  ['double', double(), 'inf', Infinity],
  ['double', double(), '-Infinity', -Infinity],
  ['double', double(), 'nan', NaN],
  ['double', double(), '1_000', 1000],
  ['double', double(), ' 2.5 ', 2.5],
  ['double', double(), '.5', 0.5],
  ['double', double({ above: 0, below: 1 }), 0.5, 0.5],
  ['text', text(), 'a', 'a'],
  ['text', text(), '', ''],
  ['oneOf', oneOf(['int', 'str']), 'str', 'str'],
  ['list', list(integer()), ['1', new Double(2)], [1, 2]],
  [
    'mapOf',
    mapOf(text()),
    mappingOf([
      ['b', 'x'],
      ['2', 'y'],
      ['1', 'z'],
    ]),
    new Map([
      ['b', 'x'],
      ['2', 'y'],
      ['1', 'z'],
    ]),
  ],
  ['literal', literal(), new Double(1), new Double(1)],
  ['literal', literal(), null, null],
  ['scalar', scalar(), 1n, 1n],
  ['nullable', integer().nullable().default(null), undefined, null],
  ['nullable', integer().nullable().default(null), null, null],
  ['default', integer().default(4), undefined, 4],
])('%s takes %3$o for %2$o', (_, schema, input, output) => {
  expect(schema.parse(input)).toStrictEqual(output)
})

test.each<Row>([
  ['flag', flag(), 2, 'wrong-type'],
  ['flag', flag(), 0.5, 'wrong-type'],
  ['flag', flag(), null, 'wrong-type'],
  ['flag', flag(), '', 'wrong-type'],
  ['flag', flag(), ' true ', 'wrong-type'],
  ['integer', integer(), 10.5, 'wrong-type'],
  ['integer', integer(), '10.5', 'wrong-type'],
  ['integer', integer(), '1e3', 'wrong-type'],
  ['integer', integer(), '0x1F', 'wrong-type'],
  ['integer', integer(), '', 'wrong-type'],
  ['integer', integer(), new Double(1e20), 'out-of-range'],
  ['integer', integer(), 2n ** 60n, 'out-of-range'],
  ['integer', integer(), NaN, 'wrong-type'],
  ['integer', integer(), null, 'wrong-type'],
  ['integer', integer({ min: 1 }), 0, 'out-of-range'],
  ['double', double(), '0x1F', 'wrong-type'],
  ['double', double(), '', 'wrong-type'],
  ['double', double(), null, 'wrong-type'],
  ['double', double(), [1], 'wrong-type'],
  ['double', double({ min: 0, max: 1 }), 1.5, 'out-of-range'],
  ['double', double({ min: 0 }), NaN, 'out-of-range'],
  ['double', double({ above: 0 }), 0, 'out-of-range'],
  ['double', double({ below: 1 }), new Double(1), 'out-of-range'],
  ['text', text(), 5, 'wrong-type'],
  ['text', text(), true, 'wrong-type'],
  ['text', text(), null, 'wrong-type'],
  ['text', text({ nonEmpty: true }), '', 'wrong-format'],
  ['oneOf', oneOf(['int', 'str']), 'STR', 'wrong-word'],
  ['oneOf', oneOf(['int', 'str']), true, 'wrong-word'],
  ['list', list(text()), 'a', 'wrong-type'],
  ['list', list(text()), {}, 'wrong-type'],
  ['list', list(text(), { min: 1 }), [], 'out-of-range'],
  ['list', list(text()), ['a', 1], 'wrong-type'],
  ['mapOf', mapOf(text()), ['a'], 'wrong-type'],
  ['mapOf', mapOf(text()), { a: 1 }, 'wrong-type'],
  ['mapping', mapping(), new Double(1), 'wrong-type'],
  ['scalar', scalar(), null, 'wrong-type'],
  ['scalar', scalar(), [], 'wrong-type'],
])('%s refuses %2$o: %3$s', (_, schema, value, code) => {
  const result = schema.safeParse(value)
  const problems = result.error ? problemsOfZod(result.error, { path: [], value }) : []
  expect(problems.map((problem) => problem.code)).toEqual([code])
  expect(problems[0]?.expected).toBeTypeOf('string')
  expect(problems[0]?.received).toBeTypeOf('string')
})
