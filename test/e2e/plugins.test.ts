import { mkdir, rm } from 'node:fs/promises'
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

/** A desk with the plugin in a folder of its own, beside the config that names it. */
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
  expect(other.stderr).toContain(
    'column thrown: identity.plugin.version was "1.0.0" and is "2.0.0"',
  )
  expect(other.stderr).toContain('column label: plugin.version was "1.0.0" and is "2.0.0"')
  expect(other.stderr).not.toContain('plain')

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
  // Remembered, so that going on needs no option.
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
