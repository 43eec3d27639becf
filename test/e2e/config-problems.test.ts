import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createDesk, jsonOf } from './command.ts'
import { pets, stories } from './configs.ts'

const broken = `seed: -4
rows: ten
modle_configs: []
model_configs:
  - alias: writer
    model: test
    provider: local
columns:
  - name: animal
    column_type: sampler
    sampler_type: categry
    params: { values: [cat, dog] }
  - name: age
    column_type: sampler
    sampler_type: uniform
    params: { low: 1, hihg: 9 }
  - name: story
    column_type: llm-text
    model_alias: writter
    prompt: 'A story of a {{ anmial }} of {{ age }}.'
  - name: end
    column_type: expression
    expr: '{{ story | upper'
`

test('tells all problems at once, each with its place', async () => {
  await using desk = await createDesk()
  await desk.write('tales.yaml', broken)

  const ended = await desk.run(['create', 'tales.yaml'])

  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "tales.yaml:1:7  seed
      'seed' of the config is out of range
        expected  a whole number from 0 to 18446744073709551615
        got       -4

    tales.yaml:2:7  rows
      'rows' of the config has the wrong type
        expected  a whole number ≥ 0
        got       text 'ten'

    tales.yaml:3:1  modle_configs
      The config has no field 'modle_configs'
        Did you mean 'model_configs'?

    tales.yaml:11:19  columns[0].sampler_type
      'sampler_type' of column 'animal' is not a word that is known there
        expected  one of bernoulli, bernoulli_mixture, binomial, category, datetime, gaussian, person, person_from_faker, poisson, scipy, subcategory, timedelta, uniform, uuid
        got       text 'categry'
        Did you mean 'category'?

    tales.yaml:16:23  columns[1].params.hihg
      'params' of column 'age' has no field 'hihg'
        Did you mean 'high'?

    tales.yaml:19:18  columns[2].model_alias
      Column 'story' uses the model alias 'writter', which is not configured
        expected  one of writer
        got       writter
        Did you mean 'writer'?

    tales.yaml:20:30  columns[2].prompt
      Column 'story' refers to 'anmial', which is not a column
        got       anmial
        Did you mean 'animal'?

    tales.yaml:23:28  columns[3].expr
      The template can't be read: expected "}}", found the end of the template

    8 problems
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.yaml'])

  const validated = await desk.run(['validate', 'tales.yaml'])
  expect(validated).toMatchObject({ code: 2, stdout: '' })
  expect(validated.stderr).toBe(ended.stderr)

  const previewed = await desk.run(['preview', 'tales.yaml'])
  expect(previewed).toEqual(ended)
})

test('validate --json prints the problems as data, and exits with 2', async () => {
  await using desk = await createDesk()
  await desk.write('tales.yaml', broken)
  await desk.write('pets.json', pets)

  const bad = await desk.run(['validate', 'tales.yaml', '--json'])
  const good = await desk.run(['validate', 'pets.json', '--json'])

  expect(bad).toMatchObject({ code: 2, stderr: '' })
  expect(JSON.parse(bad.stdout)).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([
      expect.objectContaining({
        code: 'unknown-model',
        file: 'tales.yaml',
        position: { line: 19, column: 18 },
      }),
    ]),
  })
  expect(good).toEqual({ code: 0, stderr: '', stdout: '{"ok":true,"problems":[]}\n' })
  const told = await desk.run(['validate', 'pets.json'])
  expect(told).toEqual({ code: 0, stdout: '', stderr: 'pets.json is valid.\n' })
})

test('text that is no YAML', async () => {
  await using desk = await createDesk()
  await desk.write('tales.yaml', 'columns:\n  - name: [a\n  b: 3\n')
  const ended = await desk.run(['create', 'tales.yaml'])
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "tales.yaml:3:3
      A list in [ ] is not closed, or continues at the margin of its key
        Close it, and indent its further lines more than the key.

    1 problem
    "
  `)
})

test('an unset key names the variable', async () => {
  await using desk = await createDesk()
  await desk.write('tales.json', stories({ url: 'http://127.0.0.1:9/v1', apiKey: 'STORY_API_KEY' }))
  const ended = await desk.run(['create', 'tales.json', '--json'], { STORY_APIKEY: 'x' })
  expect(ended.code).toBe(2)
  // A program that reads stdout gets the same as an object.
  expect(jsonOf(ended)).toMatchObject({
    error: { code: 'config-invalid', problems: [{ code: 'secret-missing', level: 'error' }] },
  })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "tales.json:1:82  model_providers[0].api_key
      Provider "local" takes its key from the environment variable STORY_API_KEY, which is not set.
        Run "export STORY_API_KEY=…" first, or set "api_key" to null when the endpoint needs no key.

    1 problem
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('a literal key is refused and not repeated', async () => {
  await using desk = await createDesk()
  const key = 'sk-proj-AbCdEf0123456789AbCdEf0123456789'
  await desk.write('tales.json', stories({ url: 'http://127.0.0.1:9/v1', apiKey: key }))
  const ended = await desk.run(['create', 'tales.json'])
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "tales.json:1:82  model_providers[0].api_key
      'api_key' of provider 'local' cannot be used
        expected  the name of an environment variable
        got       sk-… (40 characters, not shown)
        Put the key into an environment variable, e.g. export OPENAI_API_KEY=…, and write api_key: OPENAI_API_KEY

    1 problem
    "
  `)
  expect(ended.stderr).not.toContain(key.slice(8))
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('warnings do not stop a run and stand on stderr', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await desk.write('run.yaml', 'display_tui: false\nasync_trace: true\n')
  const ended = await desk.run([
    'create',
    'pets.json',
    '--seed',
    '7',
    '--run-config',
    'run.yaml',
    '--json',
  ])
  expect(ended.code, ended.stderr).toBe(0)
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "run.yaml:1:1  display_tui
      warning: 'display_tui' is accepted but changes nothing here
        The panel is shown whenever progress goes to a terminal.
    run.yaml:2:1  async_trace
      warning: 'async_trace' is accepted but changes nothing here
        The ledger in the run folder records every cell with its attempts, cost and error.
    New run in <desk>/runs/pets: 10 rows, seed 7.
    Done. 10 rows: 10 accepted.
    No requests, <time>.
      runs/pets/data/train-00000-of-00001.parquet  10 rows
      animal  sampler (string), 2 different
              dog 50 %, frog 50 %, cat 0 %
      age     sampler (int64), 6 different
              8 40 %, 7 20 %, 6 10 %, 2 10 %, 3 10 %, 5 10 %
      line    expression (string), 8 different
              A dog of 8 years. 20 %, A frog of 8 years. 20 %, A dog of 7 years. 10 %, A frog of 2 years. 10 %, A frog of 6 years. 10 %, A dog of 3 years. 10 %, … 2 more
      Report: runs/pets/report.html
    "
  `)
})
