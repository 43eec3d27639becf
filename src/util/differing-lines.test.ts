import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { differingLines } from './differing-lines.ts'

test('only lines that differ are shown', () => {
  expect(differingLines('a', 'b')).toEqual(['- a', '+ b'])
  expect(differingLines('same\nold\nend', 'same\nnew\nend')).toEqual(['- old', '+ new'])
  expect(differingLines('1\n2\n3\n4', '1\n3\n4\n5')).toEqual(['- 2', '+ 5'])
  expect(differingLines('a\nb', 'a\nx\ny\nb')).toEqual(['+ x', '+ y'])
})

test('of a long line the part that differs is shown', () => {
  const [before, after] = [`${'x'.repeat(500)} cat ${'y'.repeat(900)}`, '']
  const other = before.replace('cat', 'dog')
  const lines = differingLines(before, other)
  expect(lines[0]).toMatch(/^- …x{39} cat y+…$/)
  expect(lines[1]).toMatch(/^\+ …x{39} dog y+…$/)
  expect(differingLines(before, after)[0]?.length).toBeLessThan(300)
})

test('two lines that look the same are distinguished', () => {
  expect(differingLines('a b', 'a\u00a0b')).toEqual(['- "a b"', String.raw`+ "a\u00a0b"`])
  expect(differingLines('a ', 'a')).toEqual(['- "a "', '+ "a"'])
  expect(differingLines('é', 'e\u0301')).toEqual([String.raw`- "\u00e9"`, String.raw`+ "e\u0301"`])
  expect(differingLines('"a  b"', '"a b"')).toEqual([
    String.raw`- "\"a  b\""`,
    String.raw`+ "\"a b\""`,
  ])
})

test('whatever differs is shown, and never as two equal lines', () => {
  const line = fc.oneof(
    fc.constantFrom('a', 'b', ' a', 'a ', 'a\u200b', 'e\u0301', 'é', 'ａ', '"a"', ''),
    fc.string(),
    fc.string({ minLength: 300, maxLength: 900 }),
  )
  const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = differingLines(before, after)
      expect(lines.length === 0).toBe(before === after)
      const [gone, come] = ['-', '+'].map((mark) => lines.filter((one) => one.startsWith(mark)))
      const texts = [gone, come].map((some) => some?.map((one) => one.slice(2)).join('\n'))
      expect(lines.length > 0 && texts[0] === texts[1]).toBe(false)
    }),
    { numRuns: 300 },
  )
})
