import { describe, expect, test } from 'vitest'
import { formatProblems } from './format-problems.ts'
import { parseConfigText } from './text.ts'
import { findOpenQuote, findWrongIndent, quotedTemplate } from './text-layout.ts'

const file = 'data.yaml'

/** The one message about a text, and its place. */
function told(text: string): string[] {
  return parseConfigText(text, { file }).problems.map(
    ({ position, message, suggestion }) =>
      `${position?.line}:${position?.column} ${message} ${suggestion}`,
  )
}

describe('a mistake in the layout is one message, at the line to change', () => {
  const indents: [string, string, number][] = [
    ['too deep below a value', 'a:\n  - b: 1\n    c: x\n     d: y\n', 4],
    ['too shallow behind a dash', 'a:\n  - b: 1\n   c: 2\n    d: 3\n', 3],
    ['a later entry of the list', 'a:\n  - b: 1\n - b: 2\n', 3],
    ['behind a text of several lines', 'a:\n  b: |\n    c: 1\n      d\n  e: 1\n   f: 2\n', 6],
    ['between keys with comments', 'a: 1\n# x\n\n  b: 2\nc: 3\n', 4],
  ]
  test.each(indents)('%s', (_, text, line) => {
    const problems = told(text)
    expect(problems).toEqual([expect.stringContaining(`Line ${line} is indented by `)])
    // The advice is right: applied, the text can be read.
    const fixed = findWrongIndent(text)?.fixed ?? ''
    expect(parseConfigText(fixed, { file }).problems).toEqual([])
  })

  const quotes: [string, string, number][] = [
    ['before other quotes', 'a:\n  b: "x {{ y }}\n  c: "z"\n', 2],
    ['single', "a: 'x\nb: y\n", 1],
    ['in a list', 'a:\n  - "x\n  - "y"\n', 2],
    ['with an escape', 'a: "x \\" y\nb: 1\n', 1],
  ]
  test.each(quotes)('an unclosed quote %s', (_, text, line) => {
    expect(told(text)).toEqual([
      expect.stringMatching(
        `^${line}:\\d+ The quote that begins on line ${line} is not closed Close it: `,
      ),
    ])
    expect(parseConfigText(findOpenQuote(text)?.fixed ?? '', { file }).problems).toEqual([])
  })

  test.each([
    'a: {{ x }}',
    'a: {{ x }} and {{ y }}',
    '  - prompt: {{ x | default("y") }}',
    'a: 1\nb: {{ x }}',
  ])('a template without quotes: %s', (text) => {
    const last = text.split('\n').at(-1) ?? ''
    const fixed = quotedTemplate(last) ?? ''
    expect(told(text)).toEqual([
      expect.stringContaining(`Put the text into quotes: ${fixed.trim().replace('- ', '')}`),
    ])
    expect(parseConfigText(text.replace(last, fixed), { file }).problems).toEqual([])
  })

  test('a tab', () => {
    expect(told('a:\n  b: 1\n\tc: 2\n')).toEqual([
      expect.stringMatching(/^3:1 Line 3 is indented with a tab/),
    ])
  })
})

test('what is written on several lines on purpose is not taken for a mistake', () => {
  const text = `a: "x
  y"
b: [1,
  2]
c: plain text
  that goes on
d:
- e: 1
  f: >-
      g: h
- e: 2
`
  expect(parseConfigText(text, { file }).problems).toEqual([])
  // A fault elsewhere keeps the reader's own words.
  expect(formatProblems(parseConfigText(`${text}g: @x\n`, { file }).problems)).toContain(
    'Text cannot start with @',
  )
})
