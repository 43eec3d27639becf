import { expect, test } from 'vitest'
import { Double } from '../util/value.ts'
import { describeLiteral, entriesOf, isMapping, mappingOf, valueOf } from './literal.ts'

test('a mapping keeps its order, whatever its keys look like', () => {
  const entries = [
    ['b', 1],
    ['10', 2],
    ['2', 3],
    ['__proto__', 4],
  ] as const
  const mapping = mappingOf(entries)
  expect(entriesOf(mapping)).toEqual(entries)
  expect(valueOf(mapping)).toEqual(new Map(entries))
  expect(Object.getPrototypeOf(mapping)).toBeNull()
})

test('only mappings are mappings', () => {
  expect([{}, mappingOf([])].map(isMapping)).toEqual([true, true])
  expect([null, [], new Double(1), new Map(), 'a', undefined].some(isMapping)).toBe(false)
})

test.each([
  [undefined, 'nothing'],
  [null, 'null'],
  ['a\nb', "text 'a\\nb'"],
  [new Double(3), '3.0'],
  [1e-7, '1e-07'],
  [5, '5'],
  [2n ** 64n, '18446744073709551616'],
  [true, 'true'],
  [[], 'an empty list'],
  [[1, 2], 'a list of 2'],
  [{}, 'an empty mapping'],
  [{ a: 1, b: 2, c: 3, d: 4 }, "a mapping with 'a', 'b', 'c', …"],
])('%o is described as %s', (value, text) => {
  expect(describeLiteral(value)).toBe(text)
})
