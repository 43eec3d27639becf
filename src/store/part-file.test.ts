import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FileColumn } from './parquet-codec.ts'
import { mergeBlocks, readPartFile, sliceBlock, writePartFile } from './part-file.ts'
import type { RowBlock } from './row-group.ts'
import { rowGroupLimits } from './row-group.ts'
import { timestampForm } from '../graph/column-type.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { dateText, timestampText } from '../util/timestamp.ts'

let folder = ''
let files = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowsmith-part-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const columns: FileColumn[] = [
  { name: 'text', type: 'string' },
  { name: 'whole.number', type: 'int64' },
  { name: '__proto__', type: 'float64' },
  { name: 'constructor', type: 'bool' },
  { name: '列 "quoted"', type: 'json' },
  { name: 'vector.of', type: 'vector' },
  { name: 'day', type: 'date' },
  { name: 'moment', type: 'timestamp' },
  { name: 'moment in UTC', type: 'timestamp_ns_utc' },
]

const wellFormed = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())
const rowValues: fc.Arbitrary<StoredValue[]> = fc.tuple(
  fc.option(fc.oneof(wellFormed, fc.constantFrom('', '\uFEFFbom', 'same', 'a\0b'))),
  fc.option(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(9007199254740993n))),
  fc.option(fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 3))),
  fc.option(fc.boolean()),
  fc.option(fc.json()),
  fc.option(fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true })),
  fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 }).map(dateText)),
  fc.option(
    fc
      .bigInt({ min: -(2n ** 60n), max: 2n ** 60n })
      .map((count) => timestampText(count, timestampForm('timestamp'))),
  ),
  fc.option(
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((count) => timestampText(count, timestampForm('timestamp_ns_utc'))),
  ),
)

/** Rows with gaps, and values that repeat, so dictionaries are used. */
const blocks: fc.Arbitrary<RowBlock> = fc
  .uniqueArray(fc.nat(200), { minLength: 1, maxLength: 60 })
  .chain((places) => {
    const rows = Float64Array.from(places).sort()
    return fc
      .array(rowValues, { minLength: 1, maxLength: 6 })
      .chain((pool) =>
        fc.array(fc.nat(pool.length - 1), lengthOf(rows)).map((picks) => ({ pool, picks })),
      )
      .map(({ pool, picks }) => ({
        rows,
        columns: columns.map((_, id) => picks.map((index) => pool[index]?.[id] ?? null)),
      }))
  })

function lengthOf({ length }: Float64Array) {
  return { minLength: length, maxLength: length }
}

function nextPath(): string {
  files += 1
  return join(folder, `${files}.parquet`)
}

async function readAll(path: string): Promise<{ rows: number[]; values: StoredValue[][] }> {
  const rows: number[] = []
  const values: StoredValue[][] = columns.map(() => [])
  for await (const block of readPartFile(path, columns)) {
    rows.push(...block.rows)
    for (const [id, column] of block.columns.entries()) values[id]?.push(...column)
  }
  return { rows, values }
}

test('every value of every type is read back as it was written', async () => {
  const check = fc.asyncProperty(blocks, async (block) => {
    const path = nextPath()
    await writePartFile({ path, columns, blocks: [block] })
    const { rows, values } = await readAll(path)
    expect(rows).toStrictEqual([...block.rows])
    expect(values).toStrictEqual(block.columns.map((column) => [...column]))
  })
  await fc.assert(check, { numRuns: 60 })
})

/** Cuts a block anywhere. */
async function* pieces(block: RowBlock, sizes: Iterator<number>): AsyncGenerator<RowBlock> {
  for (let from = 0; from < block.rows.length;) {
    const to = from + Number(sizes.next().value)
    yield sliceBlock(block, from, to)
    from = to
  }
}

/** So small that a few rows fill a row group, by their number or by their bytes. */
const limits = { rows: 16, bytes: 600 }

test('a part has the same bytes made in one go or in two, from blocks of any size', async () => {
  const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 9 }))
  const coins = fc.infiniteStream(fc.boolean())
  const check = fc.asyncProperty(blocks, coins, sizes, async (block, coin, cut) => {
    const early = [...block.rows].map(() => coin.next().value)
    if (!early.includes(true)) return
    const [first, second, whole] = [nextPath(), nextPath(), nextPath()]
    const begun = pieces(pick(block, early, true), cut)
    await writePartFile({ path: first, columns, limits, blocks: begun })
    const old = readPartFile(first, columns)
    const merged = mergeBlocks(old, pieces(pick(block, early, false), cut))
    await writePartFile({ path: second, columns, limits, blocks: merged })
    const written = await writePartFile({ path: whole, columns, limits, blocks: [block] })
    expect(readFileSync(second).equals(readFileSync(whole))).toBe(true)
    expect(written.bytes).toBe(readFileSync(whole).length)
  })
  await fc.assert(check, { numRuns: 60 })
})

test('a row group ends with the row that fills it, by rows or by bytes', async () => {
  const column: FileColumn[] = [{ name: 'text', type: 'string' }]
  async function groupsOf(text: string, count: number): Promise<number[]> {
    const path = nextPath()
    const rows = Float64Array.from({ length: count }, (_, row) => row)
    const block = { rows, columns: [[...rows].map((row) => `${row}${text}`)] }
    await writePartFile({ path, columns: column, blocks: [block] })
    const sizes: number[] = []
    for await (const group of readPartFile(path, column)) sizes.push(group.rows.length)
    return sizes
  }
  expect(await groupsOf('', 40_000)).toEqual([rowGroupLimits.rows, 40_000 - rowGroupLimits.rows])
  const text = 'x'.repeat(2_000_000)
  const perGroup = Math.ceil(rowGroupLimits.bytes / (2 * text.length))
  expect(await groupsOf(text, 20)).toEqual([perGroup, perGroup, 20 - 2 * perGroup])
})

test('least and greatest values are in the footer whatever their length', async () => {
  const path = nextPath()
  const column: FileColumn[] = [{ name: 'text', type: 'string' }]
  const values = ['b'.repeat(100_000), `a${'🦊'.repeat(1_000)}`, `ü${'z'.repeat(500)}`]
  const block = { rows: Float64Array.of(0, 1, 2), columns: [values] }
  await writePartFile({ path, columns: column, blocks: [block] })
  const metadata = parquetMetadata(new Uint8Array(readFileSync(path)).buffer)
  const statistics = metadata.row_groups[0]?.columns[2]?.meta_data?.statistics
  expect(String(statistics?.min_value)).toBe('a🦊🦊🦊')
  expect(String(statistics?.max_value) > 'üzz').toBe(true)
  expect(String(statistics?.max_value).length).toBeLessThan(17)
  expect([statistics?.is_min_value_exact, statistics?.is_max_value_exact]).toEqual([false, false])
})

test('int64 as numbers or bigints gives the same bytes', async () => {
  const [one, other] = [nextPath(), nextPath()]
  const column: FileColumn[] = [{ name: 'n', type: 'int64' }]
  const rows = Float64Array.of(0, 1)
  const written = [
    await writePartFile({ path: one, columns: column, blocks: [{ rows, columns: [[1, 2]] }] }),
    await writePartFile({ path: other, columns: column, blocks: [{ rows, columns: [[1n, 2n]] }] }),
  ]
  expect(written[0]).toStrictEqual(written[1])
})

test('a failed write leaves no file', async () => {
  const path = nextPath()
  const rows = Float64Array.of(0)
  const bad = writePartFile({
    path,
    columns: columns.slice(0, 1),
    blocks: [{ rows, columns: [[7]] }],
  })
  await expect(bad).rejects.toThrow(/expected values of type BYTE_ARRAY, got one of type number/)
  expect(() => readFileSync(path)).toThrow(/ENOENT/)
})

test('a row in the old and the new part is refused', async () => {
  const block = { rows: Float64Array.of(5), columns: [['a']] }
  async function* old() {
    yield block
  }
  const merged = mergeBlocks(old(), old())
  await expect(merged.next()).rejects.toThrow(/row 5 is in the part already/)
})

function pick(
  { rows, columns: values }: RowBlock,
  flags: readonly boolean[],
  flag: boolean,
): RowBlock {
  return {
    rows: rows.filter((_, index) => flags[index] === flag),
    columns: values.map((column) => column.filter((_, index) => flags[index] === flag)),
  }
}
