import { expect, test } from 'vitest'
import { create, isRowsmithError, validate } from '../../src/index.ts'
import { linkLibrary } from '../docs/shell.ts'
import { createDesk, type Desk } from './command.ts'

/** Kinds of every family, each of which throws where a column or the config says so. */
const source = `
import {
  commonFields, definePlugin, defineColumn, defineExporter, defineLeavingProcessor, defineProcessor,
  defineProvider, defineSampler, defineSeedFormat, defineSeedSource, defineValidator, oneOf, text, z,
} from 'rowsmith/plugin'

const word = () => text({ nonEmpty: true }).nullable().default(null)

function maybe(where, fails) {
  if (fails === where) throw new TypeError('no ' + where)
}

class Kind {
  type = 'shaky'
  schema = z.strictObject({ ...commonFields, column_type: oneOf(['shaky']), fails: word(), unit: oneOf(['row', 'cell', 'column']).default('row') })
  async load({ fails }) { maybe('load', fails); return { identity: 1 } }
  describe({ fails, unit }) {
    maybe('describe', fails)
    return { by: unit, pure: unit === 'row', output: 'string', references: [], routes: [] }
  }
  bind({ fails, unit }) {
    maybe('bind', fails)
    if (unit === 'cell') return { by: 'cell', requests: 'none', run: async () => { maybe('run', fails); return { value: 'x' } } }
    if (unit === 'column') return { by: 'column', generate: async (rows) => { maybe('generate', fails); return rows.map(() => ({ value: 'x' })) } }
    return { by: 'row', generate(row) { if (row.index >= 60) maybe('late', fails); maybe('generate', fails); return 'x' } }
  }
}

const params = z.strictObject({ fails: word() }).describe('Throws.')
const sampler = defineSampler({
  kind: 'shaky', params, converts: 'number',
  sampleType({ fails }) { maybe('sampleType', fails); return 'int64' },
  check({ fails }) { maybe('check', fails); return [] },
  prepare({ fails }) { maybe('prepare', fails); return () => { maybe('draw', fails); return 1 } },
})
const validator = defineValidator({
  type: 'shaky', params, judges: 'target', by: 'row',
  describe({ fails }) { maybe('describe', fails); return { fields: [] } },
  open: ({ fails }) => () => { maybe('judge', fails); return new Map([['is_valid', true]]) },
})
const schemaOf = (type) => z.strictObject({ name: text(), processor_type: oneOf([type]), fails: word() })
const leaving = defineLeavingProcessor({
  by: 'records', type: 'leaving', schema: schemaOf('leaving'), keepsRecords: true,
  output({ fails }, columns) { maybe('output', fails); return { columns } },
})
const running = defineProcessor({
  by: 'records', type: 'running', schema: schemaOf('running'), output: (_config, columns) => ({ columns }),
  async *run({ fails }, records) { for await (const batch of records) { maybe('run', fails); yield batch } },
})
const seedSource = defineSeedSource({
  type: 'shaky', schema: z.strictObject({ seed_type: oneOf(['shaky']), fails: word() }),
  async open({ fails }) {
    maybe('open', fails)
    return {
      columns: [{ name: 'n', type: 'int64' }], size: 1, identity: 'i', stamp: 's', notes: [], changed: async () => false,
      async *rows() { maybe('rows', fails); yield [[1n]] },
    }
  },
  stamp: async () => ({ stamp: 's', identity: async () => 'i' }),
})
const provider = defineProvider({
  type: 'shaky', remote: false,
  open({ endpoint }) {
    maybe('open', endpoint)
    return {
      async send() { maybe('send', endpoint); return null },
      async probe() { maybe('probe', endpoint) },
      async close() {},
    }
  },
})
const exporter = defineExporter({ name: 'shaky', endings: ['.shaky'], header: () => null, line() { throw 'just text' } })

export default definePlugin({
  name: 'shaky', version: '1.2.0', columns: [new Kind()], samplers: [sampler], validators: [validator],
  processors: [leaving, running], seedSources: [seedSource], providers: [provider], exporters: [exporter],
})
`

async function deskWithPlugin(): Promise<Desk> {
  const desk = await createDesk()
  await linkLibrary(desk.directory)
  await desk.write('shaky.mjs', source)
  return desk
}

const fine = { name: 'a', column_type: 'expression', expr: 'x' }
const shaky = { name: 's', column_type: 'shaky' }

function sampled(fails: string): object {
  return { name: 's', column_type: 'sampler', sampler_type: 'shaky', params: { fails } }
}

function judged(fails: string): object {
  const validation = { validator_type: 'shaky', validator_params: { fails } }
  return { name: 's', column_type: 'validation', target_columns: ['a'], ...validation }
}

function asking(endpoint: string): object {
  return {
    model_providers: [{ name: 'p', provider_type: 'shaky', endpoint }],
    model_configs: [{ alias: 'm', provider: 'p', model: 'x' }],
    columns: [fine, { name: 't', column_type: 'llm-text', model_alias: 'm', prompt: '{{ a }}' }],
  }
}

test('what a plugin throws while a config is checked is a problem of the plugin, with its line', async () => {
  await using desk = await deskWithPlugin()
  const plugins = [desk.path('shaky.mjs')]
  const seed = (fails: string): object => ({ source: { seed_type: 'shaky', fails } })
  const cases: [object, path: string, message: string][] = [
    ...['load', 'describe', 'bind', 'generate'].map((fails): [object, string, string] => [
      { columns: [fine, { ...shaky, fails }] },
      'columns.1',
      `${fails}() of its column kind 'shaky' threw, in column 's'${fails === 'generate' ? ', row 0' : ''}: TypeError: no ${fails}`,
    ]),
    ...['sampleType', 'check', 'prepare'].map((fails): [object, string, string] => [
      { columns: [fine, sampled(fails)] },
      'columns.1',
      `${fails}() of its sampler 'shaky' threw, in column 's': TypeError: no ${fails}`,
    ]),
    [
      { columns: [fine, sampled('draw')] },
      'columns.1',
      "prepare() of its sampler 'shaky' threw, in column 's', row 0: TypeError: no draw",
    ],
    [
      { columns: [fine, judged('describe')] },
      'columns.1',
      "describe() of its validator 'shaky' threw, in column 's': TypeError: no describe",
    ],
    [
      { columns: [fine, judged('judge')] },
      'columns.1',
      "open() of its validator 'shaky' threw, in column 's', row 0: TypeError: no judge",
    ],
    [
      {
        columns: [fine],
        processors: [{ name: 'l', processor_type: 'leaving', fails: 'output' }],
      },
      'processors.0',
      "output() of its processor 'leaving' threw, in processor 'l': TypeError: no output",
    ],
    [
      { columns: [fine], seed_config: seed('open') },
      'seed_config.source',
      "open() of its seed source 'shaky' threw, in seed_config.source: TypeError: no open",
    ],
    [
      { columns: [fine], seed_config: seed('rows') },
      'seed_config.source',
      "rows() of its seed source 'shaky' threw, in seed_config.source: TypeError: no rows",
    ],
    [
      asking('open'),
      'model_providers.0',
      "open() of its provider 'shaky' threw, in provider 'p': TypeError: no open",
    ],
  ]
  for (const [config, path, message] of cases) {
    const { problems } = await validate({ config: { config }, plugins, environment: {} })
    const told = problems.map((problem) => ({ ...problem, path: problem.path.join('.') }))
    expect(told).toEqual([expect.objectContaining({ level: 'error', code: 'plugin-failed', path })])
    expect(told[0]?.message).toContain(`Plugin 'shaky' 1.2.0: ${message} (`)
    expect(told[0]?.message).toMatch(/shaky\.mjs:10:\d+\)$/)
    expect(told[0]?.suggestion).toMatch(/whoever maintains 'shaky'\.$/)
  }
})

test('what a plugin throws in a run names it as well', async () => {
  await using desk = await deskWithPlugin()
  const plugins = [desk.path('shaky.mjs')]
  let number = 0
  const run = (config: object, rows = 3): ReturnType<typeof create> => {
    number += 1
    const out = desk.path(`run-${number}`)
    return create({ config: { config }, plugins, rows, out, seed: 1n, environment: {} })
  }
  // Row by row it ends the run, which continues once the plugin is repaired.
  const late = await run({ columns: [{ ...shaky, fails: 'late' }] }, 100).catch(
    (error: unknown) => error,
  )
  expect(isRowsmithError(late)).toBe(true)
  expect(late).toMatchObject({
    code: 'plugin-failed',
    message: expect.stringContaining(
      "threw, in column 's', row 60: TypeError: no late (",
    ) as string,
    hints: [expect.stringContaining('mistake of the plugin'), expect.stringContaining('fixed')],
  })
  const records = await run({
    columns: [fine],
    processors: [{ name: 'r', processor_type: 'running', fails: 'run' }],
  }).catch((error: unknown) => error)
  expect(records).toMatchObject({
    code: 'plugin-failed',
    message: expect.stringContaining("in processor 'r': TypeError: no run (") as string,
  })
  // A cell that waits fails alone.
  for (const [unit, fails] of [
    ['cell', 'run'],
    ['column', 'generate'],
  ]) {
    const events: string[] = []
    const result = await create({
      config: { config: { columns: [fine, { ...shaky, unit, fails }] } },
      plugins,
      rows: 2,
      out: desk.path(`run-${unit}`),
      onEvent(event) {
        if (event.type === 'cell-failed') events.push(`${event.code}: ${event.message}`)
      },
    })
    expect(result.rows).toMatchObject({ dropped: 2 })
    expect(events[0]).toContain(
      `plugin-failed: plugin 'shaky' 1.2.0: ${fails}() of its column kind 'shaky' threw: TypeError: no ${fails} (`,
    )
  }
  await expect(run(asking('probe'))).rejects.toThrow(
    "probe() of its provider 'shaky' threw: TypeError: no probe (",
  )
})

test('an export format of a plugin is named with what it threw, even when that is not an error', async () => {
  await using desk = await deskWithPlugin()
  await desk.write('a.json', { plugins: ['./shaky.mjs'], columns: [fine] })
  expect(await desk.run(['create', 'a.json', '-n', '2', '--out', 'run'])).toMatchObject({ code: 0 })
  const { code, stderr } = await desk.run(['export', 'run', '--to', 'a.shaky'])
  expect(code).toBe(2)
  expect(stderr).toBe(
    "rowsmith: plugin 'shaky' 1.2.0: line() of its export format 'shaky' threw: just text\n" +
      "  This is a mistake of the plugin, not of rowsmith: mend it there, or send this message to whoever maintains 'shaky'.\n",
  )
})

test('what a kind says of itself and can not be is refused before a run', async () => {
  await using desk = await createDesk()
  await linkLibrary(desk.directory)
  const described = { by: 'row', pure: true, output: 'string', references: [], routes: [] }
  const kind = (type: string, description: object, generator: object): string => `defineColumn({
    type: '${type}',
    schema: z.strictObject({ ...commonFields, column_type: oneOf(['${type}']) }).describe('Odd.'),
    describe: () => (${JSON.stringify({ ...described, ...description })}),
    bind: () => (${JSON.stringify(generator)}),
  })`
  await desk.write(
    'odd.mjs',
    `import { commonFields, defineColumn, definePlugin, defineProcessor, oneOf, text, z } from 'rowsmith/plugin'
    const processor = defineProcessor({
      by: 'records', type: 'odd', beside: true,
      schema: z.strictObject({ name: text(), processor_type: oneOf(['odd']) }).describe('Odd.'),
      output: () => ({ columns: [{ name: 'n', type: 'integer' }] }),
      run: (config, records) => records,
    })
    export default definePlugin({ name: 'odd', processors: [processor], columns: [
      ${kind('unit', { by: 'rows' }, {})},
      ${kind('kind', { output: 'text' }, {})},
      ${kind('bound', {}, { by: 'cell', requests: 'none' })},
      ${kind('empty', {}, { by: 'row' })},
    ] })`,
  )
  const types = ['unit', 'kind', 'bound', 'empty']
  const found: string[] = []
  for (const type of types) {
    const config = { columns: [fine, { name: 's', column_type: type }] }
    const { problems } = await validate({ config: { config }, plugins: [desk.path('odd.mjs')] })
    found.push(
      ...problems.map(({ code, message, received = '' }) => `${code}: ${message} ${received}`),
    )
  }
  expect(found).toEqual([
    "invalid-description: Column 's': describe() of the kind 'unit' returned an invalid description 'rows'",
    "invalid-description: Column 's': describe() of the kind 'kind' returned an invalid description 'text'",
    "plugin-failed: Plugin 'odd': bind() of its column kind 'bound' returned an unusable value, in column 's': by: 'cell', and its describe() says 'row' ",
    "plugin-failed: Plugin 'odd': bind() of its column kind 'empty' returned an unusable value, in column 's': a generator without a function generate ",
  ])
  const processors = [
    { name: '../up', processor_type: 'odd' },
    { name: 'Chat', processor_type: 'schema_transform', template: { t: '{{ a }}' } },
    { name: 'chat', processor_type: 'schema_transform', template: { t: '{{ a }}' } },
    { name: 'none', processor_type: 'drop_columns', column_names: ['*'] },
  ]
  const { problems } = await validate({
    config: { config: { columns: [fine], processors: processors.slice(1) } },
  })
  expect(problems.map(({ code, path, message }) => [code, path.join('.'), message])).toEqual([
    [
      'duplicate-processor',
      'processors.1.name',
      "The processors 'Chat' and 'chat' make datasets in folders of their names, which are one folder where a disk does not tell upper from lower case",
    ],
    [
      'all-columns-dropped',
      'processors.2',
      "The processor 'none' removes every remaining column, so the dataset would be empty",
    ],
  ])
  const outside = await validate({
    config: { config: { columns: [fine], processors: processors.slice(0, 1) } },
    plugins: [desk.path('odd.mjs')],
  })
  expect(outside.problems.map(({ code, path }) => [code, path.join('.')])).toEqual([
    ['wrong-word', 'processors.0.name'],
    ['invalid-description', 'processors.0.processor_type'],
  ])
})
