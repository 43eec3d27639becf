import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Value } from '../util/value.ts'
import { Double } from '../util/value.ts'
import { inspectSeed } from './inspect.ts'
import { normaliseSeed } from './normalise.ts'
import { createSeedOrder, type SeedOrder } from './order.ts'
import { createScratch, localSeed, type Scratch } from './scratch.ts'
import { openSeed, readSeedDescription, type StoredSeed } from './stored.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

const signal = new AbortController().signal
let folders = 0

async function store(name: string, content: string): Promise<string> {
  const directory = join(scratch.folder, `seed-${folders++}`)
  await using seed = await scratch.open(name, content)
  await normaliseSeed(seed, directory, { signal })
  return directory
}

function ordered(size: number): SeedOrder {
  return createSeedOrder('ordered', { start: 0, size }, 0n)
}

function csvOf(size: number): string {
  return ['n,text', ...Array.from({ length: size }, (_, row) => `${row},row ${row}`)].join('\n')
}

async function numbers(seed: StoredSeed, start: number, end: number): Promise<Value[]> {
  using window = await seed.window([{ start, end }], signal)
  return Array.from({ length: end - start }, (_, at) => window.value(start + at, 'n'))
}

test('values come back as they were read, with types and identity', async () => {
  const rows = [
    '{"n": 1, "d": 1.0, "j": {"10": 1, "2": [3.0]}, "t": "a\\nb"}',
    '{"n": 9007199254740993}',
  ]
  const directory = await store('a.jsonl', rows.join('\n'))
  await using seed = await openSeed(directory, ordered(2))
  expect(seed.columns).toEqual([
    { name: 'n', type: 'int64' },
    { name: 'd', type: 'float64' },
    { name: 'j', type: 'json' },
    { name: 't', type: 'string' },
  ])
  using window = await seed.window([{ start: 0, end: 2 }], signal)
  const read = [0, 1].map((row) => seed.columns.map(({ name }) => window.value(row, name)))
  const object = new Map<string, Value>([
    ['10', 1],
    ['2', [new Double(3)]],
  ])
  expect(read).toEqual([
    [1, new Double(1), object, 'a\nb'],
    [9007199254740993n, null, null, null],
  ])
  expect((await readdir(directory)).toSorted()).toEqual(['rows.bin', 'rows.idx', 'seed.json'])
  expect((await readFile(join(directory, 'rows.idx'))).length).toBe(3 * 8)
})

test('a run goes on through the end of the selection', async () => {
  const directory = await store('b.csv', csvOf(10))
  await using seed = await openSeed(directory, ordered(10))
  expect(await numbers(seed, 0, 13)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
  expect(await numbers(seed, 2 ** 53 - 3, 2 ** 53 - 1)).toEqual([
    Number((2n ** 53n - 3n) % 10n),
    Number((2n ** 53n - 2n) % 10n),
  ])
})

test('any windows give the rows of the order, whatever they share', async () => {
  const size = 3000
  const directory = await store('c.csv', csvOf(size))
  const order = createSeedOrder('shuffle', { start: 10, size: size - 20 }, 5n)
  await using seed = await openSeed(directory, order)
  const interval = fc
    .tuple(fc.nat(20_000), fc.nat(300))
    .map(([start, length]) => ({ start, end: start + length }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(interval, { maxLength: 3 }), { maxLength: 3 }),
      async (wanted) => {
        const windows = await Promise.all(wanted.map((rows) => seed.window(rows, signal)))
        // Released one by one, the others stay whole.
        for (const [at, window] of windows.entries()) {
          for (const { start, end } of wanted[at] ?? []) {
            for (let row = start; row < end; row++) {
              expect(window.value(row, 'n')).toBe(order(row))
              expect(seed.value(row, 'text')).toBe(`row ${order(row)}`)
            }
          }
          window.release()
          window.release()
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('a row that was not read ahead is a mistake, not a null', async () => {
  const directory = await store('d.csv', csvOf(10))
  await using seed = await openSeed(directory, ordered(10))
  const window = await seed.window([{ start: 0, end: 2 }], signal)
  expect(seed.value(1, 'n')).toBe(1)
  expect(() => seed.value(2, 'n')).toThrow('seed row for row 2 was not read ahead')
  expect(() => seed.value(1, 'x')).toThrow('the seed has no column "x"')
  window.release()
  expect(() => seed.value(1, 'n')).toThrow('seed row for row 1 was not read ahead')
})

test('an aborted window rejects and leaves nothing behind', async () => {
  const directory = await store('e.csv', csvOf(10))
  await using seed = await openSeed(directory, ordered(10))
  const reason = new Error('enough')
  await expect(seed.window([{ start: 0, end: 5 }], AbortSignal.abort(reason))).rejects.toBe(reason)
  expect(() => seed.value(0, 'n')).toThrow('not read ahead')
})

test('an attempt that was cut off is written again', async () => {
  const directory = join(scratch.folder, 'cut-off')
  await mkdir(directory)
  await writeFile(join(directory, 'rows.bin.tmp'), 'half a ro')
  await writeFile(join(directory, 'rows.idx'), 'x')
  await expect(openSeed(directory, ordered(1))).rejects.toMatchObject({ code: 'storage-failed' })
  await using seed = await scratch.open('f.csv', csvOf(3))
  await normaliseSeed(seed, directory, { signal })
  await using stored = await openSeed(directory, ordered(3))
  expect(await numbers(stored, 0, 3)).toEqual([0, 1, 2])
})

test('a file that changes while it is read is refused', async () => {
  const path = await scratch.write('g.csv', csvOf(3))
  const { inspected } = await inspectSeed(localSeed('g.csv'), scratch.context)
  if (inspected === null) throw new Error('the seed was refused')
  await using seed = inspected.seed
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
  await expect(openSeed(directory, ordered(1))).rejects.toMatchObject({ code: 'format-newer' })
})

test('a folder that cannot be written is said with its path', async () => {
  const directory = await scratch.write('a-file', '')
  await using seed = await scratch.open('i.csv', csvOf(1))
  await expect(normaliseSeed(seed, directory, { signal })).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining(`the seed cannot be copied into ${directory}`),
  })
})

test('a seed whose rows turn out to be unreadable is refused as such', async () => {
  const bytes = parquetWriteBuffer({
    columnData: [{ name: 'image', data: [Uint8Array.of(0xff, 0xd8)], type: 'BYTE_ARRAY' }],
  })
  await using seed = await scratch.open('j.parquet', new Uint8Array(bytes))
  const directory = join(scratch.folder, 'unreadable')
  await expect(normaliseSeed(seed, directory, { signal })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining("column 'image', row 0"),
  })
})
