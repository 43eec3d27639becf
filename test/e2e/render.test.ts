import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { create, listVariables, render } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { baseEnvironment, createDesk, jsonOf, program } from './command.ts'
import { stories } from './configs.ts'

const letter = 'Dear {{ name }},\nyou are {{ age }}.{% for tag in tags %} {{ tag }}{% endfor %}\n'

/** A prompt that draws, a system prompt, a condition, and a column above a model. */
const blurbs = `
seed: 3
model_configs: [{alias: m, model: some/model, provider: nvidia}]
columns:
  - {name: topic, column_type: sampler, sampler_type: category, params: {values: [tides]}}
  - {name: size, column_type: sampler, sampler_type: uniform, params: {low: 3, high: 4, decimal_places: 0}}
  - name: blurb
    column_type: llm-text
    model_alias: m
    system_prompt: You explain {{ topic }}.
    prompt: |
      Write {{ ['one', 'two', 'three']|random }} lines on
      {{ topic|upper }}.
    skip: {when: "{{ topic == 'volcanoes' }}"}
  - {name: label, column_type: expression, expr: "{{ topic }}/{{ size }}"}
  - {name: rating, column_type: llm-text, model_alias: m, prompt: "Rate: {{ blurb }} ({{ topic }})"}
`

describe('a template', () => {
  test('is rendered into exactly its text, with the types of the data', async () => {
    await using desk = await createDesk()
    await desk.write('letter.j2', letter)
    await desk.write('row.json', '{"name": "Ada", "age": 3.0, "tags": [true, null, 2, 1e16]}')

    const ended = await desk.run(['render', 'letter.j2', '--data', 'row.json'])

    expect(ended).toEqual({
      code: 0,
      stdout: 'Dear Ada,\nyou are 3.0. True None 2 1e+16',
      stderr: '',
    })
  })

  test.each(['prompt.txt', 'prompt.md', 'prompt', 'prompt.json'])('may be %s', async (name) => {
    await using desk = await createDesk()
    await desk.write(name, '{"n": {{ n }}}')
    const ended = await desk.run(['render', name, '-d', await desk.write('d.json', { n: 1 })])
    expect(ended).toEqual({ code: 0, stdout: '{"n": 1}', stderr: '' })
  })

  test('is rendered for all rows or for one, from a list, from lines and from stdin', async () => {
    await using desk = await createDesk()
    await desk.write('hi.j2', 'Hi {{ n }}')
    await desk.write('list.json', '[{"n": 1}, {"n": 2.0}]')
    const lines = '{"n": 1}\n\n{"n": 2.0}\n'
    await desk.write('lines.jsonl', lines)

    const all = { code: 0, stdout: '--- row 0\nHi 1\n--- row 1\nHi 2.0\n', stderr: '' }
    expect(await desk.run(['render', 'hi.j2', '--data', 'list.json'])).toEqual(all)
    expect(await desk.run(['render', 'hi.j2', '--data', 'lines.jsonl'])).toEqual(all)
    expect((await desk.run(['render', 'hi.j2', '--data', 'list.json', '--row', '1'])).stdout).toBe(
      'Hi 2.0',
    )
    const piped = spawnSync(process.execPath, [program, 'render', 'hi.j2', '--data', '-'], {
      cwd: desk.directory,
      env: baseEnvironment(desk.directory),
      input: lines,
      encoding: 'utf8',
    })
    expect(piped).toMatchObject({ status: 0, stdout: all.stdout, stderr: '' })
  })

  test('with a mistake is refused with place, caret and near miss', async () => {
    await using desk = await createDesk()
    await desk.write('letter.j2', letter.replace('{{ age }}', '{{ agee }}'))
    await desk.write(
      'rows.jsonl',
      '{"name":"A","age":1,"tags":[]}\n{"name":"B","agee":2,"tags":[]}',
    )

    const ended = await desk.run(['render', 'letter.j2', '--data', 'rows.jsonl'])

    expect(ended.code).toBe(2)
    expect(ended.stdout).toBe('--- row 1\nDear B,\nyou are 2.\n')
    expect(ended.stderr).toMatchInlineSnapshot(`
      "letter.j2:2:12
        "agee" is not defined, in "agee" (row 0)
          2 | you are {{ agee }}.{% for tag in tags %} {{ tag }}{…
            |            ^
          Did you mean 'age'?

      1 problem
      "
    `)
  })

  test('that can not be read is refused with its place', async () => {
    await using desk = await createDesk()
    await desk.write('bad.j2', 'Dear\n{{ name|uper }}')
    const ended = await desk.run(['render', 'bad.j2', '--data', await desk.write('d.json', {})])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatchInlineSnapshot(`
      "bad.j2:2:9
        The template can't be read: there is no filter "uper"; did you mean "upper"?
          2 | {{ name|uper }}
            |         ^

      1 problem
      "
    `)
    expect(jsonOf(await desk.run(['render', 'bad.j2', '--vars', '--json']))).toMatchObject({
      ok: false,
      variables: [],
      problems: [{ code: 'template-syntax', position: { line: 2, column: 9 } }],
    })
  })

  test('lists its variables without data', async () => {
    await using desk = await createDesk()
    await desk.write('letter.j2', letter)
    expect(await desk.run(['render', 'letter.j2', '--vars'])).toEqual({
      code: 0,
      stdout: 'name  letter.j2:1:9\nage   letter.j2:2:12\ntags  letter.j2:2:33\n',
      stderr: '',
    })
    expect(
      jsonOf(await desk.run(['render', 'letter.j2', '--vars', '--json']))['variables'],
    ).toContainEqual({ name: 'age', field: 'template', file: 'letter.j2', line: 2, column: 12 })
  })

  test.each([
    ['there is no data file rows.json', ['--data', 'rows.json'], null],
    ['rows.json:2:3 is not JSON: expected', ['--data', 'rows.json'], '{"n": 1}\n{ n: 1 }'],
    ['row 1 of rows.json is not an object', ['--data', 'rows.json'], '[{"n": 1}, 2]'],
    ['rows.json has no rows', ['--data', 'rows.json'], '[]'],
    ['there is no row 2 in the data', ['--data', 'rows.json', '--row', '2'], '[{"n": 1}]'],
    ['expected a whole number from 0', ['--row', 'x'], null],
    ['expected a whole number from 0, got "0x10"', ['--row', '0x10'], null],
    ['expected a whole number from 0, got "1e3"', ['--row', '1e3'], null],
    ['expected a whole number from 0, got "1__0"', ['--row', '1__0'], null],
    ['expected a whole number from 0, got "-0"', ['--row', '-0'], null],
    ['expected a whole number from 0, got "_1"', ['--row=_1'], null],
  ])('refuses: %s', async (message, parameters, data) => {
    await using desk = await createDesk()
    await desk.write('hi.j2', 'Hi {{ n }}')
    if (data !== null) await desk.write('rows.json', data)
    const ended = await desk.run(['render', 'hi.j2', ...parameters])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(message)
  })
})

describe('a column of a config', () => {
  test('is rendered with a row of the config’s own samplers', async () => {
    await using desk = await createDesk()
    await desk.write('blurbs.yaml', blurbs)
    const ended = await desk.run(['render', 'blurbs.yaml', '--column', 'blurb'])
    expect(ended).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "--- skip.when (does not skip the row)
      False
      --- system_prompt
      You explain tides.
      --- prompt
      Write three lines on
      TIDES.
      ",
      }
    `)
    const label = await desk.run(['render', 'blurbs.yaml', '--column', 'label'])
    expect(label.stdout).toMatch(/^tides\/[34]\.0$/)
  })

  test('and with rows of its seed, whose copy is missing at the end', async () => {
    await using desk = await createDesk()
    await desk.write('people.csv', 'name,born\nAda,1815\nBen,1900\n')
    await desk.write('letters.json', {
      seed_config: { source: { seed_type: 'local', path: 'people.csv' } },
      columns: [{ name: 'line', column_type: 'expression', expr: '{{ name }} of {{ born }}' }],
    })
    const third = await desk.run(['render', 'letters.json', '--column', 'line', '--row', '3'])
    expect(third).toEqual({ code: 0, stdout: 'Ben of 1900', stderr: '' })
    expect((await readdir(desk.directory)).toSorted()).toEqual(['letters.json', 'people.csv'])
  })

  test('says which of its columns only a run makes', async () => {
    await using desk = await createDesk()
    await desk.write('blurbs.yaml', blurbs)

    const alone = await desk.run(['render', 'blurbs.yaml', '--column', 'rating'])
    const given = await desk.run([
      'render',
      'blurbs.yaml',
      '--column',
      'rating',
      '--data',
      await desk.write('row.json', { topic: 'tides', blurb: 'null' }),
    ])

    expect(alone.code).toBe(2)
    expect(alone.stdout).toBe('')
    expect(alone.stderr).toContain(
      "The prompt reads 'blurb', a column of kind llm-text, which only a run makes",
    )
    expect(alone.stderr).toContain('the available values are {"topic": "tides"}')
    expect(given).toEqual({ code: 0, stdout: 'Rate: null (tides)', stderr: '' })
  })

  test.each([
    ['blurbs.yaml is a config: expected --column', []],
    ["column 'topic' has no template", ['--column', 'topic']],
    ["Did you mean 'blurb'?", ['--column', 'blrub']],
  ])('refuses: %s', async (message, parameters) => {
    await using desk = await createDesk()
    await desk.write('blurbs.yaml', blurbs)
    const ended = await desk.run(['render', 'blurbs.yaml', ...parameters])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(message)
  })

  test('with a broken template is refused with its place, whatever else is broken', async () => {
    await using desk = await createDesk()
    await desk.write('blurbs.yaml', blurbs.replace('topic|upper', 'topic|uper'))
    const ended = await desk.run(['render', 'blurbs.yaml', '--column', 'blurb'])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('blurbs.yaml:13:16  columns[2].prompt')
    expect(ended.stderr).toContain('13 |       {{ topic|uper }}.')
  })
})

test('what draws in a prompt depends on seed, column and row alone, and render shows it', async () => {
  await using desk = await createDesk()
  const prompt =
    "{{ number }}: {{ range(1000)|random }} {{ ['a', 'b', 'c', 'd', 'e']|shuffle|join }}"
  const received: string[][] = []
  for (const [parallel, bufferSize] of [
    [1, 1],
    [32, 7],
    [32, 1000],
  ] as const) {
    const prompts: string[] = []
    await using server = await createModelServer({
      // The later ones come back first.
      latencyMs: ({ number }) => (number % 5) * 3,
      script(call) {
        prompts.push(call.prompt)
        return {}
      },
    })
    const base = stories({ url: server.url, parallel })
    const columns = 'columns' in base && Array.isArray(base.columns) ? base.columns : []
    const config = {
      ...base,
      columns: columns.map((column: { name: string }) =>
        column.name === 'story' ? { ...column, prompt } : column,
      ),
    }
    const result = await create({
      config: { config, name: 'drawn' },
      rows: 40,
      seed: 11n,
      runConfig: { buffer_size: bufferSize },
      out: desk.path(`${parallel}-${bufferSize}`),
    })
    expect(result.rows.accepted).toBe(40)
    received.push(prompts.filter((text) => text.includes(': ')).toSorted())

    const shown = await Promise.all(
      Array.from({ length: 40 }, (_, row) =>
        render({ config: { config }, column: 'story', seed: 11n, row }),
      ),
    )
    const texts = shown.map(({ rows }) => rows[0]?.parts[0]?.text ?? '').toSorted()
    expect(texts).toEqual(received.at(-1))
  }
  expect(received[1]).toEqual(received[0])
  expect(received[2]).toEqual(received[0])
  expect(new Set(received[0]).size).toBe(40)
})

test('the library renders texts as the command does', async () => {
  const rendering = await render({
    template: { text: 'Hi {{ n }}{{ 1 if m is defined }}' },
    data: { text: '[{"n": 1.0}, {"n": 2, "m": null}]' },
  })
  expect(rendering).toEqual({
    ok: true,
    seed: 0n,
    problems: [],
    rows: [
      { row: 0, parts: [{ field: 'template', text: 'Hi 1.0' }] },
      { row: 1, parts: [{ field: 'template', text: 'Hi 21' }] },
    ],
  })
  const { variables } = await listVariables({ template: { text: 'a\n{{ range(3) }} {{ b.c }}' } })
  expect(variables).toEqual([
    { name: 'b', field: 'template', file: '(template)', line: 2, column: 19 },
  ])
})
