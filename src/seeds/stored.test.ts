import { mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Value } from '../util/value.ts'
import { Double } from '../util/value.ts'
import { inspectSeed } from './inspect-seed.ts'
import { normaliseSeed } from './normalise.ts'
import { createSeedOrder, type SeedOrder } from './seed-order.ts'
import { createScratch, localSeed, sources, type Scratch } from './scratch.ts'
import { readSeedDescription } from './stored.ts'
import { openStoredRows, unpackRow, type StoredRows } from './stored-seed-rows.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

const signal = new AbortController().signal
let folders = 0

async function store(name: string, content: string): Promise<string> {
  const directory = join(scratch.folder, `seed-${folders++}`)
  const seed = await scratch.open(name, content)
  await normaliseSeed(seed, directory, { signal })
  return directory
}

function ordered(size: number): SeedOrder {
  return createSeedOrder('ordered', { start: 0, size }, 0n)
}

function csvOf(size: number): string {
  return ['n,text', ...Array.from({ length: size }, (_, row) => `${row},row ${row}`)].join('\n')
}

/** Column `n`, the first, of run rows. */
function numbers(rows: StoredRows, start: number, end: number): Value[] {
  const packed = rows.read(start, end)
  return Array.from({ length: end - start }, (_, at) => unpackRow(packed, at)[0] ?? null)
}

test('values come back as they were read, with types and identity', async () => {
  const rows = [
    '{"n": 1, "d": 1.0, "j": {"10": 1, "2": [3.0]}, "t": "a\\nb"}',
    '{"n": 9007199254740993}',
  ]
  const directory = await store('a.jsonl', rows.join('\n'))
  using stored = openStoredRows(directory, ordered(2))
  expect((await readSeedDescription(directory)).columns).toEqual([
    { name: 'n', type: 'int64' },
    { name: 'd', type: 'float64' },
    { name: 'j', type: 'json' },
    { name: 't', type: 'string' },
  ])
  const packed = stored.read(0, 2)
  const read = [0, 1].map((at) => unpackRow(packed, at))
  const object = new Map<string, Value>([
    ['10', 1],
    ['2', [new Double(3)]],
  ])
  expect(read).toEqual([
    [1, new Double(1), object, 'a\nb'],
    [9007199254740993n, null, null, null],
  ])
  expect((await readdir(directory)).toSorted()).toEqual(['rows.bin', 'rows.idx', 'seed.json'])
  expect((await readFile(join(directory, 'rows.idx'))).length).toBe(3 * 12)
})

test('a run continues through the end of the selection', async () => {
  const directory = await store('b.csv', csvOf(10))
  using stored = openStoredRows(directory, ordered(10))
  expect(numbers(stored, 0, 13)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
  expect(numbers(stored, 2 ** 53 - 3, 2 ** 53 - 1)).toEqual([
    Number((2n ** 53n - 3n) % 10n),
    Number((2n ** 53n - 2n) % 10n),
  ])
})

test('any run rows give the rows of the order, near and far, once or repeated', async () => {
  const size = 6000
  const directory = await store('c.csv', csvOf(size))
  for (const strategy of ['ordered', 'shuffle'] as const) {
    const order = createSeedOrder(strategy, { start: 10, size: size - 20 }, 5n)
    using stored = openStoredRows(directory, order)
    const interval = fc.tuple(fc.nat(40_000), fc.nat(7_000))
    fc.assert(
      fc.property(interval, ([start, length]) => {
        const rows = Array.from({ length }, (_, at) => start + at)
        expect(numbers(stored, start, start + length)).toEqual(rows.map(order))
      }),
      { numRuns: 30 },
    )
  }
})

test('an attempt that was cut off is written again', async () => {
  const directory = join(scratch.folder, 'cut-off')
  await mkdir(directory)
  await writeFile(join(directory, 'rows.bin.tmp'), 'half a ro')
  await writeFile(join(directory, 'rows.idx'), 'x')
  await expect(readSeedDescription(directory)).rejects.toMatchObject({ code: 'storage-failed' })
  const seed = await scratch.open('f.csv', csvOf(3))
  await normaliseSeed(seed, directory, { signal })
  using stored = openStoredRows(directory, ordered(3))
  expect(numbers(stored, 0, 3)).toEqual([0, 1, 2])
})

test('a file that changes while it is read is refused', async () => {
  const path = await scratch.write('g.csv', csvOf(3))
  const { inspected } = await inspectSeed(localSeed('g.csv'), scratch.context, sources)
  if (inspected === null) throw new Error('the seed was refused')
  const { seed } = inspected
  await writeFile(path, csvOf(4))
  const directory = join(scratch.folder, 'changed')
  await expect(normaliseSeed(seed, directory, { signal })).rejects.toMatchObject({
    code: 'seed-changed',
  })
  await expect(readSeedDescription(directory)).rejects.toMatchObject({ code: 'storage-failed' })
})

test('a folder of a newer version is refused', async () => {
  const directory = await store('h.csv', csvOf(1))
  await writeFile(join(directory, 'seed.json'), '{"version": 99}')
  await expect(readSeedDescription(directory)).rejects.toMatchObject({ code: 'format-newer' })
})

test('a folder that cannot be written is said with its path', async () => {
  const directory = await scratch.write('a-file', '')
  const seed = await scratch.open('i.csv', csvOf(1))
  await expect(normaliseSeed(seed, directory, { signal })).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining(`copying the seed into ${directory}`),
  })
})

test('a seed whose rows turn out to be unreadable is refused as such', async () => {
  const bytes = parquetWriteBuffer({
    columnData: [{ name: 'image', data: [Uint8Array.of(0xff, 0xd8)] }],
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
  })
  const seed = await scratch.open('j.parquet', new Uint8Array(bytes))
  const directory = join(scratch.folder, 'unreadable')
  await expect(normaliseSeed(seed, directory, { signal })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining("column 'image', row 0"),
  })
})

test('stored rows that are missing or cut off are said with their folder', async () => {
  const directory = await store('k.csv', csvOf(100))
  await truncate(join(directory, 'rows.bin'), 50)
  using stored = openStoredRows(directory, ordered(100))
  expect(() => stored.read(50, 60)).toThrow(
    expect.objectContaining({
      code: 'file-damaged',
      message: `the stored seed in ${directory} cannot be read: row 50 is damaged in rows.bin or rows.idx`,
      hints: ['Delete the seed folder of the run; it is made again from the seed file.'],
    }),
  )
  await truncate(join(directory, 'rows.idx'), 8)
  expect(() => stored.read(50, 60)).toThrow('rows.idx ends at byte 600, before 132 more')
  await rm(join(directory, 'rows.idx'))
  expect(() => openStoredRows(directory, ordered(100))).toThrow(
    `the stored seed in ${directory} cannot be read: ENOENT`,
  )
})
