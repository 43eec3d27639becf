import { processorMs } from '../../test/support/processor-time.ts'
import { expect, test } from 'vitest'
import { stringifyJson } from '../util/json.ts'
import { findJson } from './find-json.ts'

function found(text: string, cut = false): string[] {
  return findJson(text, { cut }).candidates.map(({ value, unclosed }) =>
    unclosed ? `${stringifyJson(value)} unclosed` : stringifyJson(value),
  )
}

test.each<[string, string[]]>([
  ['{"a": 1}', ['{"a":1}']],
  [' \n5.0 ', ['5.0']],
  ['```json\n{"a": 1}\n```', ['{"a":1}']],
  [
    'Here:\n```json\n{"a": 1}\n```\nand again\n```JSON\n{"a": 2,}\n```\nDone.',
    ['{"a":2}', '{"a":1}'],
  ],
  ['```\n{"a": 1}\n```\n```json\n{"a": 2}\n```', ['{"a":2}', '{"a":1}']],
  ['```json\n{"a": "```"}\n```', ['{"a":"```"}']],
  ['```js\n{a: 1}\n```', ['{"a":1}']],
  ['~~~~json\n{"a": 1}\n~~~~', ['{"a":1}']],
  ['Sure! {"a": 1} I hope it helps, {"b": [2]}!', ['{"b":[2]}', '{"a":1}']],
  ['As in [1], it is {"a": 1}', ['{"a":1}', '[1]']],
  ['Fill in {name}: {"a": 1}', ['{"a":1}']],
  ['<think>maybe {"a": 0}</think>\n{"a": 1}', ['{"a":1}']],
  ['maybe {"a": 0}</think>{"a": 1}', ['{"a":1}']],
  ['{"a": 1', ['{"a":1} unclosed']],
  ['```json\n{"a": 1\n```', ['{"a":1} unclosed']],
  ['{"a": [1', []],
  ['Sure: {"a": 1', []],
  // Parts of an object that can't be read are no answers.
  ['{"list": [{"a": 1}, {"a": 2}], oops here', []],
  ['Sure: {"a": {"b": 1} oops} ok', []],
  ['', []],
  ['I can not do that.', []],
])('%j', (text, expected) => {
  expect(found(text)).toEqual(expected)
})

test('of a cut answer only what is complete counts', () => {
  expect(found('{"a": 1', true)).toEqual([])
  expect(found('```json\n{"a": 1}', true)).toEqual(['{"a":1}'])
  expect(found('```json\n{"a": 1}\n```\nThat is bec', true)).toEqual(['{"a":1}'])
})

test.each([
  ['I can not do that.', 'it has no JSON'],
  ['Sure: {"a": 1', 'its JSON is not complete, or is none'],
  ['{"a": [1', 'its JSON is not complete'],
  ['{"a": hello}', 'it can\'t be read as JSON: expected a value, found "h" at line 1, column 7'],
])('%j: %s', (text, problem) => {
  expect(findJson(text, { cut: false }).problem).toBe(problem)
})

test('a long text of brackets takes no long time', () => {
  expect(
    processorMs(() => {
      expect(found('['.repeat(100_000))).toEqual([])
      expect(found('{"a" '.repeat(20_000))).toEqual([])
    }),
  ).toBeLessThan(2_000)
})
