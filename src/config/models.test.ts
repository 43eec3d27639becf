import { describe, expect, test } from 'vitest'
import { builtInModels } from './built-in-models.ts'
import type { ModelConfig } from './dataset.ts'
import { loadModels, loadProviders } from './model-lists.ts'
import { builtInProviders } from './model-providers.ts'
import { formatProblems } from './format-problems.ts'

function models(text: string): ReturnType<typeof loadModels> {
  return loadModels(`model_configs:\n- ${text}`, { file: 'models.yaml' })
}

function parameters(text: string): ModelConfig['inference_parameters'] | undefined {
  const loaded = models(`{alias: m, model: x, provider: p, inference_parameters: ${text}}`)
  return loaded.models?.[0]?.inference_parameters
}

function codes(text: string): (string | undefined)[] {
  return models(`{alias: m, model: x, provider: p, inference_parameters: ${text}}`).problems.map(
    ({ code, path }) => `${code} ${path.slice(3).join('.')}`.trim(),
  )
}

test('defaults of a model', () => {
  expect(models('{alias: m, model: x, provider: p}')).toEqual({
    models: [
      {
        alias: 'm',
        model: 'x',
        provider: 'p',
        inference_parameters: {
          generation_type: 'chat-completion',
          max_parallel_requests: 4,
          requests_per_minute: null,
          tokens_per_minute: null,
          timeout: null,
          extra_body: null,
          temperature: null,
          top_p: null,
          max_tokens: null,
          output_mode: null,
        },
        skip_health_check: false,
      },
    ],
    problems: [],
  })
})

test('parameters are coerced; extra_body stays as written', () => {
  expect(
    parameters(
      '{temperature: "0.7", top_p: yes, max_tokens: 10.0, timeout: "90", extra_body: {n: 1, x: 1.0}}',
    ),
  ).toMatchObject({ temperature: 0.7, top_p: 1, max_tokens: 10, timeout: 90, extra_body: { n: 1 } })
})

test.each([
  [
    '{params: {low: 0.3, high: 1.1}}',
    { distribution_type: 'uniform', params: { low: 0.3, high: 1.1 } },
  ],
  [
    '{distribution_type: manual, params: {values: [0, 1, "0.5"], weights: [1, 1, 2]}}',
    { distribution_type: 'manual', params: { values: [0, 1, 0.5], weights: [0.25, 0.25, 0.5] } },
  ],
  [
    '{params: {values: [1]}}',
    { distribution_type: 'manual', params: { values: [1], weights: null } },
  ],
])('a temperature drawn from %s', (text, temperature) => {
  expect(parameters(`{temperature: ${text}}`)?.temperature).toEqual(temperature)
})

test.each([
  ['null', ['wrong-type']],
  ['{temperature: 2.1}', ['out-of-range temperature']],
  ['{top_p: -0.1}', ['out-of-range top_p']],
  ['{temperature: .nan}', ['out-of-range temperature']],
  ['{timeout: 1.5}', ['wrong-type timeout']],
  ['{timeout: 0}', ['out-of-range timeout']],
  ['{max_parallel_requests: 0}', ['out-of-range max_parallel_requests']],
  ['{requests_per_minute: 0}', ['out-of-range requests_per_minute']],
  ['{tokens_per_minute: many}', ['wrong-type tokens_per_minute']],
  ['{frequency_penalty: 1}', ['unknown-key frequency_penalty']],
  ['{extra_body: [1]}', ['wrong-type extra_body']],
  ['{generation_type: chat}', ['wrong-word generation_type']],
  ['{generation_type: chat-completion, dimensions: 8}', ['wrong-word generation_type']],
  ['{generation_type: image, temperature: 1}', ['unknown-key temperature']],
  ['{temperature: {params: {low: 1, high: 1}}}', ['out-of-range temperature.params']],
  ['{temperature: {params: {low: 1, high: 3}}}', ['out-of-range temperature.params.high']],
  ['{temperature: {params: {values: []}}}', ['out-of-range temperature.params.values']],
  ['{top_p: {params: {values: [2]}}}', ['out-of-range top_p.params.values.0']],
  ['{top_p: {params: {values: [1, 0.5], weights: [1]}}}', ['out-of-range top_p.params']],
  ['{top_p: {params: {values: [1], weights: [0]}}}', ['out-of-range top_p.params']],
  [
    '{top_p: {distribution_type: uniform, params: {values: [1]}}}',
    [
      'missing-field top_p.params.low',
      'missing-field top_p.params.high',
      'unknown-key top_p.params.values',
    ],
  ],
  [
    '{top_p: {distribution_type: normal, params: {low: 0, high: 1}}}',
    ['wrong-word top_p.distribution_type'],
  ],
])('parameters %s are refused', (text, expected) => {
  expect(codes(text)).toEqual(expected)
})

test.each([
  ['{encoding_format: base64}', 'embedding'],
  ['{dimensions: 8}', 'embedding'],
  ['{generation_type: embedding, max_parallel_requests: 9}', 'embedding'],
  ['{generation_type: image}', 'image'],
])('%s is recognised', (text, type) => {
  expect(parameters(text)?.generation_type).toBe(type)
  expect(codes(text)).toEqual([])
})

test('models that are refused', () => {
  const text = `model_configs:
  - {alias: a, model: x, provider: p}
  - {alias: a, model: y, provider: p}
  - {alias: b, model: x}
  - {alias: c, model: 4.1, provider: p, inference_params: {}}
`
  const { models: none, problems } = loadModels(text, { file: 'models.yaml' })
  expect(none).toBeNull()
  expect(formatProblems(problems)).toMatchInlineSnapshot(`
    "models.yaml:3:13  model_configs[1].alias
      Model 'a' is defined twice: as model_configs[0] and model_configs[1]
        Rename or remove one of them.

    models.yaml:4:5  model_configs[2].provider
      Model 'b' lacks 'provider'
        expected  text that is not empty

    models.yaml:5:23  model_configs[3].model
      'model' of model 'c' has the wrong type
        expected  text that is not empty
        got       4.1
        Put it into quotes: "4.1".

    models.yaml:5:41  model_configs[3].inference_params
      Model 'c' has no field 'inference_params'
        Did you mean 'inference_parameters'?

    4 problems"
  `)
})

describe('providers', () => {
  function providers(text: string): ReturnType<typeof loadProviders> {
    return loadProviders(`providers:\n- ${text}`, { file: 'providers.yaml' })
  }

  test('are completed', () => {
    const text = `default: nvidia
providers:
  - {name: a, endpoint: "https://x.org/v1//", provider_type: OpenAI, api_key: A_KEY, extra_headers: {x-team: data}, max_parallel_requests: 8}
  - {name: local, provider_type: llama-cpp}
`
    const { providers: list, problems } = loadProviders(text, { file: 'p.yaml' })
    expect(problems).toEqual([])
    expect(list).toEqual([
      {
        name: 'a',
        endpoint: 'https://x.org/v1',
        provider_type: 'openai',
        api_key: 'A_KEY',
        api_keys: null,
        extra_body: null,
        extra_headers: { 'x-team': 'data' },
        max_parallel_requests: 8,
        requests_per_minute: null,
        settings: null,
        tokens_per_minute: null,
      },
      {
        name: 'local',
        endpoint: '',
        provider_type: 'llama-cpp',
        api_key: null,
        api_keys: null,
        extra_body: null,
        extra_headers: null,
        max_parallel_requests: null,
        requests_per_minute: null,
        settings: null,
        tokens_per_minute: null,
      },
    ])
  })

  test.each([
    'OPENAI_API_KEY',
    'NVIDIA_API_KEY',
    '_key',
    'my_openai_key_2',
    'my_second_openai_api_key_number_22',
    'AZURE_OPENAI_KEY_2024_EUROPE_01',
    'Key',
  ])('%s is the name of a variable', (name) => {
    const { providers: list } = providers(`{name: a, endpoint: "http://x/v1", api_key: ${name}}`)
    expect(list?.[0]?.api_key).toBe(name)
  })

  test.each([
    'sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789',
    'nvapi-AbCdEfGhIjKlMnOpQrStUvWxYz',
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEf',
    'gsk_AbCdEfGhIjKlMnOpQrSt',
    'AKIAIOSFODNN7EXAMPLE',
    'd41d8cd98f00b204e9800998ecf8427e',
    'AIzaSyD4f8g9h0j1k2l3m4n5o6p7q8r9s0t1u2v',
    'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4',
    'two words',
    'x-y',
  ])('%s is a key, refused and not shown', (key) => {
    const { providers: list, problems } = providers(
      `{name: a, endpoint: "http://x/v1", api_key: "${key}"}`,
    )
    expect(list).toBeNull()
    expect(problems.map(({ code }) => code)).toEqual(['wrong-format'])
    expect(problems[0]?.suggestion).toContain('environment variable')
    expect(formatProblems(problems)).not.toContain(key)
  })

  test('what else is refused', () => {
    const text = `other: 1
providers:
  - {name: a, endpoint: "localhost:8000/v1"}
  - {name: b}
  - {name: b, endpoint: "http://x/v1", apikey: sk-1234567890}
  - {name: c, endpoint: "http://x/v1", extra_headers: {retries: 3}, max_parallel_requests: 0}
`
    const { problems } = loadProviders(text, { file: 'p.yaml' })
    expect(formatProblems(problems)).toMatchInlineSnapshot(`
      "p.yaml:1:1  other
        warning: The file has no use for the key 'other'; it is ignored
          expected  'providers'

      p.yaml:5:12  providers[2].name
        Provider 'b' is defined twice: as providers[1] and providers[2]
          Rename or remove one of them.

      p.yaml:5:40  providers[2].apikey
        Provider 'b' has no field 'apikey'
          Did you mean 'api_key'?

      p.yaml:6:65  providers[3].extra_headers.retries
        'extra_headers.retries' of provider 'c' has the wrong type
          expected  text
          got       3
          Put it into quotes: "3".

      p.yaml:6:92  providers[3].max_parallel_requests
        'max_parallel_requests' of provider 'c' is out of range
          expected  a whole number ≥ 1
          got       0

      5 problems: 4 errors, 1 warning"
    `)
  })

  test('a file without its list', () => {
    expect(loadProviders('', { file: 'p.yaml' }).problems.map(({ code }) => code)).toEqual([
      'wrong-type',
    ])
    expect(loadProviders('x: 1', { file: 'p.yaml' }).problems.map(({ code }) => code)).toEqual([
      'missing-field',
    ])
  })
})

test('built-in models name built-in providers', () => {
  const names = builtInProviders.map(({ name }) => name)
  expect(names).toEqual(['nvidia', 'openai', 'openrouter'])
  expect(builtInModels).toHaveLength(12)
  for (const { alias, provider } of builtInModels) {
    expect(names).toContain(provider)
    expect(alias.startsWith(`${provider}-`)).toBe(true)
  }
  expect(builtInModels[1]?.inference_parameters).toMatchObject({
    temperature: 1,
    top_p: 0.95,
    extra_body: { reasoning_effort: 'medium' },
  })
})
