import { expect, test } from 'vitest'
import { processorMs } from '../../test/support/processor-time.ts'
import { cut, padEnd, padStart, startOf, widthOf, wrap } from './width.ts'

test.each([
  ['short', 10, 'short'],
  ['exactly ten', 11, 'exactly ten'],
  ['longer than that', 8, 'longer …'],
  ['漢字漢字', 8, '漢字漢字'],
  ['漢字漢字', 7, '漢字漢…'],
  ['漢字漢字', 6, '漢字…'],
  ['👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', 4, '👨‍👩‍👧…'],
  ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ['text', 0, ''],
  ['\u001B[31mred text\u001B[0m', 4, '\u001B[31mred…\u001B[0m'],
])('%j cut to %d', (text, width, expected) => {
  const found = cut(text, width)
  expect(found).toBe(expected)
  expect(widthOf(found)).toBeLessThanOrEqual(width)
})

test('padding counts columns, not characters', () => {
  expect([padEnd('漢', 4), padStart('漢', 4), padEnd('long', 2)]).toEqual(['漢  ', '  漢', 'long'])
})

test.each([
  ['one two three', 8, ['one two', 'three']],
  ['one two three', 7, ['one two', 'three']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['a bcdefghij', 4, ['a', 'bcde', 'fghi', 'j']],
  ['first\n\nthird', 80, ['first', '', 'third']],
  ['', 10, ['']],
  ['🐸🐸🐸', 3, ['🐸', '🐸', '🐸']],
  ['漢字 漢字漢', 6, ['漢字', '漢字漢']],
  ['漢字', 1, ['漢', '字']],
])('%j wrapped at %d', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines)
})

test('a start is found without looking at all of a long text', () => {
  const text = '漢'.repeat(1_000_000)
  const took = processorMs(() => {
    for (let times = 0; times < 1_000; times += 1) expect(startOf(text, 80).length).toBe(40)
  })
  expect(took).toBeLessThan(5_000)
})
