import { describe, expect, test } from 'vitest'
import { loadDataset } from './load.ts'
import { formatPath } from './format-problems.ts'
import { parseConfigText } from './text.ts'

const file = 'f.yaml'

function restOf(text: string): { value: unknown; gaps: string[]; places: string[] } | null {
  const { value, rest, problems } = parseConfigText(text, { file })
  expect(value).toBeUndefined()
  if (rest === null) return null
  return {
    value: JSON.parse(JSON.stringify(rest.value)),
    gaps: rest.gaps.map(({ path }) => formatPath(path)),
    places: problems.map(({ position }) => `${position?.line}:${position?.column}`),
  }
}

describe('a broken text', () => {
  test('keeps the items that are sound, at their places', () => {
    expect(
      restOf(`columns:
  - name: a
    prompt: "not closed
  - name: b
    expr: x
  # a word
  - {name: 'c d', prompt: [1, 2}
  - - a: b: c
rows: 3
`),
    ).toEqual({
      value: {
        columns: [
          { name: 'a', prompt: 'not closed' },
          { name: 'b', expr: 'x' },
          { name: 'c d' },
          null,
        ],
        rows: 3,
      },
      gaps: ['columns[2]', 'columns[3]'],
      places: ['3:13', '7:32', '8:10'],
    })
  })

  test('keeps the keys that are sound', () => {
    expect(restOf('seed_config: {source: [}\nrows: 3\ncolumns:\n- {name: a}\n')).toMatchObject({
      value: { seed_config: null, rows: 3, columns: [{ name: 'a' }] },
      gaps: ['seed_config'],
    })
    expect(restOf('columns:\n- a: 1\n\tb: 2\nrows: 3')).toMatchObject({ value: { rows: 3 } })
  })

  test('below data_designer too', () => {
    expect(
      restOf(
        'data_designer:\n  rows: 3\n  columns:\n    - {name: a\n    - {name: b}\nlibrary_version: x',
      ),
    ).toMatchObject({
      value: { data_designer: { rows: 3, columns: [{ name: 'a' }, { name: 'b' }] } },
      gaps: ['data_designer.columns[0]'],
    })
  })

  test.each([
    ['one line', '{columns: [{name: a}, {name: b], rows: 3}'],
    ['JSON', '{\n  "columns": [\n    {"name": "a",\n  ],\n  "rows": 3\n}\n'],
    ['several documents', 'a: [\n---\nb: 1'],
    ['no keys', '- a: b: c'],
    ['nothing sound', '%'],
  ])('of %s is not taken apart', (_, text) => {
    expect(restOf(text)).toBeNull()
  })
})

test('what is left is checked, and gaps are not missed', () => {
  const { config, draft, problems, unread } = loadDataset(
    'model_configs: [{]\nrows: x\ncolumns:\n- {name: a, column_type: y, drop: [}\n- {name: b, drop: 7}\n- [}\n',
    { file },
  )
  expect(config).toBeNull()
  expect(draft?.columns.map(({ name, column_type: type }) => [name, type])).toEqual([
    ['a', ''],
    ['b', ''],
    ['', ''],
  ])
  expect([...unread].toSorted()).toEqual(['column-names', 'model_configs'])
  expect(problems.map(({ position, code }) => `${position?.line} ${code}`).toSorted()).toEqual([
    '1 syntax',
    '2 wrong-type',
    '4 syntax',
    '5 missing-field',
    '5 wrong-type',
    '6 syntax',
  ])
})
