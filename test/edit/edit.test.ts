import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, open, type RunEvent } from '../../src/index.ts'
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
  const rows = repetitions({ all: 10_000, some: 2_000 })
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

  // What is free: an expression, another order, what the dataset leaves out, a column less.
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
