import { expect, test } from 'vitest'
import { formatRecord, wrap } from './record.ts'

test.each([
  ['one two three', 8, ['one two', 'three']],
  ['one two three', 7, ['one two', 'three']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['a bcdefghij', 4, ['a', 'bcde', 'fghi', 'j']],
  ['first\n\nthird', 80, ['first', '', 'third']],
  ['', 10, ['']],
])('%j at %d', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines)
})

test('a character outside the basic plane is not cut in two', () => {
  expect(wrap('🐸🐸🐸', 3)).toEqual(['🐸', '🐸', '🐸'])
})

test('a record with values of every kind', () => {
  const record = {
    id: 7n,
    name: 'Ada',
    a_field_with_a_name_longer_than_the_indent: 'text',
    nothing: null,
    tags: ['x', 'y'],
    story: 'It was a long day, and nobody had told the frog about the rain that was to come.',
  }
  expect(formatRecord(record, 'record 1 of 1', 60)).toMatchInlineSnapshot(`
    "── record 1 of 1 ───────────────────────────────────────────
    id                      7
    name                    Ada
    a_field_with_a_name_longer_than_the_indent
                            text
    nothing                 null
    tags                    [
                              "x",
                              "y"
                            ]
    story                   It was a long day, and nobody had
                            told the frog about the rain that
                            was to come."
  `)
})
