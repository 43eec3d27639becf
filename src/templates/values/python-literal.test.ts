import { expect, test } from 'vitest'
import { Double, type Value } from '../../util/value.ts'
import { parseLiteral } from './python-literal.ts'

test.each<[string, Value]>([
  ['1', 1],
  ['-1', -1],
  ['+1', 1],
  ['1_000', 1000],
  ['0x1F', 31],
  ['00', 0],
  ['1.', new Double(1)],
  ['.5', 0.5],
  ['1e3', new Double(1000)],
  ['123456789012345678901', 123456789012345678901n],
  ['True', true],
  ['None', null],
  ['"a"', 'a'],
  ["'it\\'s'", "it's"],
  ["'a' 'b'", 'ab'],
  ['"""a\nb"""', 'a\nb'],
  ["'\\x41\\u00e9'", 'Aé'],
  ['[1, "a", [2.0], ]', [1, 'a', [new Double(2)]]],
  ['[1,\n 2]', [1, 2]],
  ['(1)', 1],
  ['(1,)', [1]],
  ['()', []],
  ['1, 2', [1, 2]],
  [
    "{'a': 1, 2: None}",
    new Map<string, Value>([
      ['a', 1],
      ['2', null],
    ]),
  ],
  ['5 # five', 5],
  ['5 \n', 5],
])('%j is a literal', (text, value) => {
  expect(parseLiteral(text)).toEqual(value)
})

test.each([
  '',
  ' 1',
  'abc',
  'true',
  'null',
  '007',
  '1 2',
  '{1, 2}',
  '1 + 1',
  '[1',
  "'a",
  'nan',
  '1a',
  'Trues',
  'a b',
  '-"a"',
  '-True',
  '1_',
  '__import__("os")',
  '[x]',
  '1.2.3',
  '\\x',
  "'\\x4'",
  '{[1]: 2}',
  '['.repeat(500),
  '-'.repeat(5000) + '1',
])('%j stays text', (text) => {
  expect(parseLiteral(text)).toBe(text)
})
