import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, type DatasetRecord, open } from '../../src/index.ts'
import type { Session } from './child.ts'
import { killedSession, wholeSession } from './kills.ts'
import { rowNumber } from './kinds.ts'
import { createMeter, modelsAt } from './model.ts'
import { datasetHashes, orphans } from './run-folder.ts'

const rows = 14_500
/** A multiple of both buffer sizes, so that the same rows stand in the same parts. */
const partRows = 7_000
/** Rows between two that ask the model. */
const stride = 100
const requests = Math.ceil(rows / stride)

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-same-'))
  const lines = Array.from({ length: 300 }, (_, number) => `place ${number},${number * 7}`)
  writeFileSync(join(root, 'places.csv'), `place,height\n${lines.join('\n')}\n`)
})
afterAll(() => rmSync(root, { recursive: true }))

function sampler(name: string, sampler_type: string, params: object, more: object = {}): object {
  return { name, column_type: 'sampler', sampler_type, params, ...more }
}

function configAt(url: string, concurrency: number): object {
  return {
    ...modelsAt(url, concurrency),
    seed: 2026,
    seed_config: { source: { seed_type: 'local', path: join(root, 'places.csv') } },
    columns: [
      { name: 'row', column_type: 'row-number' },
      sampler('id', 'uuid', { prefix: 'r-', short_form: true }),
      sampler('animal', 'category', { values: ['bear', 'frog', 'hen'], weights: [1, 2, 5] }),
      sampler('sound', 'subcategory', {
        category: 'animal',
        values: { bear: ['growl', 'huff'], frog: ['croak'], hen: ['cluck', 'squawk', 'purr'] },
      }),
      sampler(
        'age',
        'uniform',
        { low: 1, high: 9 },
        {
          conditional_params: {
            "animal == 'bear'": { sampler_type: 'uniform', low: 10, high: 30 },
          },
        },
      ),
      sampler('weight', 'gaussian', { mean: 4, stddev: 1.5 }),
      sampler('tame', 'bernoulli', { p: 0.3 }),
      sampler('born', 'datetime', { start: '2020-01-01', end: '2026-01-01', unit: 's' }),
      sampler('seen', 'timedelta', {
        dt_min: 1,
        dt_max: 90,
        reference_column_name: 'born',
        unit: 'h',
      }),
      {
        name: 'label',
        column_type: 'expression',
        expr: '{{ animal }} {{ age | round(2) }} at {{ place }}',
      },
      {
        name: 'story',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'story {{ row }}: the {{ label }} that made {{ sound }}, {{ height }} m up',
        skip: { when: `{{ row % ${stride} != 0 }}`, value: 'none' },
      },
    ],
  }
}

interface Variant {
  concurrency: number
  bufferSize: number
  /** The default by default. */
  partRows?: number
}

/** Makes the dataset in this process; gives its folder. */
async function made({ concurrency, bufferSize, partRows: part_rows }: Variant): Promise<string> {
  await using meter = await createMeter({ latencyMs: 0 })
  const out = join(root, `${concurrency}-${bufferSize}-${part_rows ?? 'default'}`)
  const result = await create({
    config: { config: configAt(meter.server.url, concurrency) },
    plugins: [{ name: 'test', columns: [rowNumber] }],
    rows,
    out,
    runConfig: { buffer_size: bufferSize, ...(part_rows === undefined ? {} : { part_rows }) },
  })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows }, requests })
  return out
}

async function recordsOf(directory: string): Promise<DatasetRecord[]> {
  await using dataset = await open(directory)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

let first = ''
beforeAll(async () => {
  first = await made({ concurrency: 64, bufferSize: 1_000, partRows })
})

test('the dataset to compare with has every row once, and values that vary', async () => {
  const records = await recordsOf(first)
  expect(records.map(({ row }) => row)).toEqual(Array.from({ length: rows }, (_, row) => row))
  const distinct = (name: string) => new Set(records.map((record) => record[name])).size
  expect({
    id: distinct('id'),
    animal: distinct('animal'),
    sound: distinct('sound'),
    tame: distinct('tame'),
    place: distinct('place'),
    story: distinct('story'),
  }).toEqual({ id: rows, animal: 3, sound: 6, tame: 2, place: 300, story: requests + 1 })
})

test.each([
  { concurrency: 1, bufferSize: 1_000, partRows },
  { concurrency: 64, bufferSize: 7, partRows },
  { concurrency: 1, bufferSize: 7, partRows },
])('concurrency $concurrency and buffer_size $bufferSize give the same bytes', async (variant) => {
  expect(datasetHashes(await made(variant))).toEqual(datasetHashes(first))
})

test('other parts give the same records', async () => {
  const small = await made({ concurrency: 64, bufferSize: 7 })
  expect(await recordsOf(small)).toEqual(await recordsOf(first))
})

test.each([
  { before: { concurrency: 64, bufferSize: 7 }, after: { concurrency: 1, bufferSize: 1_000 } },
  { before: { concurrency: 1, bufferSize: 1_000 }, after: { concurrency: 64, bufferSize: 7 } },
])('killed at $before and gone on with at $after gives the same bytes', async (variant) => {
  await using meter = await createMeter({ latencyMs: 2 })
  function session({ concurrency, bufferSize }: Variant): Session {
    return {
      config: configAt(meter.server.url, concurrency),
      rows,
      out: join(root, `killed-${variant.before.bufferSize}`),
      runConfig: { buffer_size: bufferSize, part_rows: partRows },
      receipts: join(root, 'no-receipts'),
    }
  }
  const killed = { meter, session: session(variant.before) }
  const loss = await killedSession(killed, { request: Math.round(requests * 0.6) })
  const goneOn = { meter, session: session(variant.after) }
  const result = await wholeSession(goneOn)
  expect(orphans(goneOn.session.out)).toEqual([])
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  expect(datasetHashes(goneOn.session.out)).toEqual(datasetHashes(first))
  const allowed = requests + loss.inFlight + loss.uncommitted
  expect(meter.server.counts.requests).toBeLessThanOrEqual(allowed)
})
