import { expect, test } from 'vitest'
import { JsonSyntaxError, stringifyJson } from '../util/json.ts'
import { readTolerantJson } from './tolerant-json.ts'

test.each([
  ['{"a": 1, "b": [1, 2.0, 12345678901234567890]}', '{"a":1,"b":[1,2.0,12345678901234567890]}'],
  ['{"a": 1,}', '{"a":1}'],
  ['[1, 2, ]', '[1,2]'],
  ["{'a': 'it''s'}", `{"a":"it''s"}`],
  ["{'a': 'it\\'s', 'b': 'dogs' bones'}", `{"a":"it's","b":"dogs' bones"}`],
  ['{“a”: “b”}', '{"a":"b"}'],
  ['{a: 1, b_2: 2, $c-d: 3}', '{"a":1,"b_2":2,"$c-d":3}'],
  ['{"a": True, "b": None, "c": FALSE, "d": undefined}', '{"a":true,"b":null,"c":false,"d":null}'],
  ['{"a": +1, "b": .5, "c": 5., "d": 1e3}', '{"a":1,"b":0.5,"c":5.0,"d":1000.0}'],
  ['{"a": 1 // one\n, /* two */ "b": 2 # three\n}', '{"a":1,"b":2}'],
  ['{"a": "x" "b": /* two */ 2}', '{"a":"x","b":2}'],
  ['{"a": "x" /* one */}', '{"a":"x"}'],
  ['{"a": 1 "b": 2}', '{"a":1,"b":2}'],
  ['{"a": "x"\n"b": "y"}', '{"a":"x","b":"y"}'],
  ['[{"a": 1}\n{"a": 2}]', '[{"a":1},{"a":2}]'],
  ['{"a": "two\nlines\tand a tab"}', '{"a":"two\\nlines\\tand a tab"}'],
  ['{"a": "He said "hi" to me"}', '{"a":"He said \\"hi\\" to me"}'],
  ['{"a": "x, "y", z", "b": 1}', '{"a":"x, \\"y\\", z","b":1}'],
  ['{"a": "\\alpha \\\\ \\u00e9 \\_"}', '{"a":"\\\\alpha \\\\ é \\\\_"}'],
  ['{"a": "ends" // note\n}', '{"a":"ends"}'],
])('%s', (text, expected) => {
  const { value, end, open } = readTolerantJson(text)
  expect([stringifyJson(value), end, open]).toEqual([expected, text.length, 0])
})

test.each([
  '{"a": 007}',
  '{"a": 1, "a": 2}',
  '{"a": }',
  '{"a": 1, ',
  '{"a": "never ends',
  '{"a": hello}',
  '{"a": 1; "b": 2}',
  '[1 2]',
  '[1, ...]',
  '{"a": 12 min}',
  `${'['.repeat(300)}${']'.repeat(300)}`,
])('%s is not read', (text) => {
  expect(() => readTolerantJson(text)).toThrow(JsonSyntaxError)
})

test('brackets that the end leaves open are counted behind a whole value only', () => {
  expect(readTolerantJson('{"a": [1, 2').open).toBe(2)
  expect(readTolerantJson('{"a": "x"').open).toBe(1)
  expect(() => readTolerantJson('{"a"')).toThrow(JsonSyntaxError)
})

test('reads from a place on, and says where it ended', () => {
  const { value, end } = readTolerantJson('see {"a": 1}. More', 4)
  expect([stringifyJson(value), end]).toEqual(['{"a":1}', 12])
})
