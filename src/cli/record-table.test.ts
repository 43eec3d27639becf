import { expect, test } from 'vitest'
import { tableLines } from './record-table.ts'
import { widthOf } from './width.ts'

const style = (_look: string, text: string): string => text
const records = [
  {
    id: 'T-1',
    stars: 5,
    text: 'It does what it should,\nand I would buy it again.',
    card: { mood: 'glad', minutes: 5 },
  },
  { id: 'T-2', stars: 12, text: '火'.repeat(40), card: null },
]

test('a record is a line, and numbers stand to the right', () => {
  expect(tableLines(records, { width: 80, style, preferred: new Set() })).toEqual([
    '  id   stars  text                                   card',
    '  T-1      5  It does what it should, and I would …  {"mood":"glad","minutes":5}',
    `  T-2     12  ${'火'.repeat(18)}…  null`,
  ])
})

test('where not all have room the preferred ones are shown and the others named', () => {
  const lines = tableLines(records, { width: 30, style, preferred: new Set(['text', 'card']) })
  expect(lines[0]).toMatch(/^ {2}id +text +card$/)
  expect(lines.at(-1)).toBe('  other columns: stars')
})

test.each([1, 5, 12, 20, 40, 200])('no line is wider than a terminal of %d', (width) => {
  for (const line of tableLines(records, { width, style, preferred: new Set() })) {
    expect(widthOf(line)).toBeLessThanOrEqual(width)
  }
})
