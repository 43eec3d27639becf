import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  create,
  freeSpace,
  open,
  preview,
  type PreviewOptions,
  type RunEvent,
} from '../../src/index.ts'
import type { RunOptions } from '../../src/run/run.ts'
import { start } from '../../src/run/run.ts'
import { repetitions } from '../support/thorough.ts'
import { scriptedProvider, type ScriptedProvider } from '../../src/testing/index.ts'

// An edit costs what it changed, an undo nothing: counted by a provider in the process.

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-edit-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

interface Asked {
  provider: ScriptedProvider
  /** Requests since it was asked last. */
  since: () => number
}

function answering(): Asked {
  const provider = scriptedProvider(
    ({ prompt, model }) =>
      `${model}: ${createHash('sha256').update(prompt).digest('hex').slice(0, 12)}`,
  )
  let before = 0
  return {
    provider,
    since() {
      const count = provider.calls.length - before
      before = provider.calls.length
      return count
    },
  }
}

interface Parts {
  columns: readonly object[]
  model?: object
  processors?: readonly object[]
}

function config({ columns, model = {}, processors = [] }: Parts): object {
  return {
    model_providers: [{ name: 'here', provider_type: 'scripted' }],
    model_configs: [
      {
        alias: 'writer',
        provider: 'here',
        model: 'fox',
        inference_parameters: { max_parallel_requests: 64 },
        ...model,
      },
    ],
    columns,
    processors,
  }
}

const number = {
  name: 'number',
  column_type: 'sampler',
  sampler_type: 'uniform',
  params: { low: 0, high: 1_000_000 },
  convert_to: 'int',
}
const label = { name: 'label', column_type: 'expression', expr: 'Nr. {{ number }}' }

function text(name: string, prompt: string, extra: object = {}): object {
  return { name, column_type: 'llm-text', model_alias: 'writer', prompt, ...extra }
}

const title = text('title', 'A title for {{ label }}')
const story = text('story', 'A story called {{ title }}')
const review = text('review', 'A review of {{ story }}')
const five = [number, label, title, story, review]

interface Session extends Partial<RunOptions> {
  provider: ScriptedProvider
  out: string
}

function session(parts: Parts, { provider, ...options }: Session): RunOptions {
  return {
    config: { config: config(parts) },
    plugins: [{ name: 'here', providers: [provider] }],
    seed: 5n,
    ...options,
  }
}

async function recordsOf(out: string): Promise<Record<string, unknown>[]> {
  await using dataset = await open(out)
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

test('an edit pays for what it changes, an undo and what is free for nothing', async () => {
  const out = newFolder()
  const { provider, since } = answering()
  const rows = repetitions({ all: 10_000, some: 500 })
  const run = async (parts: Parts, options: Partial<RunOptions> = {}) => {
    const result = await create(session(parts, { provider, out, rows, ...options }))
    expect(result.rows).toMatchObject({ accepted: rows, remaining: 0 })
    return result.files.map(({ path }) => hashOf(path))
  }
  const first = await run({ columns: five })
  expect(since()).toBe(3 * rows)

  const other = text('review', 'A short review of {{ story }}')
  const edited = { columns: [number, label, title, story, other] }
  await expect(run(edited)).rejects.toMatchObject({
    code: 'fingerprint-changed',
    message: expect.stringContaining(
      `${rows.toLocaleString('en-US')} cells, about ${rows.toLocaleString('en-US')} requests`,
    ),
  })
  expect(since()).toBe(0)
  expect(await run({ columns: five })).toEqual(first)

  const second = await run(edited, { edit: true })
  expect(since()).toBe(rows)
  expect(second).not.toEqual(first)

  // What is free: an expression, another order, what the dataset omits, a column less.
  const length = { name: 'length', column_type: 'expression', expr: '{{ review | length }}' }
  await run({ columns: [...edited.columns, length] }, { edit: true })
  await run({
    columns: [length, ...edited.columns.map((one) => ({ ...one, drop: one === title }))],
  })
  await run(
    { columns: [number, label, title, other].filter((one) => one !== story).concat(story) },
    { edit: true },
  )
  await run({ columns: [number, label, title, story] }, { edit: true })
  // And all that was there before.
  expect(await run(edited, { edit: true })).toEqual(second)
  expect(await run({ columns: five }, { edit: true })).toEqual(first)
  expect(since()).toBe(0)

  const plain = newFolder()
  const beside = await create(session(edited, { provider: answering().provider, out: plain, rows }))
  expect(second).toEqual(beside.files.map(({ path }) => hashOf(path)))
})

test('an edit that is interrupted pays for no cell twice, and ends with the same bytes', async () => {
  const out = newFolder()
  const { provider, since } = answering()
  const options = { provider, out, rows: 600, runConfig: { buffer_size: 50, part_rows: 100 } }
  await create(session({ columns: five }, options))
  since()
  const edited = {
    columns: [number, label, title, text('story', 'A tale called {{ title }}'), review],
  }
  for (let times = 0; times < 3; times += 1) {
    let cells = 0
    await using run = await start({
      ...session(edited, { ...options, edit: true }),
      onEvent(event: RunEvent) {
        if (event.type === 'ledger-committed') cells += event.records
        if (cells > 250) run.abort()
      },
    })
    const { end } = await run.finished
    expect(end.kind).toBe('interrupted')
  }
  const result = await create(session(edited, options))
  const inFlight = 3 * provider.maxInFlight
  expect(since()).toBeLessThanOrEqual(2 * 600 + inFlight)

  const plain = await create(
    session(edited, { ...options, provider: answering().provider, out: newFolder() }),
  )
  expect(result.files.map(({ path }) => hashOf(path))).toEqual(
    plain.files.map(({ path }) => hashOf(path)),
  )
  // The stories of before are all there.
  await create(session({ columns: five }, { ...options, edit: true }))
  expect(since()).toBe(0)
  expect(await recordsOf(out)).toHaveLength(600)
})

test('a changed model is kept when it is asked for, and reported; gc frees what an edit replaced', async () => {
  const out = newFolder()
  const { provider, since } = answering()
  const options = { provider, out, rows: 10 }
  const columns = [number, label, title, story]
  await create(session({ columns }, options))
  expect(since()).toBe(20)
  const owl = { columns, model: { model: 'owl' } }
  await expect(create(session(owl, options))).rejects.toMatchObject({
    code: 'fingerprint-changed',
    hints: expect.arrayContaining([expect.stringContaining('--keep title')]),
  })
  const other = { ...options, rows: 12 }
  const kept = await create(session(owl, { ...other, keep: ['title', 'story'] }))
  expect(since()).toBe(4)
  const versions = [
    { models: 'fox (here)', cells: 10 },
    { models: 'owl (here)', cells: null },
  ]
  expect(kept.mixed).toEqual([
    { column: 'title', versions },
    { column: 'story', versions },
  ])
  expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))).toMatchObject({
    mixed: kept.mixed,
  })
  const titles = (await recordsOf(out)).map((record) => String(record['title']).slice(0, 3))
  expect(titles).toEqual([...Array<string>(10).fill('fox'), 'owl', 'owl'])
  // From now on it is the config of the run, and story alone can be made again.
  await create(session(owl, other))
  const tale = text('story', 'A tale called {{ title }}')
  const result = await create(
    session({ ...owl, columns: [number, label, title, tale] }, { ...other, edit: true }),
  )
  expect(since()).toBe(12)
  expect(result.mixed).toEqual([{ column: 'title', versions }])

  for (const [keep, message] of [
    ['label', 'cost nothing'],
    ['tittle', 'has no column tittle'],
  ] as const) {
    await expect(create(session(owl, { ...other, keep: [keep] }))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    })
  }

  expect(await freeSpace(out)).toMatchObject({ cells: 12, freed: false })
  expect(await freeSpace(out, { yes: true })).toMatchObject({
    columns: [{ name: 'story', cells: 12 }],
    freed: true,
  })
  expect(await freeSpace(out)).toMatchObject({ cells: 0, columns: [] })
  await create(session(owl, { ...other, edit: true }))
  expect(since()).toBe(12)
})

test('another content of the seed is an edit, and put back it is one without a request', async () => {
  const out = newFolder()
  const { provider, since } = answering()
  const path = join(root, 'cities.csv')
  const own = {
    ...config({ columns: [text('line', 'A line about {{ city }}')] }),
    seed_config: { source: { seed_type: 'local', path } },
  }
  const run = (more: Partial<RunOptions> = {}) =>
    create({
      config: { config: own },
      plugins: [{ name: 'here', providers: [provider] }],
      seed: 5n,
      out,
      rows: 4,
      ...more,
    })
  const cities = async () => (await recordsOf(out)).map((record) => record['city'])
  writeFileSync(path, 'city\nRome\nOslo\n')
  await run()
  expect(since()).toBe(4)
  writeFileSync(path, 'city\nRome\nLima\n')
  await expect(run()).rejects.toMatchObject({
    code: 'fingerprint-changed',
    message: expect.stringContaining('- content '),
  })
  await run({ edit: true })
  expect(since()).toBe(4)
  expect(await cities()).toEqual(['Rome', 'Lima', 'Rome', 'Lima'])
  writeFileSync(path, 'city\nRome\nOslo\n')
  await run({ edit: true })
  expect(since()).toBe(0)
  expect(await cities()).toEqual(['Rome', 'Oslo', 'Rome', 'Oslo'])
})

test('a preview uses cells of the run in the default folder; a fresh run has its seed', async () => {
  const { provider, since } = answering()
  const columns = [number, label, title, story]
  const out = join(process.cwd(), 'runs', `edit-test-${process.pid}`)
  const given = (parts: Parts): PreviewOptions => ({
    config: { config: config(parts), name: `edit-test-${process.pid}` },
    plugins: [{ name: 'here', providers: [provider] }],
  })
  try {
    const { dir } = await create({ ...given({ columns }), seed: 9n, rows: 5 })
    expect(dir).toBe(out)
    since()
    const shown = await preview({ ...given({ columns }), rows: 3 })
    expect([since(), shown.reused]).toEqual([0, 6])
    expect(shown.records).toEqual((await recordsOf(out)).slice(0, 3))
    const other = [number, label, title, text('story', 'A tale called {{ title }}')]
    expect((await preview({ ...given({ columns: other }), rows: 7 })).reused).toBe(5)
    expect(since()).toBe(2 + 7)
    expect((await preview({ ...given({ columns }), rows: 3, seed: 8n })).reused).toBe(0)

    const opened: unknown[] = []
    const fresh = await create({
      ...given({ columns }),
      mode: 'fresh',
      rows: 5,
      onEvent(event) {
        if (event.type === 'run-opened') opened.push([event.seed, event.seedOf])
      },
    })
    expect(opened).toEqual([[9n, out]])
    expect(await recordsOf(fresh.dir)).toEqual(await recordsOf(out))
  } finally {
    for (const folder of [out, `${out}-2`]) rmSync(folder, { recursive: true, force: true })
  }
})
