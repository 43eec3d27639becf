import { expect, test } from 'vitest'
import { loadDataset } from './load.ts'
import { formatProblems } from './format-problems.ts'
import { parseConfigText } from './text.ts'

const sound = `columns:
  - name: a
    column_type: sampler
    sampler_type: category
    params: { values: [x] }
  - name: b
    column_type: sampler
    sampler_type: uuid
    params: {}
`

function problems(text: string): string {
  return formatProblems(loadDataset(text, { file: 'c.yaml' }).problems)
}

test.each([
  ['\t', 'a tab', 'Indent YAML with spaces'],
  ['\u00a0\u00a0', 'a no-break space (U+00A0)', 'Replace it with spaces'],
  ['\u3000', 'an ideographic space (U+3000)', 'Replace it with spaces'],
  ['  \u200b', 'a zero width space (U+200B)', 'Replace it with spaces'],
  ['\u2003 ', 'a character that can’t be seen (U+2003)', 'Replace it with spaces'],
])('%j as an indent is one problem that names it', (indent, name, way) => {
  const text = sound.replace('  - name: b', `${indent}- name: b`)
  expect(problems(text)).toMatch(
    new RegExp(`^c.yaml:6:\\d\n  Line 6 is indented with ${name.replace(/[()+]/g, '\\$&')}: YAML`),
  )
  expect(problems(text)).toContain(way)
  expect(problems(text)).toContain('\n\n1 problem')
})

test('several lines are one problem, and other mistakes are still found', () => {
  const text = sound
    .replaceAll('    ', '\u00a0   ')
    .replace('uuid', 'uid')
    .replace('b\n', '\u00a0\u00a0b\n')
  const { problems: found, draft } = loadDataset(text, { file: 'c.yaml' })
  expect(found.map(({ message }) => message)).toEqual([
    'Line 3 is indented with a no-break space (U+00A0), and so are 5 more: YAML wants spaces',
  ])
  expect(draft?.columns.map(({ column_type: type }) => type)).toEqual(['sampler', 'sampler'])
})

test('in texts and between tokens such characters are left alone', () => {
  const text = 'a: "x\u00a0y\tz"\nb: |\n  one\u00a0two\n  \tthree\n'
  expect(parseConfigText(text, { file: 'c.yaml' })).toMatchObject({
    value: { a: 'x\u00a0y\tz', b: 'one\u00a0two\n\tthree\n' },
    problems: [],
  })
})

test('a key that looks right is reported with what stands in it', () => {
  const text = `${sound}ro\u200bws: 3\n`
  expect(problems(text)).toContain(
    "has no field 'ro\u200bws'; it has a zero width space (U+200B) in it\n    Did you mean 'rows'?",
  )
})

test.each([
  ['a:\n    b: 1\n  c: 2\n', 'fits no line above'],
  ['a: [1, 2] x\n', 'does not belong to the structure of the lines above'],
  ['a: [1,, 2]\n', 'This comma separates nothing'],
  ['a: [ "x" "y" ]\n', 'A comma is missing'],
  ['a: | text\n', "Text follows a '|'"],
  ['a: "x"#c\n', "A '#' follows other text directly"],
])('%j is reported in words of a person', (text, words) => {
  const told = parseConfigText(text, { file: 'c.yaml' }).problems.map(({ message }) => message)
  expect(told.join()).toContain(words)
  expect(told.join()).not.toMatch(/token|node end|scalar|flow|block|implicit/i)
})
