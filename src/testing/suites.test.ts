import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInRegistry } from '../plugins/kind-registry.ts'
import { defineColumn } from '../graph/kind.ts'
import { defineSampler } from '../samplers/define.ts'
import { z } from 'zod'
import { isolation } from '../validators/isolation.ts'
import { columnCases } from './column-cases.ts'
import { columnSuite, type ColumnSetup } from './column-suite.ts'
import { exporterSuite } from './exporter-suite.ts'
import { processorSuite } from './processor-suite.ts'
import { samplerSuite, type SamplerSetup } from './sampler-suite.ts'
import { createFileServer, createHub } from '../../test/support/file-server.ts'
import { seedFormatSuite, seedSourceSuite } from './seed-suite.ts'
import { validatorSuite } from './validator-suite.ts'

/** Every built-in kind runs the suite of its family; a plugin's author runs the same. */
const { samplers, columns, validators, processors, seedFormats, seedSources, exporters } =
  builtInRegistry

const samplerSetups: Readonly<Record<string, Omit<SamplerSetup, 'kind'>[]>> = {
  bernoulli: [{ params: { p: 0.3 } }],
  bernoulli_mixture: [{ params: { p: 0.7, dist_name: 'poisson', dist_params: { mu: 3 } } }],
  binomial: [
    { params: { n: 12, p: 0.3 } },
    { params: { n: 5, p: 1 } },
    { params: { n: 4_000_000_000, p: 0.4 } },
  ],
  category: [
    { params: { values: ['a', 'b', 'c'] } },
    { params: { values: [1, 2.5, 3], weights: [1, 0, 3] } },
  ],
  datetime: [
    { params: { start: '2026-01-01', end: '2026-12-31', unit: 'D' } },
    { params: { start: '1999-01-01', end: '2031-01-01', unit: 's' } },
  ],
  gaussian: [{ params: { mean: 3, stddev: 0.5 } }, { params: { mean: -1, stddev: 0 } }],
  person: [
    {
      params: { with_synthetic_personas: true },
      loaded: {
        identity: 'two persons',
        chosen: Uint32Array.of(4, 9),
        detailColumns: ['first_name', 'last_name', 'age', 'region', 'postcode'],
        personaColumns: ['persona'],
        details: (row: number) => ['Ann', `Number ${row}`, 33, 'NY', '10001'],
        personas: (row: number) => [`Likes ${row}.`],
      },
    },
  ],
  person_from_faker: [
    { params: {} },
    { params: { locale: 'ja_JP', sex: 'Male', city: ['A', 'B'], age_range: [0, 20] } },
  ],
  poisson: [{ params: { mean: 3.2 } }, { params: { mean: 0 } }, { params: { mean: 1e9 } }],
  scipy: [
    { params: { dist_name: 'gamma', dist_params: { a: 2, scale: 15 } } },
    { params: { dist_name: 'zipf', dist_params: { a: 2.5, loc: -1 } } },
    { params: { dist_name: 'poisson_binom', dist_params: { p: [0.1, 0.9, 0.5] } } },
  ],
  subcategory: [
    { params: { category: 'kind', values: { a: ['x', 'y'], b: ['z'] } }, texts: { kind: 'a' } },
  ],
  timedelta: [{ params: { dt_min: 1, dt_max: 9, reference_column_name: 'day', unit: 'h' } }],
  uniform: [{ params: { low: -2, high: 7 } }, { params: { low: 3, high: 3 } }],
  uuid: [{ params: {} }, { params: { prefix: 'id-', short_form: true, uppercase: true } }],
}

describe('samplers', () => {
  test('all of them', () => {
    expect(Object.keys(samplerSetups)).toEqual([...samplers.keys()].toSorted())
  })
  for (const [name, kind] of samplers) {
    for (const [at, setup] of (samplerSetups[name] ?? []).entries()) {
      test.each(samplerSuite({ kind, ...setup }))(`${name} ${at}: $name`, async ({ run }) => {
        await expect(run()).resolves.toBeUndefined()
      })
    }
  }
})

const models = {
  model_configs: [
    { alias: 'm', model: 'x', provider: 'p' },
    { alias: 'i', model: 'z', provider: 'p', inference_parameters: { generation_type: 'image' } },
    { alias: 'v', model: 'y', provider: 'p', inference_parameters: { dimensions: 8 } },
  ],
  model_providers: [{ name: 'p', endpoint: 'http://127.0.0.1:9/v1' }],
}
const animal = {
  name: 'animal',
  column_type: 'sampler',
  sampler_type: 'category',
  params: { values: ['fox', 'owl'] },
}
const asking = { name: 'own', model_alias: 'm', prompt: 'Of the {{ animal }}.' }
const columnSetups: Readonly<Record<string, ColumnSetup>> = {
  sampler: { column: { ...animal, name: 'own' } },
  expression: {
    column: { name: 'own', column_type: 'expression', expr: '{{ animal | upper }}' },
    config: { columns: [animal] },
  },
  'llm-text': {
    column: {
      name: 'own',
      column_type: 'llm-text',
      model_alias: 'm',
      system_prompt: 'Be brief.',
      prompt: 'Of the {{ animal }}: {{ [1, 2, 3] | random }}.',
      with_trace: 'all_messages',
    },
    config: { ...models, columns: [animal] },
  },
  'llm-structured': {
    column: {
      ...asking,
      column_type: 'llm-structured',
      output_format: { type: 'object', properties: { age: { type: 'integer' } } },
    },
    config: { ...models, columns: [animal] },
  },
  'llm-code': {
    column: { ...asking, column_type: 'llm-code', code_lang: 'python' },
    config: { ...models, columns: [animal] },
  },
  'llm-judge': {
    column: {
      ...asking,
      column_type: 'llm-judge',
      scores: [{ name: 'Charm', description: 'Of the animal.', options: { 1: 'none', 2: 'some' } }],
    },
    config: { ...models, columns: [animal] },
  },
  custom: {
    column: {
      name: 'own',
      column_type: 'custom',
      generator: './initials.js#initials',
      required_columns: ['animal'],
      pure: true,
    },
    config: { columns: [animal] },
    directory: fileURLToPath(new URL('../columns/fixtures/', import.meta.url)),
  },
  embedding: {
    column: {
      name: 'own',
      column_type: 'embedding',
      model_alias: 'v',
      target_column: 'animal',
    },
    config: { ...models, columns: [animal] },
  },
  image: {
    column: {
      ...asking,
      column_type: 'image',
      model_alias: 'i',
      multi_modal_context: [{ modality: 'image', column_name: 'animal' }],
    },
    config: { ...models, columns: [animal] },
  },
  validation: {
    column: {
      name: 'own',
      column_type: 'validation',
      target_columns: ['animal', 'other'],
      validator_type: 'length',
      validator_params: { max: 3 },
    },
    config: { columns: [animal, { ...animal, name: 'other' }] },
  },
  'seed-dataset': {
    column: { name: 'own', column_type: 'seed-dataset' },
    config: { columns: [{ name: 'shout', column_type: 'expression', expr: '{{ own }}!' }] },
    seed: {
      schema: { columns: [{ name: 'own', type: 'string' }], identity: 'some hash' },
      rows: [{ own: 'a' }, { own: 'b' }],
    },
  },
}

describe('column kinds', () => {
  test('all of them, and all cases', () => {
    const [setup] = Object.values(columnSetups) as [ColumnSetup]
    expect(Object.keys(columnCases(setup))).toEqual(columnSuite(setup).map(({ name }) => name))
    expect(Object.keys(columnSetups).toSorted()).toEqual([...columns.keys()].toSorted())
  })
  for (const [name, setup] of Object.entries(columnSetups)) {
    test.each(columnSuite(setup))(`${name}: $name`, async ({ run }) => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

const validatorSetups: Readonly<Record<string, { params: object; values: unknown[] }>> = {
  code: { params: { code_lang: 'sql:sqlite' }, values: ['SELECT 1', 'SELEC', 3] },
  local_callable: {
    params: { validation_function: './initials.js#isShort' },
    values: ['fox', 'badger'],
  },
  remote: { params: { endpoint_url: 'http://127.0.0.1:9/check' }, values: [] },
  json_schema: { params: { schema: { type: 'string', maxLength: 5 } }, values: ['"fox"', '3'] },
  regex: { params: { pattern: '^f' }, values: ['fox', 'owl'] },
  length: { params: { max: 3 }, values: ['fox', 'badger'] },
  execution: {
    params: { code_lang: 'sql:sqlite', allow_execution: true },
    values: ['SELECT 1', 'SELEC 1'],
  },
  expression: { params: { condition: '{{ value == "fox" }}' }, values: ['fox', 'owl', null] },
}

const canIsolate = 'way' in (await isolation())

describe('validators', () => {
  test('all of them', () => {
    expect(Object.keys(validatorSetups).toSorted()).toEqual([...validators.keys()].toSorted())
  })
  const directory = fileURLToPath(new URL('../columns/fixtures/', import.meta.url))
  for (const [name, kind] of validators) {
    if (name === 'execution' && !canIsolate) continue
    const setup = validatorSetups[name] ?? { params: {}, values: [] }
    test.each(validatorSuite({ kind, directory, ...setup }))(`${name}: $name`, async ({ run }) => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

const processorSetups: Readonly<Record<string, object>> = {
  dedupe: { name: 'p', processor_type: 'dedupe', columns: ['animal'] },
  drop_columns: { name: 'p', processor_type: 'drop_columns', column_names: ['a*'] },
  filter: { name: 'p', processor_type: 'filter', when: '{{ age > 3 }}' },
  redact: { name: 'p', processor_type: 'redact', patterns: { fox: '(?i)f.x' } },
  rename: { name: 'p', processor_type: 'rename', columns: { animal: 'kind' } },
  sample: { name: 'p', processor_type: 'sample', count: 2 },
  schema_transform: {
    name: 'p',
    processor_type: 'schema_transform',
    template: { told: '{{ animal }} of {{ age }}', all: [{ '{{ animal }}': '{{ note }}' }], n: 1 },
  },
  shuffle: { name: 'p', processor_type: 'shuffle' },
  split: { name: 'p', processor_type: 'split', stratify_by: ['animal'] },
}

describe('processors', () => {
  test('all of them', () => {
    expect(Object.keys(processorSetups)).toEqual([...processors.keys()].toSorted())
  })
  for (const [name, kind] of processors) {
    const setup = {
      kind,
      processor: processorSetups[name] ?? {},
      columns: [
        { name: 'animal', type: 'string' },
        { name: 'age', type: 'int64' },
        { name: 'note', type: 'json' },
      ] as const,
      records: [
        ['fox', 3, ['"', null]],
        ['owl', null, null],
        [null, 7, new Map([['a', true]])],
      ],
    }
    test.each(processorSuite(setup))(`${name}: $name`, async ({ run }) => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

describe('exporters', () => {
  for (const [name, exporter] of exporters) {
    test.each(exporterSuite({ exporter }))(`${name}: $name`, async ({ run }) => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})

const files: Readonly<Record<string, string>> = {
  csv: 'name,age\nAda,36\n"Bob, Jr.",\n',
  tsv: 'name\tage\nAda\t36\nBob\t5\n',
  json: '[{"name": "Ada", "tags": [1]}, {"name": null, "tags": {}}]',
  jsonl: '{"name": "Ada"}\n{"name": "Bob"}\n',
}

describe('seeds', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowsmith-suites-'))
    for (const [ending, text] of Object.entries(files)) {
      await writeFile(join(folder, `rows.${ending}`), text)
    }
    const fixtures = fileURLToPath(new URL('../seeds/formats/fixtures/types/', import.meta.url))
    const [parquet = ''] = (await readdir(fixtures)).filter((name) => name.endsWith('.parquet'))
    await copyFile(join(fixtures, parquet), join(folder, 'rows.parquet'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  for (const kind of seedFormats) {
    const names = seedFormatSuite({ kind, file: '' }).map(({ name }) => name)
    test.each(names)(`${kind.name}: %s`, async (wanted) => {
      const suite = seedFormatSuite({ kind, file: join(folder, `rows${kind.endings[0]}`) })
      const found = suite.find(({ name }) => name === wanted)
      await expect(found?.run()).resolves.toBeUndefined()
    })
  }
  const sessions = fileURLToPath(new URL('../seeds/rollouts/fixtures/codex', import.meta.url))
  const ownSources = ({ http, hub }: { http: string; hub: string }): Record<string, object> => ({
    local: { path: 'rows.csv' },
    directory: { path: '.' },
    file_contents: { path: '.', file_pattern: 'rows.[cjt]*', encoding: 'latin-1' },
    agent_rollout: { format: 'codex', path: sessions },
    records: { records: 'given' },
    http: { path: `${http}/box/rows.parquet` },
    hf: { path: 'datasets/some/set/rows.parquet', endpoint: hub },
    s3: { path: 's3://box/rows.parquet', endpoint: http },
  })
  const given = new Map([['given', [{ a: 1 }, { a: 2.5, b: 'x' }]]])
  const nowhere = ownSources({ http: 'http://127.0.0.1:9', hub: 'http://127.0.0.1:9' })
  test('every source is tested', () => {
    expect(Object.keys(nowhere).toSorted()).toEqual([...seedSources.keys()].toSorted())
  })
  for (const [type, kind] of seedSources) {
    const source = { seed_type: type, ...nowhere[type] }
    const names = seedSourceSuite({ kind, source, directory: '', given }).map(({ name }) => name)
    test.each(names)(`${type}: %s`, async (wanted) => {
      const content = await readFile(join(folder, 'rows.parquet'))
      await using server = await createFileServer({ '/box/rows.parquet': content })
      await using hub = await createHub({
        repository: 'some/set',
        branches: { main: { 'rows.parquet': content } },
      })
      const own = { ...source, ...ownSources({ http: server.url, hub: hub.url })[type] }
      const suite = seedSourceSuite({ kind, source: own, directory: folder, given })
      const found = suite.find(({ name }) => name === wanted)
      await expect(found?.run()).resolves.toBeUndefined()
    })
  }
})

describe('what breaks a promise is found', () => {
  async function failing(suite: readonly { name: string; run: () => Promise<void> }[]) {
    const failed: string[] = []
    for (const { name, run } of suite) await run().catch(() => failed.push(name))
    return failed
  }

  test('a sampler that counts its calls, draws what it does not list, and reads in secret', async () => {
    let calls = 0
    const kind = defineSampler({
      kind: 'Wrong Word',
      params: z.object({}),
      converts: 'number',
      sampleType: () => 'int64',
      listed: () => [1, 2],
      distribution: () => ({ shape: 'listed', label: '', shares: [{ value: 1, share: 1 }] }),
      prepare(_params, context) {
        context.text('hidden')
        return () => (calls += 0.5)
      },
    })
    expect(await failing(samplerSuite({ kind, params: {} }))).toEqual([
      'has a word for sampler_type',
      'describes its parameters, for editors',
      'refuses a parameter it does not know',
      'draws the same value at the same address, in whatever order',
      'draws from nothing but the address it is given',
      'draws values of the type it declares',
      'draws only the values it lists',
      'draws by its distribution',
      'declares every column it reads',
    ])
  })

  test('a column kind that is loose, counts and says another type', async () => {
    let calls = 0
    const kind = defineColumn({
      type: 'loose',
      schema: z.looseObject({}).transform((value) => ({ ...value, ...fixed })),
      describe: () => ({ by: 'row', pure: true, output: 'int64', references: [], routes: [] }),
      bind: () => ({ by: 'row', generate: () => `call ${(calls += 1)}` }),
    })
    const plugins = [{ name: 'p', columns: [kind] }]
    const column = { name: 'a', column_type: 'loose' }
    expect(await failing(columnSuite({ plugins, column }))).toEqual([
      'describes its fields, for editors',
      'refuses a field it does not know',
      'takes the fields every column has',
      'reads only the columns it declares, and makes the same cell in any order',
    ])
  })
})

const fixed = {
  name: 'a',
  column_type: 'loose',
  drop: false,
  skip: null,
  propagate_skip: true,
  on_failure: 'drop' as const,
}
