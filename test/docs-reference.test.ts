import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { commonFields } from '../src/config/common-fields.ts'
import { builtInRegistry } from '../src/plugins/kind-registry.ts'
import { codeLanguages } from '../src/columns/code-languages.ts'
import { builtInModels } from '../src/config/built-in-models.ts'
import { loadDataset } from '../src/config/load.ts'
import { builtInProviders } from '../src/config/model-providers.ts'
import { modelSchema, pooledModelSchema } from '../src/config/models.ts'
import { defaultParameters } from '../src/config/models.ts'
import { defaultRunConfig } from '../src/config/run-config.ts'
import { keysAt } from '../src/config/schema-keys.ts'
import { joinSchema } from '../src/config/seed-join.ts'
import { providers } from '../src/models/index.ts'
import { processorKinds } from '../src/processors/index.ts'
import { statisticsOf } from '../src/profile/statistics.ts'
import { createSummary } from '../src/profile/column-summary.ts'
import { samplers } from '../src/samplers/index.ts'
import { seedFormats } from '../src/seeds/formats/index.ts'
import { checkedWords } from '../src/validators/checked-languages.ts'
import { filterNames, testNames } from '../src/templates/parse/stock-names.ts'

/*
 * What the config guide lists is what the schemas know: a sampler, a parameter or a field that is
 * added must be written there, and one that goes has to leave it.
 */

const guide = page('config.md')

/** A page; comments inside its blocks would look like headings. */
function page(name: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)), 'utf8')
  return text.replaceAll(/^```[^]*?^```/gm, (block) => block.replaceAll(/^#/gm, ' '))
}

/** The text below a heading, down to the next one that is as high. */
function section(text: string, heading: string): string {
  const [, marks = ''] = new RegExp(`^(#+) ${RegExp.escape(heading)}$`, 'm').exec(text) ?? []
  const start = text.indexOf(`\n${marks} ${heading}\n`)
  if (marks === '') throw new Error(`the page has no section "${heading}"`)
  const rest = text.slice(start + 1 + marks.length)
  const end = rest.search(new RegExp(`^#{1,${marks.length}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** The rows of the table with this first heading, by the words in code in their first cell. */
function table(text: string, first: string): Map<string, string[]> {
  const [, body = ''] =
    new RegExp(`^\\| ${RegExp.escape(first)} \\|.*\n\\|[-| ]+\n((?:\\|.*\n)+)`, 'm').exec(text) ??
    []
  const rows = body
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
  return new Map(
    rows.flatMap(([name = '', ...cells]) =>
      codes(name).map((code) => [code, cells.map((cell) => cell.trim())]),
    ),
  )
}

function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

function names(rows: ReadonlyMap<string, unknown>): string[] {
  return [...rows.keys()].toSorted()
}

test('the root of a config', () => {
  const { config } = loadDataset('columns: []', { file: 'a.yaml' })
  expect(names(table(section(guide, 'The file'), 'field'))).toEqual(
    Object.keys(config ?? {}).toSorted(),
  )
})

test('the fields of every column, and the kinds', () => {
  const text = section(guide, 'Columns')
  const rows = table(text, 'field')
  expect(names(rows)).toEqual(['column_type', ...Object.keys(commonFields)].toSorted())
  expect(codes(rows.get('column_type')?.[1] ?? '').toSorted()).toEqual(
    [...builtInRegistry.columns.keys()].toSorted(),
  )
})

test.each([
  ['expression', 'Expressions'],
  ['llm-text', 'Texts by a model'],
  ['custom', 'Custom columns'],
])('the fields of %s', (type, heading) => {
  const known = keysAt(builtInRegistry.columns.get(type)?.schema, { column_type: type }, [])
  const own = known.filter((key) => key !== 'column_type' && !(key in commonFields))
  const rows = names(table(section(guide, heading), 'field'))
  expect(rows).toEqual(own.toSorted())
})

test.each([
  ['llm-structured', 'Structured values'],
  ['llm-code', 'Code'],
  ['llm-judge', 'Judges'],
])('the fields that %s has in addition to those of llm-text', (type, heading) => {
  const { columns } = builtInRegistry
  const known = keysAt(columns.get(type)?.schema, { column_type: type }, [])
  const shared = keysAt(columns.get('llm-text')?.schema, { column_type: 'llm-text' }, [])
  const own = known.filter((key) => !shared.includes(key))
  expect(names(table(section(guide, heading), 'field'))).toEqual(own.toSorted())
})

test('the languages of code', () => {
  const rows = table(section(guide, 'Code'), 'field')
  expect(codes(rows.get('code_lang')?.[1] ?? '')).toEqual(codeLanguages)
})

test('the fields of a score', () => {
  const known = keysAt(
    builtInRegistry.columns.get('llm-judge')?.schema,
    { column_type: 'llm-judge', scores: [{}] },
    ['scores', 0],
  )
  expect(names(table(section(guide, 'Judges'), 'field of a score'))).toEqual(known.toSorted())
})

test.each([...processorKinds.values()])('the fields of the processor $type', ({ type, schema }) => {
  const known = keysAt(schema, { processor_type: type }, []).filter(
    (key) => key !== 'processor_type',
  )
  expect(names(table(section(guide, `\`${type}\``), 'field'))).toEqual(known.toSorted())
})

test('the fields of a sampler', () => {
  const known = keysAt(builtInRegistry.columns.get('sampler')?.schema, { sampler_type: 'uuid' }, [])
  const own = known.filter((key) => key !== 'column_type' && !(key in commonFields))
  const before = section(guide, 'Samplers').split('\n###')[0] ?? ''
  expect(names(table(before, 'field'))).toEqual(own.toSorted())
})

test.each(Object.values(samplers))('the parameters of the sampler $kind', ({ kind, params }) => {
  const text = section(guide, `\`${kind}\``)
  expect(names(table(text, 'parameter'))).toEqual(keysAt(params, {}, []).toSorted())
  expect(text, 'a whole config as an example').toMatch(
    new RegExp(`^\`\`\`yaml\ncolumns:\n(?:.*\n)*? +sampler_type: ${kind}\n`, 'm'),
  )
})

test('the fields of a validation column', () => {
  const known = keysAt(
    builtInRegistry.columns.get('validation')?.schema,
    { validator_type: 'length' },
    [],
  )
  const own = known.filter((key) => key !== 'column_type' && !(key in commonFields))
  const before = section(guide, 'Validation').split('\n###')[0] ?? ''
  expect(names(table(before, 'field'))).toEqual(own.toSorted())
})

test.each([...builtInRegistry.validators])('the parameters of the validator %s', (type, kind) => {
  const text = section(section(guide, 'Validation'), `\`${type}\``)
  const rows = table(text, 'parameter')
  expect(names(rows)).toEqual(keysAt(kind.params, {}, []).toSorted())
  const words = codes(rows.get('code_lang')?.[1] ?? '')
  const languages = {
    code: [...checkedWords, 'other'],
    execution: ['python', 'javascript', 'sql:sqlite'],
  }
  expect(words).toEqual(Reflect.get(languages, type) ?? [])
})

test('no sampler that is missing', () => {
  const headings = [...section(guide, 'Samplers').matchAll(/^### `(\w+)`$/gm)]
  const kinds = headings.map(([, kind = '']): string => kind)
  expect(kinds.toSorted()).toEqual(Object.keys(samplers).toSorted())
})

test('models, their parameters and the known aliases', () => {
  const text = section(guide, 'Models')
  const fields = [modelSchema, pooledModelSchema].flatMap(({ shape }) => Object.keys(shape))
  expect(names(table(text, 'field'))).toEqual([...new Set(fields)].toSorted())
  expect(names(table(text, 'inference parameter'))).toEqual(
    Object.keys(defaultParameters).toSorted(),
  )
  const usable = builtInModels.filter(
    ({ inference_parameters: { generation_type: type } }) => type === 'chat-completion',
  )
  expect(
    [...table(text, 'alias')].map(([alias, cells]) => [alias, ...cells.flatMap(codes)]),
  ).toEqual(usable.map(({ alias, provider, model }) => [alias, provider, model]))
  for (const { alias } of builtInModels) expect(text).toContain(`\`${alias}\``)
})

test('providers', () => {
  const text = section(guide, 'Providers and keys')
  const rows = table(text, 'field')
  expect(names(rows)).toEqual(Object.keys(builtInProviders[0] ?? {}).toSorted())
  for (const { type } of providers) expect(rows.get('provider_type')?.[1]).toContain(`\`${type}\``)
  for (const { name } of builtInProviders) expect(text).toContain(`\`${name}\``)
})

test('seed files', () => {
  const rows = table(section(guide, 'Seed datasets'), 'field')
  expect(names(rows)).toEqual([
    'join',
    'rows_per_record',
    'sampling_strategy',
    'selection_strategy',
    'source',
  ])
  const endings = seedFormats.flatMap((format) => format.endings)
  expect(codes(rows.get('source')?.[1] ?? '').filter((code) => code.startsWith('.'))).toEqual(
    endings,
  )
})

test('joined seeds, with their defaults', () => {
  const rows = table(section(guide, 'Several seeds joined by a key'), 'field')
  expect(names(rows)).toEqual(Object.keys(joinSchema.shape).toSorted())
  const { how, many, compare, prefix } = joinSchema.parse({ source: {}, on: 'id' })
  const defaults = { how, many, compare, prefix: JSON.stringify(prefix) }
  for (const [name, standard] of Object.entries(defaults)) {
    expect(rows.get(name)?.[0]).toBe(`\`${standard}\``)
  }
})

test('filters and tests of templates', () => {
  const [filters = '', tests = ''] = [
    ...section(guide, 'References and templates').matchAll(/(?:^> .*\n)+/gm),
  ].map(([list]) => list)
  expect(codes(filters)).toEqual(filterNames)
  expect(codes(tests)).toEqual(testNames)
})

test('the run config, with its defaults', () => {
  const text = section(guide, 'Run config')
  const rows = table(text, 'field')
  const unused = codes(text.slice(text.indexOf('These fields of NeMo Data Designer')))
  expect([...rows.keys(), ...unused].toSorted()).toEqual(Object.keys(defaultRunConfig).toSorted())
  const { request_admission, ...written } = { ...defaultRunConfig, part_rows: null }
  const defaults = Object.entries({ ...written, request_admission: null })
  expect(Object.fromEntries([...rows].map(([name, [value]]) => [name, value]))).toEqual(
    Object.fromEntries(
      defaults
        .filter(([name]) => !unused.includes(name))
        .map(([name, value]) => [name, String(value)]),
    ),
  )
  const admission = table(text, 'field of `request_admission`')
  expect([...admission].map(([name, [value]]) => [name, value])).toEqual(
    Object.entries(request_admission).map(([name, value]) => [name, String(value)]),
  )
})

test('the statistics of a column', () => {
  const facts = { kind: null, dropped: false, distribution: null, tokens: null }
  const known = statisticsOf(createSummary('string', { exactDistinct: 1 }), {
    ...facts,
    name: 'a',
    type: 'string',
    skipped: 0,
    skipLeavesNull: true,
    failures: [],
    rowsLost: 0,
    rowsRejected: 0,
  })
  const text = section(page('report.md'), 'As data')
  expect(names(table(text, 'field'))).toEqual(Object.keys(known).toSorted())
})

test('exit codes', () => {
  const text = section(page('resume-and-failures.md'), 'Exit codes')
  const listed = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(listed).toEqual(Object.values(exitCodes))
})
