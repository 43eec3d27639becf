import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, type DatasetRecord, open, preview } from '../../src/index.ts'
import { decompressors } from '../../src/store/parquet-codec.ts'
import { killedSession, type Scene, wholeSession } from './kills.ts'
import { imageOf, testKinds } from './kinds.ts'
import { createMeter, type Meter } from './model.ts'
import { datasetHashes, orphans } from './run-folder.ts'

const rows = 300

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-media-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const config = {
  seed: 7,
  columns: [
    { name: 'row', column_type: 'row-number' },
    // Named as the receipts of what is paid are.
    { name: 'note', column_type: 'paid-image', of: 'row', images: 1 },
    { name: 'several', column_type: 'expression', expr: '{{ note[:8] }} {{ note[-4:] }}' },
  ],
}
const runConfig = { buffer_size: 50, part_rows: 200 }

function plugins(name: string): { name: string; columns: ReturnType<typeof testKinds> }[] {
  return [{ name: 'test', columns: testKinds(join(root, `${name}.receipts`)) }]
}

function createScene(name: string, meter: Meter): Scene {
  const receipts = join(root, `${name}.receipts`)
  return { meter, session: { config, rows, out: join(root, name), runConfig, receipts } }
}

/** Files below a folder, by their paths in it. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort()
}

async function recordsOf(out: string, name: string): Promise<DatasetRecord[]> {
  await using dataset = await open(out, { plugins: plugins(name) })
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

function expectImages(folder: string, records: readonly DatasetRecord[]): void {
  for (const [row, { note }] of records.entries()) {
    expect(readFileSync(join(folder, String(note))).equals(imageOf(row, 0)), `row ${row}`).toBe(
      true,
    )
  }
}

test('files and records agree after kills, and no file is written twice', async () => {
  await using meter = await createMeter({ latencyMs: 0 })
  const whole = createScene('unkilled', meter)
  await wholeSession(whole)
  const scene = createScene('killed', meter)
  const { out } = scene.session
  await killedSession(scene, { event: 'ledger-committed' })
  const before = new Map(
    filesBelow(join(out, 'media')).map((path) => [
      path,
      statSync(join(out, 'media', path)).mtimeMs,
    ]),
  )
  expect(before.size).toBeGreaterThan(0)
  await killedSession(scene, { event: 'part-committed' })
  const result = await wholeSession(scene)
  expect(result.rows).toMatchObject({ accepted: rows })
  expect(datasetHashes(out)).toEqual(datasetHashes(whole.session.out))
  expect(orphans(out)).toEqual([])
  expect(filesBelow(join(out, 'media'))).toEqual(filesBelow(join(whole.session.out, 'media')))

  const records = await recordsOf(out, 'killed')
  expectImages(out, records)
  // Rows share every seventh image.
  expect(filesBelow(join(out, 'media'))).toHaveLength(new Set(records.map(({ note }) => note)).size)
  expect(records[0]?.['several']).toMatch(/^media\/\w\w .png$/)

  await using dataset = await open(out, { plugins: plugins('killed') })
  const { run, columns } = await dataset.report()
  const bytes = filesBelow(join(out, 'media')).reduce(
    (sum, path) => sum + statSync(join(out, 'media', path)).size,
    0,
  )
  const files = filesBelow(join(out, 'media')).length
  expect(run.media).toEqual([{ mime: 'image/png', files, bytes }])
  expect(columns[1]).toMatchObject({
    type: 'media',
    distinct: { count: files, exact: true },
    top: null,
    lengths: null,
  })
}, 120_000)

test('an export has its files next to it, and a folder can be moved', async () => {
  const out = join(root, 'moved')
  cpSync(join(root, 'killed'), out, { recursive: true })
  await using dataset = await open(out, { plugins: plugins('killed') })
  const [jsonl] = await dataset.export({ to: join(root, 'texts', 'data.jsonl') })
  const lines = readFileSync(jsonl?.path ?? '', 'utf8')
    .trimEnd()
    .split('\n')
  const records = lines.map((line) => JSON.parse(line) as DatasetRecord)
  expect(records).toEqual(await recordsOf(out, 'killed'))
  expectImages(join(root, 'texts'), records)

  const [parquet] = await dataset.export({ to: join(root, 'tables') })
  const file = await asyncBufferFromFile(parquet?.path ?? '')
  const read = await parquetReadObjects({ file, compressors: decompressors })
  expectImages(join(root, 'tables'), read)
  // In addition to the run's own files there is nothing to copy.
  await dataset.export({ to: join(out, 'data.csv') })
  expect(filesBelow(join(out, 'media'))).toHaveLength(
    filesBelow(join(root, 'tables', 'media')).length,
  )
}, 60_000)

test('a lost file is reported by a repair', async () => {
  const out = join(root, 'moved')
  const [path = ''] = filesBelow(join(out, 'media'))
  rmSync(join(out, 'media', path))
  const codes: string[] = []
  const options = { config: { config }, out, runConfig, plugins: plugins('killed') }
  await create({
    ...options,
    rows,
    repair: true,
    onEvent(event) {
      if (event.type === 'warning') codes.push(`${event.problem.code}: ${event.problem.message}`)
    },
  })
  expect(codes).toEqual([
    `media-missing: The file media/${path} is missing or truncated, and records name it.`,
  ])
})

test('several files of a cell are a list, in a preview as in a run', async () => {
  const [row, note] = config.columns
  const several = {
    seed: 7,
    columns: [
      row,
      { ...note, images: 3 },
      { name: 'n', column_type: 'expression', expr: '{{ note | length }}' },
    ],
  }
  const options = { config: { config: several }, rows: 5, plugins: plugins('several') }
  const out = join(root, 'several')
  await create({ ...options, out })
  const records = await recordsOf(out, 'several')
  for (const [index, record] of records.entries()) {
    const paths = record['note'] as string[]
    expect(paths.map((path) => readFileSync(join(out, path)))).toEqual(
      [0, 1, 2].map((image) => imageOf(index, image)),
    )
    expect(record['n']).toBe('3')
  }
  const shown = await preview(options)
  expect(shown.records).toEqual(records)
  expect(shown.rows[0]?.values.get('note')).toEqual(records[0]?.['note'])
})

test('a cell that fails after it put a file leaves none, and a retry puts it', async () => {
  const out = join(root, 'failing')
  const marker = join(root, 'failing.receipts.wrong')
  const options = { config: { config }, out, rows: 60, runConfig, plugins: plugins('failing') }
  writeFileSync(marker, '')
  const failed = await create(options)
  expect(failed.rows).toMatchObject({ accepted: 58, dropped: 2 })
  const before = filesBelow(join(out, 'media'))
  expect(orphans(out)).toEqual([])

  rmSync(marker)
  const retried = await create({ ...options, retryDropped: true })
  expect(retried.rows).toMatchObject({ accepted: 60, dropped: 0 })
  expect(filesBelow(join(out, 'media'))).toHaveLength(before.length + 2)
  expectImages(out, await recordsOf(out, 'failing'))
  expect(orphans(out)).toEqual([])
})
