import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { linkLibrary } from '../docs/shell.ts'
import { createDesk, type Desk, jsonOf } from './command.ts'

const source = (version: string) => `
import { commonFields, defineColumn, defineExporter, definePlugin, defineSampler, oneOf, z } from 'rowsmith/plugin'

const dice = defineSampler({
  kind: 'dice',
  params: z.strictObject({}).describe('Throws of a die.'),
  converts: 'number',
  sampleType: () => 'int64',
  prepare: () => (random) => 1 + Math.floor(random.uniform() * 6),
})

const rowText = defineColumn({
  type: 'row-text',
  schema: z.strictObject({ ...commonFields, column_type: oneOf(['row-text']) }).describe('The number of the row.'),
  describe: () => ({ by: 'row', pure: true, output: 'string', references: [], routes: [] }),
  bind: () => ({ by: 'row', generate: (row) => 'row ' + row.index }),
})

const spaced = defineExporter({
  name: 'spaced',
  endings: ['.txt'],
  description: 'Values between spaces.',
  header: () => null,
  line: (record) => [...record.values()].join(' '),
})

export default definePlugin({
  name: 'games',
  version: '${version}',
  columns: [rowText],
  samplers: [dice],
  exporters: [spaced],
})
`

const columns = [
  { name: 'thrown', column_type: 'sampler', sampler_type: 'dice', params: {} },
  { name: 'label', column_type: 'row-text' },
  { name: 'plain', column_type: 'expression', expr: 'x' },
]

/** A desk with the plugin in a separate folder, next to the config that names it. */
async function deskWithPlugin(): Promise<Desk> {
  const desk = await createDesk()
  await linkLibrary(desk.directory)
  await mkdir(desk.path('configs'))
  await desk.write('configs/games.mjs', source('1.0.0'))
  await desk.write('configs/named.json', { plugins: ['./games.mjs'], columns })
  await desk.write('configs/bare.json', { columns })
  return desk
}

test('a run remembers its plugins, and its folder needs nothing said', async () => {
  await using desk = await deskWithPlugin()
  const create = [
    'create',
    'configs/named.json',
    '-n',
    '4',
    '--seed',
    '1',
    '--out',
    'run',
    '--json',
  ]
  expect(jsonOf(await desk.run(create))).toMatchObject({ rows: { accepted: 4 } })
  expect((await desk.run(['show', 'run'])).stdout).toContain('1 plugin: games 1.0.0 (./games.mjs)')
  const exported = await desk.run(['export', 'run', '--to', 'out.txt'])
  expect(exported).toMatchObject({ code: 0 })
  expect(await desk.read('out.txt')).toMatch(/^\d row 0 x\n\d row 1 x\n/)
  const report = jsonOf(await desk.run(['report', 'run', '--json']))
  expect(report['columns']).toMatchObject([{ kind: 'sampler' }, { kind: 'row-text' }, {}])
  await using dataset = await open(desk.path('run'))
  expect((await dataset.summary()).plugins).toMatchObject([
    { name: 'games', version: '1.0.0', reference: { written: './games.mjs' } },
  ])

  // Another version is another plugin: only the columns it brings are refused.
  await desk.write('configs/games.mjs', source('2.0.0'))
  const other = await desk.run([...create, '-n', '8'])
  expect(other).toMatchObject({ code: 2 })
  for (const column of ['thrown', 'label']) {
    expect(other.stderr).toContain(
      `  columns.${column}.plugin.version\n    - "1.0.0"\n    + "2.0.0"\n`,
    )
  }
  expect(other.stderr).toMatch(/^ {2}stays +plain$/m)

  await rm(desk.path('configs/games.mjs'))
  const gone = await desk.run(['export', 'run', '--to', 'again.txt'])
  expect(gone).toMatchObject({ code: 2 })
  expect(gone.stderr).toContain(
    "the run was made with the plugin 'games', which is not where it was",
  )
  expect(gone.stderr).toContain('Give it with --plugin')
  expect((await desk.run(['report', 'run'])).code).toBe(0)
})

test('a plugin of the command line is in checks, word lists and the JSON Schema', async () => {
  await using desk = await deskWithPlugin()
  const plugin = ['--plugin', './configs/games.mjs']
  const without = await desk.run(['validate', 'configs/bare.json'])
  expect(without).toMatchObject({ code: 2 })
  expect(await desk.run(['validate', 'configs/bare.json', ...plugin])).toMatchObject({ code: 0 })

  await desk.write('typo.json', {
    columns: [
      { name: 'a', column_type: 'row_txt' },
      { name: 'b', column_type: 'sampler', sampler_type: 'dce', params: {} },
    ],
  })
  const typo = await desk.run(['validate', 'typo.json', ...plugin])
  expect(typo.stderr).toContain("Did you mean 'row-text'?")
  expect(typo.stderr).toContain("Did you mean 'dice'?")

  const schema = JSON.parse((await desk.run(['schema', ...plugin])).stdout) as {
    definitions: object
  }
  expect(Object.keys(schema.definitions)).toContain('column-row-text')

  const { kinds } = jsonOf(await desk.run(['kinds', 'configs/named.json', '--json']))
  expect(kinds).toContainEqual({
    family: 'export formats',
    kind: 'spaced',
    description: 'Values between spaces. (.txt)',
    plugin: 'games',
  })
  expect((await desk.run(['kinds', ...plugin])).stdout).toMatch(/dice +Throws of a die\. \[games\]/)

  const rendered = await desk.run(['render', 'configs/bare.json', '-c', 'plain', ...plugin])
  expect(rendered).toMatchObject({ code: 0 })
  expect(
    jsonOf(await desk.run(['create', 'configs/bare.json', '--out', 'run', '--json', ...plugin])),
  ).toMatchObject({ rows: { accepted: 10 } })
  // Remembered, so that continuing needs no option.
  expect(await desk.run(['create', 'configs/bare.json', '--out', 'run', '-n', '12'])).toMatchObject(
    { code: 0 },
  )
})

test('a plugin that is missing is one problem, not one for each of its kinds', async () => {
  await using desk = await deskWithPlugin()
  const config = { plugins: ['./gmes.mjs', 7], columns }
  await desk.write('configs/wrong.json', config)
  const { problems } = jsonOf(await desk.run(['validate', 'configs/wrong.json', '--json']))
  expect(problems).toMatchObject([
    { code: 'plugin-missing', path: ['plugins', 0], suggestion: "Did you mean './games.mjs'?" },
    { code: 'wrong-type', path: ['plugins', 1] },
  ])
})

const processorSource = (version: string) => `
import { definePlugin, defineProcessor, oneOf, text, z } from 'rowsmith/plugin'

const upper = defineProcessor({
  by: 'records',
  type: 'upper',
  schema: z.strictObject({ name: text(), processor_type: oneOf(['upper']) }).describe('Upper case.'),
  output: (_, columns) => ({ columns }),
  async *run(_, records) {
    for await (const { rows, columns } of records) {
      yield { rows, columns: columns.map((values) => values.map((value) => value + '-${version}')) }
    }
  },
})

export default definePlugin({ name: 'letters', version: '${version}', processors: [upper] })
`

test('a complete run is exported without its plugins, but not in their formats', async () => {
  await using desk = await deskWithPlugin()
  const processors = [
    { name: 'some', processor_type: 'filter', when: '{{ thrown > 1 }}' },
    { name: 'less', processor_type: 'drop_columns', column_names: ['plain'] },
  ]
  await desk.write('configs/named.json', { plugins: ['./games.mjs'], columns, processors })
  await desk.run(['create', 'configs/named.json', '-n', '9', '--seed', '1', '--out', 'run'])
  await rm(desk.path('configs/games.mjs'))

  for (const to of ['out.jsonl', 'out.csv', 'out']) {
    expect(await desk.run(['export', 'run', '--to', to])).toMatchObject({ code: 0 })
  }
  expect(await desk.read('out.csv')).toMatch(/^thrown,label\n[2-6],row \d\n/)
  const refused = await desk.run(['export', 'run', '--to', 'out.txt'])
  expect(refused.stderr).toContain("the run was made with the plugin 'games'")
})

test('a project that was moved finds its plugin, and a copy uses its own', async () => {
  await using desk = await deskWithPlugin()
  await mkdir(desk.path('project'))
  await rename(desk.path('configs'), desk.path('project/configs'))
  const out = ['--out', 'project/runs/one', '--seed', '1']
  await desk.run(['create', 'project/configs/named.json', ...out])
  await rename(desk.path('project'), desk.path('moved'))

  const moved = await desk.run(['export', 'moved/runs/one', '--to', 'out.txt'])
  expect(moved).toMatchObject({ code: 0 })
  expect(await desk.read('out.txt')).toMatch(/^\d row 0 x\n/)

  // A run folder that is moved alone finds it where it was.
  await desk.run(['create', 'moved/configs/named.json', '--out', 'moved/runs/one', '-n', '12'])
  await rename(desk.path('moved/runs/one'), desk.path('alone'))
  expect(await desk.run(['export', 'alone', '--to', 'again.txt'])).toMatchObject({ code: 0 })
})

test('a processor that is added later is remembered with its plugin, whose version counts', async () => {
  await using desk = await deskWithPlugin()
  await desk.write('configs/letters.mjs', processorSource('1'))
  const label = [{ name: 'label', column_type: 'expression', expr: 'x' }]
  await desk.write('configs/bare.json', { columns: label })
  await desk.write('configs/with.json', {
    plugins: ['./letters.mjs'],
    columns: label,
    processors: [{ name: 'up', processor_type: 'upper' }],
  })
  const create = (config: string) =>
    desk.run(['create', `configs/${config}.json`, '-n', '2', '--out', 'run'])
  expect(await create('bare')).toMatchObject({ code: 0 })
  expect(await create('with')).toMatchObject({ code: 0 })
  expect((await desk.run(['export', 'run', '--to', '-'])).stdout).toBe(
    '{"label":"x-1"}\n{"label":"x-1"}\n',
  )

  await desk.write('configs/letters.mjs', processorSource('2'))
  expect(await create('with')).toMatchObject({ code: 0 })
  await using dataset = await open(desk.path('run'))
  const records = await Array.fromAsync(dataset.records())
  expect(records).toEqual([{ label: 'x-2' }, { label: 'x-2' }])
  expect((await dataset.summary()).plugins).toMatchObject([{ name: 'letters', version: '2' }])
})

test('plugins of a config that do not go together are reported at their place', async () => {
  await using desk = await deskWithPlugin()
  await desk.write('configs/copy.mjs', source('1.0.0').replace("name: 'games'", "name: 'copies'"))
  await desk.write('configs/same.mjs', source('2.0.0'))
  const plugins = ['./games.mjs', './copy.mjs', './same.mjs', './games.mjs']
  await desk.write('configs/both.json', { plugins, columns })
  const { problems } = jsonOf(await desk.run(['validate', 'configs/both.json', '--json']))
  expect(problems).toMatchObject([
    {
      code: 'plugin-conflict',
      path: ['plugins', 1],
      message: "The plugins 'games' and 'copies' both provide the sampler 'dice'",
    },
    { code: 'plugin-conflict', path: ['plugins', 2], message: "Two plugins are named 'games'" },
  ])
})

const processing = `
import { commonFields, defineColumn, definePlugin, defineProcessor, oneOf, text, z } from 'rowsmith/plugin'

const point = defineColumn({
  type: 'point',
  schema: z.strictObject({ ...commonFields, column_type: oneOf(['point']) }).describe('Two numbers.'),
  describe: () => ({ by: 'row', pure: true, output: 'vector(2)', references: [], routes: [] }),
  bind: () => ({ by: 'row', generate: (row) => [row.index, 0.5] }),
})
const schemaOf = (type) => z.strictObject({ name: text(), processor_type: oneOf([type]) }).describe('Counts.')
const numbered = defineProcessor({
  by: 'records',
  type: 'numbered',
  schema: schemaOf('numbered'),
  output: (_config, columns) => ({ columns: [...columns, { name: 'number', type: 'json' }] }),
  async *run(_config, records) {
    let number = 0
    for await (const { rows, columns } of records) {
      yield { rows, columns: [...columns, [...rows].map(() => new Map([['at', (number += 1)]]))] }
    }
  },
})
export default definePlugin({
  name: 'counting',
  version: '1.0.0',
  columns: [point],
  processors: [numbered, defineProcessor({ ...numbered, type: 'numbered_beside', schema: schemaOf('numbered_beside'), beside: true })],
})
`

test('datasets that processors made are read and exported without the plugins that made them', async () => {
  await using desk = await createDesk()
  await linkLibrary(desk.directory)
  await desk.write('counting.mjs', processing)
  await desk.write('counted.json', {
    plugins: ['./counting.mjs'],
    columns: [
      { name: 'where', column_type: 'point' },
      { name: 'plain', column_type: 'expression', expr: 'x' },
    ],
    processors: [
      { name: 'beside', processor_type: 'numbered_beside' },
      { name: 'own', processor_type: 'numbered' },
    ],
  })
  const create = ['create', 'counted.json', '-n', '3', '--seed', '1', '--out', 'run']
  expect(await desk.run(create)).toMatchObject({ code: 0 })
  const all = async (name?: string): Promise<unknown[]> => {
    await using dataset = await open(desk.path('run'))
    const options = name === undefined ? {} : { dataset: name }
    return Array.fromAsync(dataset.records(options))
  }
  await using before = await open(desk.path('run'))
  await before.export({ to: desk.path('before.jsonl'), dataset: 'beside' })
  await rm(desk.path('counting.mjs'))

  expect(await all()).toMatchObject([
    { where: [0, 0.5], plain: 'x', number: { at: 1 } },
    { number: { at: 2 } },
    { number: { at: 3 } },
  ])
  expect((await all('beside'))[2]).toEqual({
    where: [2, 0.5],
    plain: 'x',
    number: { at: 3 },
  })
  await using dataset = await open(desk.path('run'))
  for (const name of [undefined, 'beside']) {
    const which = name === undefined ? {} : { dataset: name }
    await dataset.export({ to: desk.path(`${name}.jsonl`), ...which })
    const [file] = await dataset.export({ to: desk.path(`${name}-files`), ...which })
    const folder = name === undefined ? 'data' : 'processors-files/beside'
    const made = await readFile(desk.path('run', folder, 'train-00000-of-00001.parquet'))
    expect((await readFile(file?.path ?? '')).equals(made)).toBe(true)
  }
  expect(await desk.read('beside.jsonl')).toBe(await desk.read('before.jsonl'))
  for (const [name, hint] of [
    ['besides', "Did you mean 'beside'?"],
    ['other', 'It has beside, own.'],
  ] as const) {
    const refused = { code: 'usage', message: expect.stringContaining(`'${name}'`), hints: [hint] }
    await expect(all(name)).rejects.toMatchObject(refused)
    const to = desk.path('never.jsonl')
    await expect(dataset.export({ to, dataset: name })).rejects.toMatchObject(refused)
  }
  expect((await desk.read('undefined.jsonl')).split('\n')[0]).toBe(
    '{"where":[0.0,0.5],"plain":"x","number":{"at":1}}',
  )

  // What is not as it was made must be made again, and by them.
  const path = desk.path('run', 'data', 'train-00000-of-00001.parquet')
  const bytes = await readFile(path)
  bytes[50] = (bytes[50] ?? 0) ^ 1
  await writeFile(path, bytes)
  await expect(dataset.export({ to: desk.path('damaged.jsonl') })).rejects.toMatchObject({
    code: 'plugin-missing',
  })
})
