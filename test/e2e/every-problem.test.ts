import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'

/** One mistake of every kind: type, key, reference, circle, parameter. */
const config = (url: string) => `rows: 20
model_providers:
  - { name: local, endpoint: '${url}' }
model_configs:
  - { alias: writer, provider: local, model: test }
columns:
  - name: animal
    column_type: sampler
    sampler_type: category
    params: { values: cat }
  - name: age
    column_type: sampler
    sampler_type: uniform
    params: { low: 9, high: 1 }
    convert_to: integer
  - name: story
    column_type: llm-text
    model_alias: writer
    prompt: 'A story of a {{ anmial }} of {{ age }} years.'
    sistem_prompt: You tell stories.
  - name: beginning
    column_type: expression
    expr: '{{ story }} {{ ending }}'
  - name: ending
    column_type: expression
    dtype: str
    expr: |
      And so it went:
      {{ beginning | last }}
`

test('a type, a key, a reference, a circle and a parameter are all told in one report', async () => {
  await using server = await createModelServer()
  await using desk = await createDesk()
  await desk.write('tales.yaml', config(server.url))

  const validated = await desk.run(['validate', 'tales.yaml'])
  const created = await desk.run(['create', 'tales.yaml'])

  expect(validated).toMatchObject({ code: 2, stdout: '' })
  expect(validated.stderr).toMatchInlineSnapshot(`
    "tales.yaml:10:23  columns[0].params.values
      'params.values' of column 'animal' has the wrong type
        expected  a list
        got       text 'cat'
        Write it as a list: ["cat"].

    tales.yaml:14:29  columns[1].params.high
      Column 'age' draws from low to high, but high lies below low
        expected  at least 9
        got       1
        Exchange low and high.

    tales.yaml:15:17  columns[1].convert_to
      Column 'age' has a convert_to that cannot be used
        expected  int, float or str, for a number or category
        got       'integer'
        Did you mean 'int'?

    tales.yaml:19:30  columns[2].prompt
      Column 'story' refers to 'anmial', which is not a column
        got       anmial
        Did you mean 'animal'?

    tales.yaml:20:5  columns[2].sistem_prompt
      Column 'story' has no field 'sistem_prompt'
        Did you mean 'system_prompt'?

    tales.yaml:23:27  columns[3].expr
      Columns wait for each other: beginning → ending → beginning (beginning reads ending in columns[3].expr at 1:16; ending reads beginning in columns[4].expr at 2:4)
        Remove one of these references.

    6 problems
    "
  `)
  expect(created).toEqual(validated)
  expect(await readdir(desk.directory)).toEqual(['tales.yaml'])
  expect(server.counts.requests).toBe(0)
})

test('broken YAML is reported with its place, and hides nothing next to it', async () => {
  await using desk = await createDesk()
  const lines = config('http://127.0.0.1:9/v1')
    .replace('{ values: cat }', '{ values: [cat, dog }')
    .replace("prompt: 'A story of", 'prompt: A story: of')
  await desk.write('tales.yaml', lines)

  const validated = await desk.run(['validate', 'tales.yaml'])
  const created = await desk.run(['create', 'tales.yaml'])

  expect(validated).toMatchObject({ code: 2, stdout: '' })
  expect(validated.stderr).toMatchInlineSnapshot(`
    "tales.yaml:10:33
      A list in [ ] is not closed, or continues at the margin of its key
        Close it, and indent its further lines more than the key.

    tales.yaml:14:29  columns[1].params.high
      Column 'age' draws from low to high, but high lies below low
        expected  at least 9
        got       1
        Exchange low and high.

    tales.yaml:15:17  columns[1].convert_to
      Column 'age' has a convert_to that cannot be used
        expected  int, float or str, for a number or category
        got       'integer'
        Did you mean 'int'?

    tales.yaml:19:13
      The line has a second ': ', so YAML reads the text before it as another key
        Put text that contains ": " into quotes, or below the key after "|".

    tales.yaml:23:27  columns[3].expr
      Columns wait for each other: beginning → ending → beginning (beginning reads ending in columns[3].expr at 1:16; ending reads beginning in columns[4].expr at 2:4)
        Remove one of these references.

    5 problems
    "
  `)
  expect(created).toEqual(validated)
  expect(await readdir(desk.directory)).toEqual(['tales.yaml'])
})

test('validate --json is one line in the order of the file, field by field', async () => {
  await using desk = await createDesk()
  await desk.write(
    'small.yaml',
    'columns:\n  - {name: a, column_type: expression, expr: "{{ b }}", dtyp: int}\nrows: x\n',
  )
  const { code, stdout, stderr } = await desk.run(['validate', 'small.yaml', '--json'])
  expect({ code, stderr, lines: stdout.split('\n').length }).toEqual({
    code: 2,
    stderr: '',
    lines: 2,
  })
  expect(JSON.parse(stdout)).toEqual({
    ok: false,
    problems: [
      {
        level: 'error',
        code: 'unknown-reference',
        path: ['columns', 0, 'expr'],
        message: "Column 'a' refers to 'b', which is not a column",
        received: 'b',
        within: { line: 1, column: 4 },
        file: 'small.yaml',
        position: { line: 2, column: 50 },
      },
      {
        level: 'error',
        code: 'unknown-key',
        path: ['columns', 0, 'dtyp'],
        message: "Column 'a' has no field 'dtyp'",
        suggestion: "Did you mean 'dtype'?",
        file: 'small.yaml',
        position: { line: 2, column: 57 },
      },
      {
        level: 'error',
        code: 'wrong-type',
        path: ['rows'],
        message: "'rows' of the config has the wrong type",
        expected: 'a whole number ≥ 0',
        received: "text 'x'",
        file: 'small.yaml',
        position: { line: 3, column: 7 },
      },
    ],
  })
})
