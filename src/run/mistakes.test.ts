import { describe, expect, test } from 'vitest'
import { validate } from '../check/validate.ts'

async function told(text: string, environment = {}): Promise<string[]> {
  const { problems } = await validate({ config: { text }, environment })
  return problems.map(
    ({ level, code, position, message, suggestion }) =>
      `${position?.line}:${position?.column} ${level} ${code}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
  )
}

const models = `
model_providers: [{name: p, endpoint: 'http://127.0.0.1:9/v1'}]
model_configs: [{alias: m, provider: p, model: x}]`

describe('one mistake hides no other', () => {
  test('in a column, whatever is wrong with it', async () => {
    expect(
      await told(`columns:
- name: a
  column_type: expresion
  dtyp: int
  expr: "{{ zza }}"
- name: b
  column_type: sampler
  sampler_type: unifrm
  params: {low: 3, hgh: 1}
- name: c
  column_type: llm-text
  model_alias: 5
  prompt: "{{ zzc }} {{"
- nme: d
  column_type: expression
  expr: "{{ zzd }}"
- name: e
  column_type: expression
  expr: "{{ d }} {{ zze }}"
  skip: {when: "{{ zzs }}", vaule: 3}
- 7
`),
    ).toMatchInlineSnapshot(`
      [
        "14:3 error missing-field: Column 4 lacks 'name' (Did you mean it by 'nme'?)",
        "20:29 error unknown-key: 'skip' of column 'e' has no field 'vaule' (Did you mean 'value'?)",
        "21:3 error wrong-type: Column 6 has the wrong type",
        "3:16 error unknown-column-type: Column 'a' has the unknown column_type 'expresion' (Did you mean 'expression'?)",
        "4:3 error unknown-key: Column 'a' has no field 'dtyp' (Did you mean 'dtype'?)",
        "8:17 error wrong-word: 'sampler_type' of column 'b' is not a word that is known there (Did you mean 'uniform'?)",
        "9:20 error unknown-key: 'params' of column 'b' has no field 'hgh' (Did you mean 'high'?)",
        "12:16 error wrong-type: 'model_alias' of column 'c' has the wrong type (Put it into quotes: "5".)",
        "9:11 error reversed-range: Column 'b' draws from low to high, but high lies below low (Exchange low and high.)",
        "13:24 error template-syntax: The template can't be read: expected an expression, found the end of the template",
        "5:13 error unknown-reference: Column 'a' refers to 'zza', which is not a column",
        "16:13 error unknown-reference: Column 4 refers to 'zzd', which is not a column",
        "19:21 error unknown-reference: Column 'e' refers to 'zze', which is not a column",
        "20:20 error unknown-reference: Column 'e' refers to 'zzs', which is not a column",
      ]
    `)
  })

  test('of a reference, behind parts that can not be read', async () => {
    expect(
      await told(`model_configs: 3
seed_config: {source: 5, sampling_strategy: random}
columns:
- {name: animal, column_type: expression, expr: "x {{ city }}"}
- {name: b, column_type: llm-text, model_alias: m, prompt: "{{ anmial }} {{ zz }}"}
`),
    ).toMatchInlineSnapshot(`
      [
        "1:16 error wrong-type: 'model_configs' of the config has the wrong type (Write it as a list: [3].)",
        "2:23 error wrong-type: 'source' of the seed config has the wrong type",
        "2:45 error wrong-word: 'sampling_strategy' of the seed config is not a word that is known there",
        "5:64 warning unknown-reference: Column 'b' refers to 'anmial', which is not a column, unless it is one of the seed that can't be read (Did you mean 'animal'?)",
      ]
    `)
  })

  test('of a seed: its file is looked at whatever else is wrong with it', async () => {
    const lines = await told(`columns: [{name: a, column_type: expression, expr: x}]
seed_config: {source: {seed_type: local, path: nowhere.csv}, selection_strategy: {start: 3, end: 1}, sampling_strategy: random}
`)
    expect(lines.map((line) => line.split(' ')[2])).toEqual([
      'wrong-word:',
      'out-of-range:',
      'seed-missing:',
    ])
  })

  test('of a model: its provider is looked up', async () => {
    expect(
      await told(`model_providers: [{name: broken, endpoint: 7}, {name: p, endpoint: 'http://127.0.0.1:9/v1', api_key: NO_SUCH_KEY}]
model_configs:
- {alias: m, model: x, provider: pp, inference_parameters: {temperature: hot}}
- {alias: n, model: x, provider: broken}
- {alias: o, model: x, provider: p}
- {alias: q, model: x}
columns:
- {name: a, column_type: expression, expr: x}
- {name: b, column_type: llm-text, model_alias: m, prompt: "{{ a }}"}
- {name: c, column_type: llm-text, model_alias: n, prompt: "{{ a }}"}
- {name: d, column_type: llm-text, model_alias: o, prompt: "{{ a }}"}
- {name: e, column_type: llm-text, model_alias: q, prompt: "{{ a }}"}
- {name: f, column_type: llm-text, model_alias: mm, prompt: "{{ a }}"}
`),
    ).toMatchInlineSnapshot(`
      [
        "3:74 error wrong-type: 'temperature' of the inference_parameters object of model 'm' has the wrong type",
        "6:3 error missing-field: Model 'q' lacks 'provider'",
        "1:44 error wrong-type: 'endpoint' of provider 'broken' has the wrong type (Put it into quotes: "7".)",
        "13:49 error unknown-model: Column 'f' uses the model alias 'mm', which is not configured (Add it to model_configs.)",
        "3:34 error unknown-provider: Model "m": there is no provider "pp".",
        "1:19 warning secret-missing: Provider "p" takes its key from the environment variable NO_SUCH_KEY, which is not set. (Run "export NO_SUCH_KEY=…" first, or set "api_key" to null when the endpoint needs no key.)",
      ]
    `)
  })

  test('of fields that stand in a wrong place or have another name', async () => {
    const lines = await told(`columns:
- {name: a, column_type: sampler, sampler_type: category, values: [x, y]}
- {name: b, type: expression, expr: x}
- {name: c, sampler_type: uuid, params: {}}
- {name: d, column_type: llm-text, model: m, prompt: "{{ a }}"}
- {name: e, column_type: expression, expr: off}
`)
    expect(lines.map((line) => /\(([^)]*)\)$/.exec(line)?.[1])).toEqual([
      "Write 'column_type' in place of 'type'.",
      'Add column_type: sampler.',
      "Put 'values' below 'params'.",
      "Write 'model_alias' in place of 'model'.",
      'Put it into quotes: "off".',
    ])
  })

  test('of names to drop', async () => {
    const lines = await told(`columns:
- {name: a, column_type: expression, expr: x, dtyp: int}
- {name: story, column_type: llm-text, with_trace: al, prompt: x}
processors: [{name: d, processor_type: drop_columns, column_names: [aa, story__trace, "x*"]}]
`)
    expect(lines.filter((line) => line.includes('to drop'))).toEqual([
      expect.stringContaining("error unknown-column: The name 'aa' to drop matches no column"),
      expect.stringContaining("warning unknown-column: The pattern 'x*' to drop matches no column"),
    ])
  })
})

test('nothing is reported twice', async () => {
  const lines = await told(`columns:
- {name: a, column_type: llm-text, model_alais: m, promt: "{{ b }}"}
- {name: b, column_type: expression, expr: "{{ a }}"}${models}
`)
  expect(lines.map((line) => line.split(' ')[2])).toEqual([
    'unknown-key:',
    'unknown-key:',
    'cycle:',
  ])
})

describe('warnings', () => {
  test.each([
    [
      'a paid column that nobody reads',
      '- {name: s, column_type: llm-text, model_alias: m, prompt: "{{ a }}", drop: true}',
      "unused-column: Column 's' is dropped and nothing reads it, but its requests are paid for",
    ],
    [
      'an expression without braces',
      '- {name: e, column_type: expression, expr: a + 1}',
      `missing-braces: The expression of column 'e' names 'a' without braces, so every row gets this same text (To compute it, write "{{ a + 1 }}".)`,
    ],
    [
      'single braces in an expression',
      '- {name: e, column_type: expression, expr: "{a} and {{ a }}"}',
      "single-braces: Column 'e' has '{a}' in its expr, which is sent unchanged",
    ],
    [
      'a condition that reads nothing',
      '- {name: s, column_type: sampler, sampler_type: uuid, params: {}, conditional_params: {"1 == 1": {prefix: x}}}',
      "constant-condition: A condition of column 's' refers to no column",
    ],
  ])('of %s', async (_, column, expected) => {
    const lines = await told(
      `columns:\n- {name: a, column_type: expression, expr: x}\n${column}${models}`,
    )
    expect(lines).toEqual([expect.stringContaining(` warning ${expected}`)])
  })

  test.each([
    [
      'a dropped column that another one reads',
      '{name: s, column_type: llm-text, model_alias: m, prompt: "{{ a }}", drop: true}, {name: e, column_type: expression, expr: "{{ s }}"}',
    ],
    [
      'a dropped column with a trace that is kept',
      '{name: s, column_type: llm-text, model_alias: m, prompt: "{{ a }}", drop: true, with_trace: last_message}',
    ],
    [
      'a dropped expression, which may filter rows',
      '{name: e, column_type: expression, expr: "{{ a }}", drop: true}',
    ],
    ['a constant', '{name: e, column_type: expression, expr: v1.0 of it}'],
  ])('but not of %s', async (_, columns) => {
    expect(
      await told(`columns: [{name: a, column_type: expression, expr: x}, ${columns}]${models}`),
    ).toEqual([])
  })
})

test('models that make something else, and tools of nowhere, are refused for what they are', async () => {
  expect(
    await told(`model_providers: [{name: p, endpoint: 'http://127.0.0.1:9/v1'}]
model_configs: [{alias: m, provider: p, model: x, inference_parameters: {dimensions: 3}}]
tool_configs: [{tool_alias: search, providers: [web]}]
columns:
- {name: a, column_type: expression, expr: x}
- {name: b, column_type: llm-text, model_alias: m, prompt: "{{ a }}", tool_alias: search}
`),
  ).toMatchInlineSnapshot(`
    [
      "6:49 error unsupported-generation-type: Column 'b' uses the model alias 'm' for text, and that model makes embeddings (Give the column the alias of a model with generation_type chat-completion.)",
      "3:49 error unknown-mcp-provider: Tool config "search": there is no MCP provider "web" (Add it to mcp_providers, or give a file of them with --mcp-providers.)",
    ]
  `)
})

test('null is the word null where that is a word', async () => {
  const text = 'columns: [{name: a, column_type: expression, expr: x, on_failure: null}]'
  expect(await told(text)).toEqual([])
})
