import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileStored } from '../src/check/stored-graph.ts'
import { builtIn } from '../src/plugins/built-in.ts'
import { createRegistry } from '../src/plugins/kind-registry.ts'
import { inspectStore } from '../src/store/inspect-store.ts'
import { create, open, type Problem, render, validate } from '../src/index.ts'
import {
  commonFields,
  defineColumn,
  definePlugin,
  LoadFault,
  oneOf,
  text,
  z,
} from '../src/plugin.ts'

const wordList = defineColumn({
  type: 'word-list',
  schema: z
    .strictObject({ ...commonFields, column_type: oneOf(['word-list']), file: text() })
    .describe('The words of a file, one after the other.'),
  async load({ file }, { directory, signal }) {
    const content = await readFile(join(directory, file), { encoding: 'utf8', signal }).catch(
      (cause: unknown) => {
        throw new LoadFault(`there is no file ${file}`, {
          cause,
          field: 'file',
          suggestion: 'Write a word a line.',
        })
      },
    )
    if (content === 'broken') throw new TypeError('a defect of the kind')
    const words = content.trim().split('\n')
    return { words, identity: createHash('sha256').update(content).digest('hex') }
  },
  describe: (_config, _context, { words }) => ({
    by: 'row',
    pure: true,
    output: words.every((word) => /^\d+$/.test(word)) ? 'int64' : 'string',
    references: [],
    routes: [],
  }),
  bind: (_config, _context, { words }) => ({
    by: 'row',
    generate(row) {
      const word = words[row.index % words.length] ?? ''
      return words.every((each) => /^\d+$/.test(each)) ? Number(word) : word
    },
  }),
})
const plugins = [definePlugin({ name: 'words', columns: [wordList] })]

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-loading-'))
  await mkdir(join(root, 'configs'))
})
afterAll(() => rm(root, { recursive: true }))

/** A config in a separate folder, in addition to the words. */
async function write(columns: readonly object[], words: string): Promise<string> {
  const config = join(root, 'configs', 'words.json')
  await writeFile(config, JSON.stringify({ columns }))
  await writeFile(join(root, 'configs', 'words.txt'), words)
  return config
}

const word = { name: 'word', column_type: 'word-list', file: 'words.txt' }
const shout = { name: 'shout', column_type: 'expression', expr: '{{ word }}!' }

function brief(problems: readonly Problem[]): string[] {
  return problems.map(({ code, path, message }) => `${code} @ ${path.join('.')}: ${message}`)
}

test('what a kind loads decides type and values, and is part of the fingerprint', async () => {
  const config = await write([word, shout], 'one\ntwo\n')
  const out = join(root, 'run')
  await create({ config, plugins, out, rows: 3 })
  await using dataset = await open(out, { plugins })
  const records = []
  for await (const record of dataset.records()) records.push(record)
  expect(records).toEqual([
    { word: 'one', shout: 'one!' },
    { word: 'two', shout: 'two!' },
    { word: 'one', shout: 'one!' },
  ])
  expect((await dataset.report()).columns).toMatchObject([{ kind: 'word-list' }, {}])

  const shown = await render({ config, plugins, column: 'shout', row: 1 })
  expect(shown.rows).toEqual([{ row: 1, parts: [{ field: 'expr', text: 'two!' }] }])

  await write([word, shout], 'one\nthree\n')
  await expect(create({ config, plugins, out, rows: 4 })).rejects.toThrow(
    /columns\.word\.loaded\n {4}- content \w+…\n {4}\+ content \w+…/,
  )
  await write([word], '1\n2\n')
  const other = join(root, 'numbers')
  await create({ config, plugins, out: other, rows: 1 })
  await using numbers = await open(other, { plugins })
  expect((await numbers.summary()).columns).toMatchObject([{ type: 'int64' }])
})

test('what can not be loaded is a problem of its column, and hides nothing else', async () => {
  const config = await write(
    [
      { ...word, file: 'nowhere.txt' },
      shout,
      { ...word, name: 'mistyped', fil: 'x' },
      { name: 'other', column_type: 'expression', expr: '{{ nothing }}' },
    ],
    'broken',
  )
  const { problems } = await validate({ config, plugins })
  expect(brief(problems)).toEqual([
    "column-not-loaded @ columns.0.file: Column 'word' can't be loaded: there is no file nowhere.txt",
    "unknown-key @ columns.2.fil: Column 'mistyped' has no field 'fil'",
    "unknown-reference @ columns.3.expr: Column 'other' refers to 'nothing', which is not a column",
  ])
  await writeFile(config, JSON.stringify({ columns: [word] }))
  const [mistake = '', ...more] = brief((await validate({ config, plugins })).problems)
  expect(more).toEqual([])
  expect(mistake).toContain(
    "plugin-failed @ columns.0: Plugin 'words': load() of its column kind 'word-list' threw, in column 'word': TypeError: a defect of the kind",
  )
})

test('a stored run whose file is missing says which, and still has its figures', async () => {
  const config = await write([word], 'one\ntwo\n')
  const out = join(root, 'gone')
  await create({ config, plugins, out, rows: 2 })
  await rm(join(root, 'configs', 'words.txt'))
  const { settings } = await inspectStore(out)
  const registry = createRegistry([builtIn, ...plugins])
  await expect(compileStored(out, settings, registry)).rejects.toMatchObject({
    code: 'column-not-loaded',
    message: expect.stringMatching(
      /can't load the files of its columns: .* there is no file words\.txt/,
    ),
  })
  await using dataset = await open(out, { plugins })
  expect((await dataset.report()).columns).toMatchObject([{ name: 'word', kind: null }])
})
