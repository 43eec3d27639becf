import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { defineColumn, jsonSchema, validate, type JsonSchema, type Problem } from '../src/index.ts'
import { builtInRegistry } from '../src/plugins/kind-registry.ts'
import { loadProviders } from '../src/config/model-lists.ts'
import { loadRunConfig } from '../src/config/run-config.ts'
import { loadMcpProviders, loadToolConfigs } from '../src/config/tool-lists.ts'
import { schemaKinds } from '../src/check/json-schema.ts'
import { samplers } from '../src/samplers/index.ts'
import { pets, stories } from './e2e/configs.ts'

const repository = new URL('..', import.meta.url)

/** What a schema refuses of a value; nothing when it takes it. */
function checker(schema: JsonSchema): (value: unknown) => string[] {
  const ajv = new Ajv({ strict: true, allErrors: true, strictTypes: false, strictRequired: false })
  ajv.addVocabulary(['enumDescriptions'])
  const accepts = ajv.compile(schema)
  return (value) =>
    accepts(value)
      ? []
      : (accepts.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)
}

const refusals = {
  dataset: checker(await jsonSchema()),
  'run-config': checker(await jsonSchema('run-config')),
  providers: checker(await jsonSchema('providers')),
  'mcp-providers': checker(await jsonSchema('mcp-providers')),
  'tool-configs': checker(await jsonSchema('tool-configs')),
  'model-configs': checker(await jsonSchema('model-configs')),
}

/** Nothing is asked and no key is looked up for the checks of this file. */
async function problemsOf(config: object): Promise<readonly Problem[]> {
  const { problems } = await validate({ config: { config }, environment: { KEY: 'x' } })
  return problems
}

describe('the published files', () => {
  test.each(schemaKinds)('%s is what the command prints', async (kind) => {
    const file = new URL(`schema/${kind}.schema.json`, repository)
    const hint = `npm run schema writes it again`
    expect(JSON.parse(await readFile(file, 'utf8')), hint).toEqual(await jsonSchema(kind))
  })

  test('have a word for every field', async () => {
    const schemas = await Promise.all(schemaKinds.map((kind) => jsonSchema(kind)))
    const bare = schemaKinds.flatMap((kind, at) => [...undescribed(schemas[at], kind)])
    expect(bare).toEqual([])
  })

  test('know every kind of the tables', async () => {
    const text = JSON.stringify(await jsonSchema())
    for (const type of builtInRegistry.columns.keys()) expect(text).toContain(`"column-${type}"`)
    for (const type of Object.keys(samplers)) expect(text).toContain(`{"const":"${type}"}`)
  })
})

/** Paths of properties without a description; those that are only a tag need none. */
function* undescribed(schema: unknown, path: string): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'if' || key === 'else') continue
    if (key === 'properties') {
      for (const [name, property] of Object.entries(value as Record<string, JsonSchema>)) {
        const { description, $ref } = property
        const isKnown = description !== undefined || $ref !== undefined || 'const' in property
        if (!isKnown) yield `${path}.${name}`
      }
    }
    yield* undescribed(value, `${path}.${key}`)
  }
}

describe('what the loader takes', () => {
  test('examples', async () => {
    const folder = new URL('examples/', repository)
    // A config that names a plugin has words that the published schema can't know; some files are no configs.
    const names = (await readdir(folder, { recursive: true })).filter(
      (name) => name.endsWith('.yaml') && !/^plugin|^markdown|(scripted|map)\.yaml$/.test(name),
    )
    expect(names.length).toBeGreaterThanOrEqual(2)
    for (const name of names) {
      const text = await readFile(fileURLToPath(new URL(name, folder)), 'utf8')
      expect(refusals.dataset(parse(text)), name).toEqual([])
    }
  })

  test.each<[string, object]>([
    ['pets', pets],
    ['stories', stories({ url: 'http://127.0.0.1/v1', apiKey: 'KEY' })],
    ['the full form', { data_designer: pets, library_version: '0.9.0' }],
    ['no column', { columns: [] }],
    [
      'numbers and flags as text',
      {
        rows: '1_000',
        seed: '18446744073709551615',
        columns: [
          { ...pets.columns[0], drop: 'no', propagate_skip: 1 },
          { ...pets.columns[1], params: { low: '1e0', high: ' 9 ', decimal_places: '2' } },
        ],
      },
    ],
    [
      'parts that ask for nothing',
      {
        ...pets,
        model_configs: null,
        tool_configs: [],
        constraints: null,
        processors: [],
        profilers: [{ model_alias: 'm', summary_score_sample_size: null }],
        agreement: [],
      },
    ],
    [
      'parameters with their tag, and conditions',
      {
        columns: [
          pets.columns[0],
          {
            name: 'sound',
            column_type: 'sampler',
            sampler_type: 'category',
            params: { sampler_type: 'category', values: ['meow', 1, 2.5, true], weights: null },
            conditional_params: { "animal == 'dog'": { values: ['wuff'] } },
            on_failure: null,
          },
        ],
      },
    ],
    [
      'models of every kind',
      {
        ...pets,
        model_configs: [
          { alias: 'a', model: 'm', provider: 'p' },
          {
            alias: 'b',
            model: 'm',
            provider: 'p',
            inference_parameters: {
              temperature: { params: { low: 0, high: 1 } },
              top_p: {
                distribution_type: 'manual',
                params: { values: [0.5, '1'], weights: [1, 3] },
              },
              max_tokens: '10',
              extra_body: { stop: ['END'] },
            },
          },
          { alias: 'c', model: 'm', provider: 'p', inference_parameters: { dimensions: 8 } },
          {
            alias: 'd',
            model: 'm',
            provider: 'p',
            inference_parameters: { generation_type: 'image' },
          },
        ],
        model_providers: [
          { name: 'p', endpoint: 'http://127.0.0.1/v1', extra_headers: { 'x-team': 'data' } },
          { name: 'q', provider_type: 'llama-cpp' },
        ],
      },
    ],
  ])('%s', async (_, config) => {
    const errors = (await problemsOf(config)).filter(({ level }) => level === 'error')
    // A config without columns is well formed and makes nothing.
    expect(errors.filter(({ code }) => code !== 'no-columns')).toEqual([])
    expect(refusals.dataset(config)).toEqual([])
  })

  test.each([
    ['buffer_size: 250\nrequest_admission: {cooldown_seconds: 4}\notel_metrics_port:\n'],
    ['progress_bar: true\nthrottle: {reduce_factor: 0.6, ceiling_overshoot: 0.2}\n'],
    ['progress_interval: "2.5"\ndisable_early_shutdown: "yes"\n'],
  ])('the run config %j', (text) => {
    expect(loadRunConfig(text, { file: 'run.yaml' }).config).not.toBeNull()
    expect(refusals['run-config'](parse(text))).toEqual([])
  })

  test('provider files', () => {
    const text = `
      default: nvidia
      providers:
        - {name: nvidia, endpoint: "https://example.org/v1", provider_type: openai, api_key: KEY}
        - {name: here, provider_type: llama-cpp, max_parallel_requests: 2}
    `
    expect(loadProviders(text, { file: 'p.yaml' }).providers).toHaveLength(2)
    expect(refusals.providers(parse(text))).toEqual([])
    expect(refusals.providers({ providers: [{ name: 'a' }] })).not.toEqual([])
    expect(refusals.providers([])).not.toEqual([])
  })

  test('files of tools', () => {
    const servers = `
      default: here
      providers:
        - {name: here, provider_type: stdio, command: node, args: [a.mjs], env: {A: "1"}}
        - {name: web, provider_type: sse, endpoint: "https://example.org/sse", api_key: KEY}
    `
    expect(loadMcpProviders(servers, { file: 'm.yaml' }).providers).toHaveLength(2)
    expect(refusals['mcp-providers'](parse(servers))).toEqual([])
    expect(refusals['mcp-providers']({ providers: [{ name: 'a' }] })).not.toEqual([])
    const tools = `
      tool_configs:
        - {tool_alias: all, providers: [here, web], allow_tools: [add], timeout_sec: 2.5}
    `
    expect(loadToolConfigs(tools, { file: 't.yaml' }).configs).toHaveLength(1)
    expect(refusals['tool-configs'](parse(tools))).toEqual([])
    expect(refusals['tool-configs']({ tool_configs: [{ tool_alias: 'a' }] })).not.toEqual([])
    expect(refusals['tool-configs']({ providers: [] })).not.toEqual([])
  })
})

/** A sound column with other fields. */
function llm(fields: object): object {
  return {
    columns: [{ name: 't', column_type: 'llm-text', model_alias: 'm', prompt: 'x', ...fields }],
  }
}

function sampled(sampler_type: string, params: object, fields: object = {}): object {
  return { columns: [{ name: 's', column_type: 'sampler', sampler_type, params, ...fields }] }
}

describe('what both refuse', () => {
  test.each<[string, object, string]>([
    ['a list instead of a mapping', [], 'must be object'],
    ['no columns', { rows: 3 }, "must have required property 'columns'"],
    ['an unknown key', { ...pets, modle_configs: [] }, 'must NOT have additional properties'],
    ['both forms at once', { ...pets, data_designer: pets }, 'must NOT have additional properties'],
    ['columns that are no list', { columns: 5 }, '/columns: must be array'],
    ['a column that is none', { columns: [12] }, '/columns/0: must be object'],
    [
      'an unknown column type',
      { columns: [{ name: 'a', column_type: 'llm_text' }] },
      'allowed values',
    ],
    ['a column without a type', { columns: [{ name: 'a' }] }, "'column_type'"],
    [
      'a name that is not text',
      sampled('uuid', {}, { name: 5 }),
      '/columns/0/name: must be string',
    ],
    [
      'a sampler without params',
      { columns: [{ name: 'a', column_type: 'sampler', sampler_type: 'uuid' }] },
      "'params'",
    ],
    [
      'an unknown sampler',
      sampled('categry', { values: ['a'] }),
      '/columns/0/sampler_type: must be equal to one of the allowed values',
    ],
    [
      'no values',
      sampled('category', { values: [] }),
      '/columns/0/params/values: must NOT have fewer than 1 items',
    ],
    ['a value out of bounds', sampled('bernoulli', { p: 2 }), '/columns/0/params/p'],
    [
      'an unknown parameter',
      sampled('uniform', { low: 1, high: 2, hihg: 3 }),
      '/columns/0/params: must NOT have additional properties',
    ],
    [
      "another sampler's tag",
      sampled('uuid', { sampler_type: 'uniform' }),
      '/columns/0/params/sampler_type: must be equal to constant',
    ],
    [
      'a wrong unit',
      sampled('datetime', { start: '2024', end: '2025', unit: 'd' }),
      '/columns/0/params/unit',
    ],
    ['a condition as text', llm({ skip: '{{ a }}' }), '/columns/0/skip'],
    ['a trace that is not a word', llm({ with_trace: true }), '/columns/0/with_trace'],
    ['tools without a name', llm({ tool_alias: '' }), '/columns/0/tool_alias'],
    [
      'pictures',
      llm({ multi_modal_context: [{ modality: 'sound', column_name: 'a' }] }),
      '/columns/0/multi_modal_context',
    ],
    [
      'a removed key',
      llm({ allow_resize: true }),
      '/columns/0: must NOT have additional properties',
    ],
    [
      'an unknown dtype',
      { columns: [{ name: 'e', column_type: 'expression', expr: 'x', dtype: 'string' }] },
      '/columns/0/dtype',
    ],
    [
      'constraints',
      { ...pets, constraints: [{ target_column: 'age', operator: '<', rhs: 1 }] },
      '/constraints',
    ],
    [
      'tool configs',
      { ...pets, tool_configs: [{ tool_alias: 't', providers: [] }] },
      '/tool_configs',
    ],
    [
      'a processor of another type',
      { ...pets, processors: [{ name: 'p', processor_type: 'schema_transformer', template: {} }] },
      '/processors/0',
    ],
    [
      'a processor without a type',
      { ...pets, processors: [{ name: 'd', column_names: ['age'] }] },
      "'processor_type'",
    ],
    [
      'a seed without a type',
      { ...pets, seed_config: { source: { path: 'x.csv' } } },
      "'seed_type'",
    ],
    [
      'a seed of another type',
      { ...pets, seed_config: { source: { seed_type: 'ftp', path: 'x' } } },
      '/seed_config/source/seed_type',
    ],
    [
      'half a range',
      {
        ...pets,
        seed_config: {
          source: { seed_type: 'local', path: 'x.csv' },
          selection_strategy: { start: 1 },
        },
      },
      '/seed_config/selection_strategy',
    ],
    [
      'an unknown inference parameter',
      {
        ...pets,
        model_configs: [
          { alias: 'a', model: 'm', provider: 'p', inference_parameters: { frequency_penalty: 1 } },
        ],
      },
      '/model_configs/0/inference_parameters',
    ],
    [
      'a timeout of half a second',
      {
        ...pets,
        model_configs: [
          { alias: 'a', model: 'm', provider: 'p', inference_parameters: { timeout: 1.5 } },
        ],
      },
      '/timeout',
    ],
    [
      'a provider without an address',
      {
        ...llm({}),
        model_configs: [{ alias: 'm', model: 'm', provider: 'p' }],
        model_providers: [{ name: 'p' }],
      },
      "'endpoint'",
    ],
    [
      'a key in the config',
      {
        ...pets,
        model_providers: [{ name: 'p', endpoint: 'http://h/v1', api_key: 'sk-proj-1234' }],
      },
      '/model_providers/0/api_key',
    ],
    ['a negative run seed', { ...pets, seed: -1 }, '/seed'],
    ['rows in words', { ...pets, rows: 'ten' }, '/rows'],
  ])('%s', async (_, config, message) => {
    const errors = (await problemsOf(config)).filter(({ level }) => level === 'error')
    expect(errors.length).toBeGreaterThan(0)
    expect(refusals.dataset(config).join('\n')).toContain(message)
  })
})

test('an error speaks of the kind that was meant, and of no other', () => {
  const [story] = [sampled('uniform', { low: 1, hgih: 2 })]
  expect(refusals.dataset(story)).toEqual([
    "/columns/0/params: must have required property 'high'",
    '/columns/0/params: must NOT have additional properties',
    '/columns/0: must match "then" schema',
    '/columns/0: must match "then" schema',
    ': must match "else" schema',
  ])
})

test("kinds of one's own are in it", async () => {
  const kind = defineColumn({
    type: 'shout',
    schema: z.strictObject({
      name: z.string(),
      column_type: z.literal('shout'),
      drop: z.boolean().default(false),
      skip: z.null().default(null),
      propagate_skip: z.boolean().default(true),
      on_failure: z.enum(['drop', 'null']).default('drop'),
      text: z.string(),
    }),
    describe: () => ({
      by: 'row',
      pure: true,
      output: 'string',
      references: [],
      routes: [],
    }),
    bind: ({ text }) => ({ by: 'row', generate: () => text }),
  })
  const refusal = checker(
    await jsonSchema('dataset', { plugins: [{ name: 'test', columns: [kind] }] }),
  )
  expect(refusal({ columns: [{ name: 'a', column_type: 'shout', text: 'x' }] })).toEqual([])
  expect(refusal({ columns: [{ name: 'a', column_type: 'shout' }] })).not.toEqual([])
  expect(
    refusals.dataset({ columns: [{ name: 'a', column_type: 'shout', text: 'x' }] }),
  ).not.toEqual([])
})

/** Every field that can be written, with a sound value. */
const everything = {
  rows: 5,
  seed: 7,
  model_providers: [
    { name: 'p', endpoint: 'http://127.0.0.1/v1', provider_type: 'openai', api_key: 'KEY' },
  ],
  model_configs: [
    {
      alias: 'm',
      model: 'x',
      provider: 'p',
      skip_health_check: true,
      inference_parameters: { max_parallel_requests: 2, temperature: 0.5, top_p: null, timeout: 3 },
    },
  ],
  columns: [
    ...pets.columns,
    {
      name: 'when',
      column_type: 'sampler',
      sampler_type: 'datetime',
      params: { start: '2024-01-01', end: '2025-01-01', unit: 'h' },
    },
    {
      name: 'tale',
      column_type: 'llm-text',
      model_alias: 'm',
      prompt: '{{ line }}',
      system_prompt: null,
      with_trace: 'none',
      extract_reasoning_content: false,
      skip: { when: '{{ age > 5 }}', value: 'none' },
      on_failure: 'null',
    },
  ],
  processors: [{ name: 'd', processor_type: 'drop_columns', column_names: ['when'] }],
}

type Steps = (string | number)[]

function pathsOf(value: unknown, steps: Steps = []): Steps[] {
  if (typeof value !== 'object' || value === null) return [steps]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [
    ...(steps.length > 0 ? [steps] : []),
    ...entries.flatMap(([key, item]) => pathsOf(item, [...steps, key])),
  ]
}

/** The value with something else at a place; undefined takes the place away. */
function withAt(value: unknown, [first, ...rest]: Steps, replacement: unknown): unknown {
  if (first === undefined) return replacement
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === first ? withAt(item, rest, replacement) : item))
  }
  const next = withAt((value as Record<string, unknown>)[first], rest, replacement)
  return { ...(value as object), [first]: next }
}

/** Refusals of form, which a schema can see; the others are about what things mean together. */
const formCodes: ReadonlySet<string> = new Set([
  'unknown-key',
  'missing-field',
  'wrong-type',
  'wrong-word',
])

test('whatever is put in some place, schema and loader agree on its form', async () => {
  const paths = pathsOf(everything)
  expect(await problemsOf(everything)).toEqual([])
  expect(refusals.dataset(everything)).toEqual([])
  const replacement = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      [],
      {},
      ['x'],
      { zzz: 1 },
      'x',
      '7',
      'yes',
      -1,
      0,
      3,
      2.5,
      undefined,
    ),
    fc.integer(),
    // Without an exponent, which YAML 1.1 would read as text.
    fc.integer({ min: -10_000, max: 10_000 }).map((number) => number / 16),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), replacement, async (path, value) => {
      // As it is in a file: what is undefined is not there.
      const config: object = JSON.parse(JSON.stringify(withAt(everything, path, value)))
      const errors = (await problemsOf(config)).filter(({ level }) => level === 'error')
      const refused = refusals.dataset(config)
      const isWrongForm = errors.some(({ code }) => formCodes.has(code))
      const agree = errors.length === 0 ? refused.length === 0 : !isWrongForm || refused.length > 0
      expect({ agree, place: path.join('.'), value, errors, refused }).toMatchObject({
        agree: true,
      })
    }),
    { numRuns: 400 },
  )
}, 60_000)
