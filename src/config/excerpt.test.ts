import { expect, test } from 'vitest'
import { excerptOf } from './excerpt.ts'

test('shows the line with a caret below the column', () => {
  expect(excerptOf('one\r\n\ttwo {{ x }}\nthree', { line: 2, column: 9 })).toBe(
    '2 | \ttwo {{ x }}\n  | \t       ^',
  )
})

test('cuts a long line on both sides of the caret', () => {
  const text = `${'a'.repeat(200)}X${'b'.repeat(200)}`
  const [line = '', caret = ''] = excerptOf(text, { line: 1, column: 201 })?.split('\n') ?? []
  expect(line).toBe(`1 | …${'a'.repeat(59)}X${'b'.repeat(39)}…`)
  expect(line[caret.indexOf('^')]).toBe('X')
})

test('may point behind the end of a line, and to no line that is not there', () => {
  expect(excerptOf('ab', { line: 1, column: 3 })).toBe('1 | ab\n  |   ^')
  expect(excerptOf('ab', { line: 2, column: 1 })).toBeUndefined()
})
