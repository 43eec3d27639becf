import { appendFile, copyFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SeedConfig } from '../config/dataset.ts'
import { loadDataset } from '../config/load.ts'
import { describeSeed, inspectSeed, isSeedUnchanged } from './inspect-seed.ts'
import { createScratch, localSeed, sources, type Scratch } from './scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
  await mkdir(join(scratch.folder, 'configs'))
  await scratch.write('topics.csv', 'topic\nsea\nsky\n')
  await scratch.write('configs/near.csv', 'topic\nnear\n')
})
afterAll(() => scratch[Symbol.asyncDispose]())

function context() {
  return { ...scratch.context, configDirectory: join(scratch.folder, 'configs') }
}

function inspect(config: SeedConfig) {
  return inspectSeed(config, context(), sources)
}

test('a seed with its selection', async () => {
  const { inspected, problems } = await inspect(
    localSeed('topics.csv', { selection_strategy: { start: 1, end: 1 } }),
  )
  expect(problems).toEqual([])
  expect(inspected).toMatchObject({
    seed: { columns: [{ name: 'topic', type: 'string' }], size: 2 },
    selection: { start: 1, size: 1 },
  })
})

test('a path is looked for below the working directory, then next to the config', async () => {
  await scratch.write('configs/topics.csv', 'topic\nother\n')
  expect((await inspect(localSeed('topics.csv'))).inspected?.seed.size).toBe(2)
  expect((await inspect(localSeed('near.csv'))).inspected?.seed.size).toBe(1)
  expect((await inspect(localSeed(join(scratch.folder, 'topics.csv')))).problems).toEqual([])
})

test('a missing file names both places and what is like it', async () => {
  const { folder } = scratch
  expect((await inspect(localSeed('topic.csv'))).problems).toEqual([
    {
      level: 'error',
      code: 'seed-missing',
      path: ['seed_config', 'source', 'path'],
      message: `The seed can't be used: there is no file ${join(folder, 'topic.csv')} and none ${join(folder, 'configs/topic.csv')}`,
      suggestion: `Did you mean ${join(folder, 'configs/topics.csv')} or ${join(folder, 'topics.csv')}?`,
    },
  ])
  const { problems } = await inspect(localSeed('elsewhere/unlike-anything.csv'))
  expect(problems[0]?.suggestion).toBe(
    'Give the path of the seed file, absolute or from one of these folders.',
  )
})

test.each<[string, SeedConfig, string, string]>([
  ['no rows', localSeed('headed.csv'), 'empty-seed', 'The seed has no rows'],
  ['no columns', localSeed('bare.jsonl'), 'empty-seed', 'The rows of the seed have no columns'],
  [
    'selection',
    localSeed('topics.csv', { selection_strategy: { start: 0, end: 2 } }),
    'selection-out-of-range',
    'The seed has 2 rows, so rows 0 to 2 cannot be selected',
  ],
  ['format', localSeed('topics.xlsx'), 'unknown-format', 'has the ending .xlsx'],
  ['pattern', localSeed('t?pic.csv'), 'seed-missing', 'no file matches'],
  ['folder', localSeed('folder.csv'), 'not-a-file', 'folder.csv is a folder'],
  ['content', localSeed('ragged.csv'), 'ragged-row', 'line 3 has 2 fields'],
  [
    'type',
    { ...localSeed(''), source: { seed_type: 'loca' } },
    'unknown-seed-type',
    "There is no kind of seed source called 'loca'",
  ],
  ['path', { ...localSeed(''), source: { seed_type: 'local', path: 3 } }, 'wrong-type', "'path'"],
])('a problem with the %s', async (_what, config, code, message) => {
  await scratch.write('headed.csv', 'a,b\n')
  await scratch.write('bare.jsonl', '{}\n{}\n')
  await scratch.write('ragged.csv', 'a\n1\n2,3\n')
  await mkdir(join(scratch.folder, 'folder.csv'), { recursive: true })
  const { inspected, problems } = await inspect(config)
  expect(inspected).toBeNull()
  expect(problems).toMatchObject([{ level: 'error', code }])
  expect(problems[0]?.message).toContain(message)
})

async function identityOf(path: string): Promise<string | undefined> {
  return (await inspect(localSeed(path))).inspected?.seed.identity
}

test('identity is the content and how it is read, not the place', async () => {
  await scratch.write('one.csv', 'a\tb\n1\t2\n')
  await copyFile(join(scratch.folder, 'one.csv'), join(scratch.folder, 'two.CSV'))
  await copyFile(join(scratch.folder, 'one.csv'), join(scratch.folder, 'three.tsv'))
  await scratch.write('four.csv', 'a\tb\n1\t3\n')
  const [one, two, three, four] = await Promise.all(
    ['one.csv', 'two.CSV', 'three.tsv', 'four.csv'].map(identityOf),
  )
  expect(one).toMatch(/^[0-9a-f]{64}$/)
  expect(two).toBe(one)
  expect(three).not.toBe(one)
  expect(four).not.toBe(one)
})

test('a run continues with an untouched, a touched or a missing seed, not with another', async () => {
  const path = await scratch.write('resumed.csv', 'a\n1\n')
  const config = localSeed('resumed.csv')
  const { inspected } = await inspect(config)
  if (inspected === null) throw new Error('the seed was refused')
  const { seed: stored } = inspected
  const unchanged = () => isSeedUnchanged(config, stored, context(), sources)
  expect(await unchanged()).toBe(true)
  await utimes(path, 1, 1)
  expect(await unchanged()).toBe(true)
  // The same file is read in another way.
  const otherwise = { ...config, source: { ...config.source, delimiter: ';' } }
  expect(await isSeedUnchanged(otherwise, stored, context(), sources)).toBe(false)
  await appendFile(path, '2\n')
  expect(await unchanged()).toBe(false)
  await rm(path)
  expect(await unchanged()).toBe(true)
  await writeFile(path, 'a\n1\n')
  expect(await unchanged()).toBe(true)
})

test('what the graph hashes changes with the content, the order and the selection', () => {
  const seed = { columns: [{ name: 'a', type: 'int64' as const }], identity: 'content' }
  const selection = { start: 0, size: 5 }
  const ordered = { sampling_strategy: 'ordered', rows_per_record: 1 } as const
  const identities = [
    describeSeed(seed, ordered, selection),
    describeSeed(seed, { ...ordered, sampling_strategy: 'shuffle' }, selection),
    describeSeed(seed, { ...ordered, rows_per_record: 2 }, selection),
    describeSeed(seed, ordered, { start: 1, size: 5 }),
    describeSeed(seed, ordered, { start: 0, size: 4 }),
    describeSeed({ ...seed, identity: 'other' }, ordered, selection),
  ].map(({ identity }) => identity)
  expect(new Set(identities).size).toBe(6)
  expect(describeSeed(seed, ordered, selection).columns).toBe(seed.columns)
})

test('a seed config as a file has it', async () => {
  const text = `
columns: []
seed_config:
  source: { seed_type: local, path: topics.csv, sheet: 1 }
  selection_strategy: { index: 1, num_partitions: 2 }
`
  const { config, problems: ignored } = loadDataset(text, { file: 'config.yaml' })
  expect(ignored.filter(({ level }) => level === 'error')).toEqual([])
  const { inspected, problems } = await inspect(config?.seed_config ?? localSeed('none.csv'))
  expect(problems).toEqual([])
  expect(inspected?.selection).toEqual({ start: 1, size: 1 })
})

test('an abort is no problem of the seed', async () => {
  const reason = new Error('enough')
  const aborted = { ...context(), signal: AbortSignal.abort(reason) }
  await expect(inspectSeed(localSeed('topics.csv'), aborted, sources)).rejects.toBe(reason)
})
