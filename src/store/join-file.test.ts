import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinFile, type JoinColumn } from './join-file.ts'
import { decompressors } from './parquet-codec.ts'
import { writePartFile } from './part-file.ts'
import type { RecordedFile } from './verify.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowsmith-join-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const columns: JoinColumn[] = [
  { name: 'scratch', type: 'string', drop: true },
  { name: 'text', type: 'string', drop: false },
  { name: 'count', type: 'int64', drop: false },
  { name: 'thought', type: 'string', drop: true },
  { name: 'score', type: 'float64', drop: false },
]

/** Long texts make a chunk of several pages, for which writers like to keep indexes. */
const long = 'x'.repeat(3000)

function record(row: number) {
  return { text: `${row} ${long.slice(0, row % 3000)}`, count: BigInt(row % 7), score: row / 4 }
}

async function writePart(
  name: string,
  rows: readonly number[],
  groupRows = 4_096,
): Promise<RecordedFile> {
  const path = join(folder, name)
  const values = [
    rows.map((row) => `scratch ${row}`),
    rows.map((row) => record(row).text),
    rows.map((row) => record(row).count),
    rows.map(() => 'hm'),
    rows.map((row) => record(row).score),
  ]
  const blocks = [{ rows: Float64Array.from(rows), columns: values }]
  const limits = { rows: groupRows, bytes: 2 ** 30 }
  const { sha256 } = await writePartFile({ path, columns, blocks, limits })
  return { path, sha256 }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

async function read(path: string) {
  const bytes = readFileSync(path)
  const file = new Uint8Array(bytes).buffer
  return {
    metadata: parquetMetadata(file),
    rows: await parquetReadObjects({ file, compressors: decompressors }),
  }
}

test('parts are joined without the row number and the dropped columns', async () => {
  const parts = [await writePart('a', range(0, 5000)), await writePart('b', range(8192, 8200))]
  const path = join(folder, 'joined.parquet')
  const written = await joinFile({ path, columns, parts, clipLastAt: null })
  const { metadata, rows } = await read(path)
  expect(rows).toStrictEqual([...range(0, 5000), ...range(8192, 8200)].map(record))
  expect(written).toMatchObject({ rows: 5008, bytes: readFileSync(path).length })
  expect(metadata.created_by).toBe('rowsmith')
  expect(metadata.schema.map(({ name }) => name)).toStrictEqual(['root', 'text', 'count', 'score'])
  expect(metadata.row_groups.map(({ num_rows }) => num_rows)).toStrictEqual([4096n, 904n, 8n])
  for (const chunk of metadata.row_groups.flatMap((group) => group.columns)) {
    expect(chunk.offset_index_offset).toBeUndefined()
    expect(chunk.column_index_offset).toBeUndefined()
    expect(chunk.meta_data?.statistics?.null_count).toBe(0n)
  }
})

test.each([14, 15, 200])('%i row groups are all found again', async (count) => {
  const numbers = range(0, count)
  const parts = [await writePart(`many-${count}`, numbers, 1)]
  const path = join(folder, `many-${count}.parquet`)
  expect(await joinFile({ path, columns, parts, clipLastAt: null })).toMatchObject({ rows: count })
  const { metadata, rows } = await read(path)
  expect(rows).toStrictEqual(numbers.map(record))
  expect(metadata.num_rows).toBe(BigInt(count))
  expect(metadata.row_groups.map(({ num_rows }) => num_rows)).toStrictEqual(numbers.map(() => 1n))
  expect(metadata.created_by).toBe('rowsmith')
})

test('the last part is cut at the target, as if the rows beyond had never been there', async () => {
  const first = await writePart('c', range(0, 10))
  const parts = [first, await writePart('d', range(4096, 4200))]
  const shorter = [first, await writePart('e', range(4096, 4150))]
  const cut = join(folder, 'cut.parquet')
  const whole = join(folder, 'whole.parquet')
  const written = await joinFile({ path: cut, columns, parts, clipLastAt: 4150 })
  expect(written).toStrictEqual(
    await joinFile({ path: whole, columns, parts: shorter, clipLastAt: null }),
  )
  expect(written.rows).toBe(64)
  expect(readdirSync(folder)).not.toContain('cut.parquet.clipped')
})

test('no part at all gives a valid file with the columns', async () => {
  const path = join(folder, 'empty.parquet')
  await joinFile({ path, columns, parts: [], clipLastAt: null })
  const { metadata, rows } = await read(path)
  expect(rows).toStrictEqual([])
  expect(metadata.num_rows).toBe(0n)
  expect(metadata.schema.slice(1).map(({ name, type }) => [name, type])).toStrictEqual([
    ['text', 'BYTE_ARRAY'],
    ['count', 'INT64'],
    ['score', 'DOUBLE'],
  ])
})

test('a part that is damaged leaves no joined file', async () => {
  const path = join(folder, 'failed.parquet')
  const none = { path: join(folder, 'none'), sha256: '' }
  const missing = joinFile({ path, columns, parts: [none], clipLastAt: null })
  await expect(missing).rejects.toThrow(/is missing/)
  const whole = await writePart('whole', range(0, 10))
  const damaged = await writePart('damaged', range(10, 20))
  const bytes = readFileSync(damaged.path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(damaged.path, bytes)
  const joining = joinFile({ path, columns, parts: [whole, damaged], clipLastAt: null })
  await expect(joining).rejects.toMatchObject({
    code: 'file-damaged',
    message: `${damaged.path} is damaged: its bytes are not those of this part`,
  })
  expect(readdirSync(folder)).not.toContain('failed.parquet')
})
