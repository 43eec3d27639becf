import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Double } from '../util/value.ts'
import { loadDataset, type LoadedDataset } from './load.ts'
import { formatProblems } from './format-problems.ts'

function load(text: string): LoadedDataset {
  return loadDataset(text, { file: 'data.yaml' })
}

/** Code and place of each problem. */
function found(text: string): string[] {
  return load(text).problems.map(
    ({ code, position }) => `${position?.line}:${position?.column} ${code}`,
  )
}

const column = '{name: a, column_type: expression, expr: "1"}'

test('shorthand and full form give the same config', () => {
  const shorthand = load(`columns: [${column}]\nseed: 7\nrows: 20`)
  const full = load(
    `library_version: "0.9.0"\ndata_designer:\n  seed: 7\n  rows: 20\n  columns: [${column}]`,
  )
  expect(shorthand.problems).toEqual([])
  expect(full.problems).toEqual([])
  expect(full.config).toEqual(shorthand.config)
  expect(shorthand.config).toEqual({
    columns: [
      {
        name: 'a',
        column_type: 'expression',
        expr: '1',
        drop: false,
        skip: null,
        propagate_skip: true,
        on_failure: 'drop',
      },
    ],
    model_configs: [],
    model_providers: [],
    seed_config: null,
    select: null,
    tool_configs: [],
    mcp_providers: [],
    constraints: [],
    profilers: [],
    agreement: [],
    plugins: [],
    prices: new Map(),
    processors: [],
    seed: 7n,
    rows: 20,
  })
})

test('places are found from the dataset root in both forms', () => {
  const path = ['columns', 0, 'name']
  expect(load(`columns:\n  - name: a`).locate(path)).toEqual({ line: 2, column: 11 })
  expect(load(`data_designer:\n  columns:\n    - name: a`).locate(path)).toEqual({
    line: 3,
    column: 13,
  })
})

test('fields of a kind stay as they were written', () => {
  const { config } = load(
    'columns:\n- {name: a, column_type: sampler, params: {values: [1, 1.0, yes]}, __proto__: {x: 1}}',
  )
  const [only] = config?.columns ?? []
  expect(only?.['params']).toEqual({ values: [1, new Double(1), true] })
  expect(Object.keys(only ?? {})).toContain('__proto__')
  expect(only?.['x']).toBeUndefined()
})

test('common fields are coerced and filled in', () => {
  const { config, problems } = load(
    'columns:\n- {name: a, column_type: x, drop: "yes", propagate_skip: 0, skip: {when: "{{ b }}", value: 1.0}, on_failure: "null"}',
  )
  expect(problems).toEqual([])
  expect(config?.columns[0]).toEqual({
    name: 'a',
    column_type: 'x',
    drop: true,
    propagate_skip: false,
    skip: { when: '{{ b }}', value: new Double(1) },
    on_failure: 'null',
  })
})

test.each(['null', '"null"', '~'])('on_failure: %s keeps the row with a null', (written) => {
  const { config, problems } = load(`columns:\n- {name: a, column_type: x, on_failure: ${written}}`)
  expect(problems).toEqual([])
  expect(config?.columns[0]?.on_failure).toBe('null')
})

describe('the root', () => {
  test.each([
    ['', '1:1 wrong-type'],
    ['- a', '1:1 wrong-type'],
    ['missing.json', '1:1 wrong-type'],
    ['data_designer: 5', '1:16 wrong-type'],
    ['library_version: "1"', '1:1 missing-field'],
    ['rows: 5', '1:1 missing-field'],
    ['columns:', '1:1 wrong-type'],
    ['columns: {a: 1}', '1:10 wrong-type'],
    ['columns: []\nlibrary_version: "1"', '2:1 unknown-key'],
    ['columns: []\ndata_designer: {columns: []}', '1:1 unknown-key'],
    ['data_designer: {columns: []}\nlibrary_version: 1.0', '2:18 wrong-type'],
    ['data_designer: {columns: [], colums: []}', '1:30 unknown-key'],
    ['columns: []\nmodel_configs: {}', '2:16 wrong-type'],
    ['columns: []\ntool_configs: x', '2:15 wrong-type'],
    ['columns: []\nseed: -1', '2:7 out-of-range'],
    ['columns: []\nseed: 18446744073709551616', '2:7 out-of-range'],
    ['columns: []\nseed: 1.5', '2:7 wrong-type'],
    ['columns: []\nrows: -1', '2:7 out-of-range'],
    ['columns: []\nrows: 1e3', '2:7 wrong-type'],
  ])('%j: %s', (text, problem) => {
    expect(found(text)).toEqual([problem])
    expect(load(text).config).toBeNull()
  })

  test('null stands for an absent part', () => {
    const text =
      'columns: []\nmodel_configs: null\ntool_configs:\nseed_config: ~\nconstraints:\nprofilers:\nprocessors:\nseed:\nrows:\nmodel_providers:'
    expect(found(text)).toEqual([])
  })

  test('all 64 bits of a seed', () => {
    expect(load('columns: []\nseed: 18446744073709551615').config?.seed).toBe(2n ** 64n - 1n)
    expect(load('columns: []\nseed: "12"').config?.seed).toBe(12n)
    expect(load('columns: []\nseed: 0').config?.seed).toBe(0n)
  })
})

describe('columns that are refused', () => {
  test.each([
    ['{name: 5, column_type: x}', '2:10 wrong-type'],
    ['{name: "", column_type: x}', '2:10 wrong-format'],
    ['{column_type: x}', '2:3 missing-field'],
    ['{name: a}', '2:3 missing-field'],
    ['{name: a, column_type: x, drop: null}', '2:35 wrong-type'],
    ['{name: a, column_type: x, propagate_skip: null}', '2:45 wrong-type'],
    ['{name: a, column_type: x, skip: "{{ a }}"}', '2:35 wrong-type'],
    ['{name: a, column_type: x, skip: {value: 1}}', '2:35 missing-field'],
    ['{name: a, column_type: x, skip: {when: a, valeu: 1}}', '2:45 unknown-key'],
    ['{name: a, column_type: x, skip: {when: a, value: [1]}}', '2:52 wrong-type'],
    ['{name: a, column_type: x, on_failure: retry}', '2:41 wrong-word'],
    ['just text', '2:3 wrong-type'],
  ])('%s: %s', (text, problem) => {
    expect(found(`columns:\n- ${text}`)).toEqual([problem])
  })
})

test('many problems at once, each at its place', () => {
  const text = `
columns:
  - name: 5
    column_type: sampler
  - name: topic
    colum_type: sampler
    skip: "{{ a }}"
modle_configs: []
model_configs:
  - alias: w
    model: some/model
    provider: nvidia
    inference_parameters: {temperature: 3}
seed_config: {source: {path: x.csv}}
`
  expect(formatProblems(load(text).problems)).toMatchInlineSnapshot(`
    "data.yaml:3:11  columns[0].name
      'name' of column 1 has the wrong type
        expected  text that is not empty
        got       5
        Put it into quotes: "5".

    data.yaml:5:5  columns[1].column_type
      Column 'topic' lacks 'column_type'
        expected  text that is not empty
        Did you mean it by 'colum_type'?

    data.yaml:7:11  columns[1].skip
      'skip' of column 'topic' has the wrong type
        expected  a mapping
        got       text '{{ a }}'
        Write it as an object: skip: {when: '{{ a }}'}.

    data.yaml:8:1  modle_configs
      The config has no field 'modle_configs'
        Did you mean 'model_configs'?

    data.yaml:13:41  model_configs[0].inference_parameters.temperature
      'temperature' of the inference_parameters object of model 'w' is out of range
        expected  a number from 0 to 2
        got       3

    data.yaml:14:23  seed_config.source.seed_type
      The seed source lacks 'seed_type'
        expected  text that is not empty

    6 problems"
  `)
})

test('models and providers are read along', () => {
  const { config, problems } = load(`
data_designer:
  model_providers:
    - {name: here, endpoint: "http://localhost:8000/v1/", max_parallel_requests: 32, requests_per_minute: 600, tokens_per_minute: 100000}
  model_configs:
    - alias: varied
      model: some/model
      provider: here
      inference_parameters:
        temperature: {distribution_type: uniform, params: {low: 0.3, high: 1.1}}
        top_p: {distribution_type: manual, params: {values: [0.8, 0.95], weights: [1, 3]}}
        extra_body: {seed: 7, stop: ["END"], penalty: 1.0}
  columns:
    - {name: k, column_type: sampler, sampler_type: category, params: {values: [a, b]}}
`)
  expect(problems).toEqual([])
  expect(config?.model_providers[0]).toMatchObject({
    endpoint: 'http://localhost:8000/v1',
    max_parallel_requests: 32,
    requests_per_minute: 600,
    tokens_per_minute: 100_000,
  })
  expect(config?.model_configs[0]?.inference_parameters).toMatchObject({
    temperature: { distribution_type: 'uniform', params: { low: 0.3, high: 1.1 } },
    top_p: { distribution_type: 'manual', params: { values: [0.8, 0.95], weights: [0.25, 0.75] } },
    extra_body: { seed: 7, stop: ['END'], penalty: new Double(1) },
  })
})

describe('the draft for further checks', () => {
  test('has what was sound', () => {
    const { config, draft } = load(
      'columns:\n- {name: a, column_type: x, drop: 7}\n- {name: b, column_type: y, p: 1}\nmodel_configs: [{alias: m}]\nrows: x',
    )
    expect(config).toBeNull()
    expect(draft?.columns.map(({ name, drop }) => [name, drop])).toEqual([
      ['a', false],
      ['b', false],
    ])
    expect(draft?.model_configs.map(({ alias }) => alias)).toEqual(['m'])
    expect(draft?.rows).toBeNull()
  })
  test('keeps the places of columns that cannot be read', () => {
    const { draft, unread } = load('columns:\n- {column_type: x}\n- 5\n- {name: a, drop: maybe}')
    expect(draft?.columns.map(({ name, column_type }) => [name, column_type])).toEqual([
      ['', 'x'],
      ['', ''],
      ['a', ''],
    ])
    expect(unread).toEqual(new Set())
  })
  test('names the parts that cannot be read at all', () => {
    expect(load('columns: 5\nmodel_configs: x\nseed_config: {source: 3}').unread).toEqual(
      new Set(['columns', 'model_configs', 'seed_config']),
    )
    expect(load('columns: []\nmodel_configs:').unread).toEqual(new Set())
    expect(load('seed: 1').unread).toEqual(new Set(['columns']))
    expect(load('7').draft).toBeNull()
  })
})

describe('seed_config', () => {
  function seed(text: string): ReturnType<typeof load> {
    return load(`columns: []\nseed_config: ${text}`)
  }
  const source = 'source: {seed_type: local, path: x.csv}'

  test.each([
    [`{${source}}`, 'ordered', null],
    [`{${source}, sampling_strategy: shuffle}`, 'shuffle', null],
    [`{${source}, selection_strategy: {start: 2, end: 2}}`, 'ordered', { start: 2, end: 2 }],
    [
      `{${source}, selection_strategy: {num_partitions: 3, index: 2}}`,
      'ordered',
      { index: 2, num_partitions: 3 },
    ],
    [`{${source}, selection_strategy: {}}`, 'ordered', { index: 0, num_partitions: 1 }],
  ])('%s', (text, sampling_strategy, selection_strategy) => {
    const { config, problems } = seed(text)
    expect(problems).toEqual([])
    expect(config?.seed_config).toEqual({
      source: { seed_type: 'local', path: 'x.csv' },
      sampling_strategy,
      selection_strategy,
      rows_per_record: 1,
    })
  })

  test.each([
    ['{}', '2:14 missing-field'],
    ['{source: {path: x.csv}}', '2:23 missing-field'],
    ['{source: x.csv}', '2:23 wrong-type'],
    [`{${source}, sampling_strategy: random}`, '2:75 wrong-word'],
    [`{${source}, filter: x}`, '2:56 unknown-key'],
    [`{${source}, selection_strategy: {start: 3, end: 2}}`, '2:76 out-of-range'],
    [`{${source}, selection_strategy: {start: 3}}`, '2:76 missing-field'],
    [`{${source}, selection_strategy: {index: 2, num_partitions: 2}}`, '2:76 out-of-range'],
    [`{${source}, selection_strategy: {index: 0, ends: 2}}`, '2:87 unknown-key'],
  ])('%s: %s', (text, problem) => {
    expect(found(`columns: []\nseed_config: ${text}`)).toEqual([problem])
  })

  test('keys that a source ignores are warned of', () => {
    const { config, problems } = seed('{source: {seed_type: directory, path: d, recursiv: no}}')
    expect(config?.seed_config?.source).toEqual({
      seed_type: 'directory',
      path: 'd',
      recursiv: false,
    })
    expect(formatProblems(problems)).toMatchInlineSnapshot(`
      "data.yaml:2:55  seed_config.source.recursiv
        warning: The seed source has no field 'recursiv'; it is ignored
          Did you mean 'recursive'?

      1 warning"
    `)
    expect(found('columns: []\nseed_config: {source: {seed_type: my-plugin, what: ever}}')).toEqual(
      [],
    )
  })
})

describe('processors and what is not run yet', () => {
  test('a processor is a mapping; what is in it, its kind reads', () => {
    expect(found('columns: []\nprocessors: [{name: d}, tidy]')).toEqual(['2:25 wrong-type'])
    const { config } = load('columns: []\nprocessors: [{name: d, processor_type: any, of: [1]}]')
    expect(config?.processors).toEqual([{ name: 'd', processor_type: 'any', of: [1] }])
  })

  test('constraints are read', () => {
    const { config } = load(
      'columns: []\nconstraints: [{target_column: a, operator: lt, rhs: "5"}]',
    )
    expect(config?.constraints).toEqual([{ target_column: 'a', operator: 'lt', rhs: 5 }])
  })

  test('parts of the report have their defaults, and their mistakes', () => {
    const parts = 'profilers: [{model_alias: m}]\nagreement: [{columns: [a, b]}]'
    const { config, problems } = load(`columns: []\n${parts}`)
    expect(problems).toEqual([])
    expect(config?.profilers).toEqual([{ model_alias: 'm', summary_score_sample_size: 20 }])
    expect(config?.agreement).toEqual([{ columns: ['a', 'b'], score: null, level: null }])
    const wrong = load(`columns: []
profilers: [{model_alias: m, summary_score_sample_size: 0}, {sample: 3}]
agreement: [{columns: [a]}, {columns: [a, a], level: ratio}, 3]`)
    expect(wrong.problems.map(({ code, path }) => [code, path.join('.')])).toEqual([
      ['out-of-range', 'profilers.0.summary_score_sample_size'],
      ['missing-field', 'profilers.1.model_alias'],
      ['unknown-key', 'profilers.1.sample'],
      ['out-of-range', 'agreement.0.columns'],
      ['wrong-format', 'agreement.1.columns.1'],
      ['wrong-word', 'agreement.1.level'],
      ['wrong-type', 'agreement.2'],
    ])
  })
})

describe('whatever is written', () => {
  const good = `seed: 7
model_configs:
  - {alias: w, model: m, provider: p, inference_parameters: {temperature: {params: {low: 0, high: 1}}}}
seed_config: {source: {seed_type: local, path: x.csv}, selection_strategy: {start: 0, end: 3}}
columns:
  - &base
    name: topic
    column_type: sampler
    params: {values: [a, 1.0, yes]}
    skip: {when: "{{ a }}"}
  - {<<: *base, name: other}
processors:
  - {name: d, processor_type: drop_columns, column_names: ["t*"]}
`
  const snippet = fc.constantFrom(
    ...' |\n|\t|:|: |- |{|}|[|]|,|"|#|&a |*a|!!int |>|null|1.0|1e3|~|<<: |? |---|...'.split('|'),
    ..."'~|~%~@~\\~\u0000~__proto__~{{ x }}".split('~'),
  )

  test('the good text is good', () => {
    expect(load(good).problems).toEqual([])
  })

  test('nothing throws, and every problem has a place', () => {
    const damage = fc.record({
      at: fc.nat({ max: good.length }),
      remove: fc.nat({ max: 12 }),
      insert: fc.array(snippet, { maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        let text = good
        for (const { at, remove, insert } of damages) {
          text = text.slice(0, at) + insert.join('') + text.slice(at + remove)
        }
        const { config, problems } = load(text)
        const lines = text.split('\n')
        for (const { position, message } of problems) {
          expect(message).not.toBe('')
          expect(position?.line).toBeGreaterThanOrEqual(1)
          expect(position?.line).toBeLessThanOrEqual(lines.length)
          expect(position?.column).toBeGreaterThanOrEqual(1)
        }
        expect(config === null).toBe(problems.some(({ level }) => level === 'error'))
        expect(formatProblems(problems)).toMatch(/\d+ (problem|warning)s?/)
      }),
      { numRuns: 400 },
    )
  })
})
