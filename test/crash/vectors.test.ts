import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects, parquetSchema, parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { decompressors } from '../../src/store/parquet-codec.ts'
import { pythonFloat } from '../../src/util/python-float.ts'
import { killedSession, type Scene, wholeSession } from './kills.ts'
import { testKinds, vectorNumbersOf } from './kinds.ts'
import { createMeter, type Meter } from './model.ts'
import { datasetHashes, orphans } from './run-folder.ts'

const rows = 700

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-vectors-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Named as the receipts of what is paid are. */
const columns = [
  { name: 'row', column_type: 'row-number' },
  { name: 'note', column_type: 'paid-vector', of: 'row' },
  { name: 'first', column_type: 'expression', expr: '{{ note | length }}: {{ note[0] }}' },
  {
    name: 'small',
    column_type: 'expression',
    expr: '{{ note[1] < 0 }}',
    dtype: 'bool',
    skip: { when: '{{ note[0] > 0.5 }}' },
  },
]

function createScene(name: string, meter: Meter): Scene {
  const receipts = join(root, `${name}.receipts`)
  return {
    meter,
    session: {
      config: { seed: 7, columns },
      rows,
      out: join(root, name),
      runConfig: { buffer_size: 100, part_rows: 400, disable_early_shutdown: true },
      receipts,
    },
  }
}

test('vectors are the same after kills and retries, and are not paid for again', async () => {
  await using meter = await createMeter({ latencyMs: 0 })
  const whole = createScene('unkilled', meter)
  await wholeSession(whole)
  const scene = createScene('killed', meter)
  writeFileSync(`${scene.session.receipts}.wrong`, '')
  await killedSession(scene, { event: 'ledger-committed' })
  await killedSession(scene, { event: 'part-committed' })
  const wrong = await wholeSession(scene)
  expect(wrong.rows).toMatchObject({ accepted: rows - 14, dropped: 14 })
  rmSync(`${scene.session.receipts}.wrong`)
  const result = await wholeSession({ meter, session: { ...scene.session, retryDropped: true } })
  expect(result.rows).toMatchObject({ accepted: rows, dropped: 0 })
  const { out } = scene.session
  expect(datasetHashes(out)).toEqual(datasetHashes(whole.session.out))
  expect(orphans(out)).toEqual([])

  await using dataset = await open(out, {
    plugins: [{ name: 'test', columns: testKinds(scene.session.receipts) }],
  })
  let row = 0
  for await (const record of dataset.records()) {
    const numbers = record['note'] as number[]
    expect(numbers.map(Math.fround)).toEqual(vectorNumbersOf(row))
    expect(record['first']).toBe(`12: ${pythonFloat(numbers[0] as number)}`)
    expect(record['small']).toBe((numbers[0] as number) > 0.5 ? null : (numbers[1] as number) < 0)
    row += 1
  }
  expect(row).toBe(rows)

  const { columns: statistics } = await dataset.report()
  expect(statistics[1]).toMatchObject({
    type: 'vector(12)',
    distinct: null,
    top: null,
    vectors: { sizes: { min: 12, max: 12 }, norms: { count: rows } },
  })
}, 120_000)

test('an export has them as lists', async () => {
  const out = join(root, 'killed')
  await using dataset = await open(out, {
    plugins: [{ name: 'test', columns: testKinds(join(root, 'killed.receipts')) }],
  })
  const [jsonl] = await dataset.export({ to: join(root, 'data.jsonl') })
  const [csv] = await dataset.export({ to: join(root, 'data.csv') })
  const [parquet] = await dataset.export({ to: join(root, 'data') })
  const lines = readFileSync(jsonl?.path ?? '', 'utf8')
    .trimEnd()
    .split('\n')
  const read = lines.map((line) => JSON.parse(line) as { note: number[] })
  expect(read.map(({ note }) => note.map(Math.fround))).toEqual(
    Array.from({ length: rows }, (_, row) => vectorNumbersOf(row)),
  )
  const second = readFileSync(csv?.path ?? '', 'utf8').split('\n')[2]
  expect(second).toContain(`"${JSON.stringify(read[1]?.note)}"`)

  const path = parquet?.path ?? ''
  const schema = parquetSchema(parquetMetadata(new Uint8Array(readFileSync(path)).buffer))
  expect(schema.children[1]).toMatchObject({
    element: { name: 'note', logical_type: { type: 'LIST' } },
    children: [{ children: [{ element: { type: 'FLOAT' } }] }],
  })
  const file = await asyncBufferFromFile(path)
  const records = await parquetReadObjects({ file, compressors: decompressors })
  expect(records.map((record) => record['note'])).toEqual(
    Array.from({ length: rows }, (_, row) => vectorNumbersOf(row)),
  )
}, 60_000)
