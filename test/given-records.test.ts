import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, open, preview, validate } from '../src/index.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-given-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const line = { name: 'line', column_type: 'expression', expr: '{{ word }}!' }

function configOf(records: unknown): { config: object } {
  return {
    config: { seed_config: { source: { seed_type: 'records', records } }, columns: [line] },
  }
}

const words = [
  { word: 'one', count: 1, tags: ['a'], when: new Date(0) },
  { word: 'two', count: 2.5, more: { big: 2n ** 60n } },
  { word: 'three', count: 3, tags: null },
]

async function recordsOf(out: string): Promise<unknown[]> {
  await using dataset = await open(out)
  const all = []
  for await (const record of dataset.records()) all.push(record)
  return all
}

async function spools(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('rowsmith-records-'))
}

async function problemsOf(records: unknown): Promise<string[]> {
  const { problems } = await validate({ config: configOf(records) })
  return problems.map(({ code, path, message }) => `${code} @ ${path.join('.')}: ${message}`)
}

async function* slowly(): AsyncGenerator<object> {
  for (const word of words) yield await Promise.resolve(word)
}

function* quickly(): Generator<object> {
  yield* words
}

test('an array, iterators and functions that make them are the same seed, typed', async () => {
  const before = await spools()
  const all = [words, new Set(words), slowly(), quickly(), slowly, quickly]
  const made = []
  for (const records of all) {
    made.push((await preview({ config: configOf(records), rows: 4, seed: 1n })).records)
  }
  expect(made[0]).toEqual([
    {
      word: 'one',
      count: 1,
      tags: ['a'],
      when: '1970-01-01T00:00:00.000Z',
      more: null,
      line: 'one!',
    },
    { word: 'two', count: 2.5, tags: null, when: null, more: { big: 2n ** 60n }, line: 'two!' },
    { word: 'three', count: 3, tags: null, when: null, more: null, line: 'three!' },
    {
      word: 'one',
      count: 1,
      tags: ['a'],
      when: '1970-01-01T00:00:00.000Z',
      more: null,
      line: 'one!',
    },
  ])
  for (const records of made) expect(records).toEqual(made[0])
  expect(await spools()).toEqual(before)
})

test('a run continues with the same records, without any, and not with others', async () => {
  const out = join(root, 'run')
  await create({ config: configOf(slowly()), rows: 2, seed: 1n, out })
  await create({ config: configOf(words), rows: 4, out })
  const lines = ['one!', 'two!', 'three!', 'one!']
  expect((await recordsOf(out)).map((record) => (record as { line: string }).line)).toEqual(lines)
  await expect(create({ config: configOf([{ word: 'other' }]), rows: 6, out })).rejects.toThrow(
    /seed_config\.source\n {4}- content \w+…\n {4}\+ content \w+…/,
  )
  const config = JSON.stringify({
    seed_config: { source: { seed_type: 'records', records: 'records:given' } },
    columns: [line],
  })
  await create({ config: { text: config }, rows: 5, out })
  expect(await recordsOf(out)).toHaveLength(5)
})

test('records are taken one by one, and an abort does not wait for the next', async () => {
  let taken = 0
  let ended = false
  const controller = new AbortController()
  async function* endless(): AsyncGenerator<object> {
    try {
      for (;;) {
        taken += 1
        if (taken === 5000) {
          setImmediate(() => controller.abort(new Error('enough')))
          await new Promise(() => undefined)
        }
        yield { word: 'x'.repeat(100) }
      }
    } finally {
      ended = true
    }
  }
  await expect(
    create({
      config: configOf(endless),
      rows: 1,
      out: join(root, 'endless'),
      signal: controller.signal,
    }),
  ).rejects.toThrow('enough')
  expect(taken).toBe(5000)
  expect(ended).toBe(false)
})

test('what is not a record is said with its place', async () => {
  const used = quickly()
  await validate({ config: configOf(used) })
  async function* failing(): AsyncGenerator<object> {
    yield { word: 'one' }
    throw await Promise.resolve(new Error('the database is away'))
  }
  const found = []
  for (const records of [
    'a text',
    [],
    [{ word: 'a' }, 7],
    [{ word: () => 1 }],
    [{ deep: [{ word: Number.NaN }] }],
    used,
    failing,
  ]) {
    found.push(...(await problemsOf(records)).filter((text) => text.includes('seed_config')))
  }
  expect(found).toMatchInlineSnapshot(`
    [
      "no-records @ seed_config.source.records: The seed can't be used: they are nothing that can be iterated over",
      "empty-seed @ seed_config.source.path: The seed has no rows",
      "not-an-object @ seed_config.source.records: The seed can't be used: records[1] is not an object, and a seed row is one",
      "bad-record @ seed_config.source.records: The seed can't be used: expected a value of type json, got a function at records[0].word",
      "bad-record @ seed_config.source.records: The seed can't be used: records[0].deep[0].word is NaN, which no dataset holds",
      "records-used @ seed_config.source.records: The seed can't be used: they are an iterator that was read before",
      "records-failed @ seed_config.source.records: The seed can't be used: the source of the records failed after 1 of them: the database is away",
    ]
  `)
  const { problems } = await validate({ config: { text: JSON.stringify(configOf('x').config) } })
  expect(problems[0]?.code).toBe('records-missing')
})
