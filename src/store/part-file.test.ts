import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FileColumn } from './parquet.ts'
import {
  mergeBlocks,
  readPartFile,
  splitBlocks,
  writePartFile,
  type RowBlock,
} from './part-file.ts'
import type { StoredValue } from './stored-value.ts'

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
]

const wellFormed = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())
const rowValues: fc.Arbitrary<StoredValue[]> = fc.tuple(
  fc.option(fc.oneof(wellFormed, fc.constantFrom('', '\uFEFFbom', 'same', 'a\0b'))),
  fc.option(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(9007199254740993n))),
  fc.option(fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 3))),
  fc.option(fc.boolean()),
  fc.option(fc.json()),
)

/** Rows in a few cells of the row group grid, with values that repeat, so dictionaries are used. */
const blocks: fc.Arbitrary<RowBlock> = fc
  .uniqueArray(fc.tuple(fc.nat(3), fc.nat(40)), { selector: String, minLength: 1, maxLength: 60 })
  .chain((places) => {
    const rows = Float64Array.from(places, ([cell, offset]) => cell * 4096 + offset).sort()
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
    await writePartFile({ path, columns, blocks: splitBlocks(block) })
    const { rows, values } = await readAll(path)
    expect(rows).toStrictEqual([...block.rows])
    expect(values).toStrictEqual(block.columns.map((column) => [...column]))
  })
  await fc.assert(check, { numRuns: 60 })
})

test('a part made in two goes has the bytes of one made at once', async () => {
  const check = fc.asyncProperty(blocks, fc.infiniteStream(fc.boolean()), async (block, coin) => {
    const early = [...block.rows].map(() => coin.next().value === true)
    if (!early.includes(true)) return
    const [first, second, whole] = [nextPath(), nextPath(), nextPath()]
    await writePartFile({ path: first, columns, blocks: splitBlocks(pick(block, early, true)) })
    const old = readPartFile(first, columns)
    const merged = mergeBlocks(old, splitBlocks(pick(block, early, false)))
    await writePartFile({ path: second, columns, blocks: merged })
    const written = await writePartFile({ path: whole, columns, blocks: splitBlocks(block) })
    expect(readFileSync(second).equals(readFileSync(whole))).toBe(true)
    expect(written.bytes).toBe(readFileSync(whole).length)
  })
  await fc.assert(check, { numRuns: 60 })
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
  await expect(bad).rejects.toThrow(/expected Uint8Array/)
  expect(() => readFileSync(path)).toThrow(/ENOENT/)
})

test('a row in the old and the new part is refused', async () => {
  const block = { rows: Float64Array.of(5), columns: [['a']] }
  async function* old() {
    yield block
  }
  const merged = mergeBlocks(old(), [block])
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
