import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messageOf } from '../util/errors.ts'
import { allRows, createScratch, type Scratch } from './scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function read(name: string, content: string | Uint8Array) {
  const seed = await scratch.open(name, content)
  return { ...seed, rows: await allRows(seed) }
}

/** Fast: what is made here is not kept. */
function brotli(content: string): Buffer {
  return brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })
}

const codecs = [
  ['.gz', 'gzip', gzipSync],
  ['.zst', 'zstd', zstdCompressSync],
  ['.br', 'brotli', brotli],
] as const

const csv = 'a,b\n1,x\n2,y\n'
/** Some hundred kilobytes that compress badly, so that they come in several chunks. */
const long = `a\n${Array.from({ length: 4_000 }, () => `${randomBytes(90).toString('base64')}\n`).join('')}`

describe.each(codecs)('%s', (ending, name, compress) => {
  test.each([
    ['csv', csv],
    ['tsv', 'a\tb\n1\tx\n2\ty\n'],
    ['json', '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]'],
    ['jsonl', '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'],
    ['ndjson', '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'],
  ])(`a compressed .%s is the seed it is without`, async (format, content) => {
    const plain = await read(`same.${format}`, content)
    const packed = await read(`same.${format}${ending}`, compress(content))
    expect(packed.rows).toEqual([
      [1, 'x'],
      [2, 'y'],
    ])
    expect(packed.identity).toBe(plain.identity)
    expect(packed.columns).toEqual(plain.columns)
  })

  test('a long one is read to its end', async () => {
    const { rows, identity } = await read(`long.csv${ending}`, compress(long))
    expect(rows).toEqual(
      long
        .split('\n')
        .slice(1, -1)
        .map((line) => [line]),
    )
    expect(identity).toBe((await read('long.csv', long)).identity)
  })

  test('one that is cut off is refused', async () => {
    const whole = compress(long)
    for (const length of [whole.length - 1, whole.length >> 1, 12]) {
      await expect(read(`cut.csv${ending}`, whole.subarray(0, length))).rejects.toThrow(
        `the file ends in the middle of its ${name} data, after ${length} bytes`,
      )
    }
  })

  test('what follows its end is refused with the place', async () => {
    for (const content of [csv, long]) {
      const whole = compress(content)
      const more = Buffer.concat([whole, Buffer.from('and something else')])
      const refusal = await read(`more.csv${ending}`, more).then(() => 'it was read', messageOf)
      const [, about = whole.length, of] =
        /data ends (?:at about byte (\d+)|before the end) of (\d+) bytes, and something else follows/.exec(
          refusal,
        ) ?? []
      expect(Number(of), refusal).toBe(more.length)
      // Gunzip tells of it a chunk early.
      expect(Number(about)).toBeGreaterThan(whole.length - 2 ** 18)
      expect(Number(about)).toBeLessThanOrEqual(whole.length)
    }
  })
})

test.each(codecs.slice(0, 2))(
  'members of %s one after the other are one file',
  async (ending, _name, compress) => {
    const first = compress(long)
    // In one chunk, and on the border of two: the decoder forgets what follows in the same one.
    const second = compress('one more\n')
    const { rows } = await read(`members.csv${ending}`, Buffer.concat([first, second, second]))
    expect(rows.slice(-3)).toEqual([[long.split('\n').at(-2)], ['one more'], ['one more']])
    const small = Buffer.concat([compress('a\n1\n'), compress('2\n'), compress('3\n')])
    expect((await read(`small.csv${ending}`, small)).rows).toEqual([[1], [2], [3]])
  },
)

test('zeros behind gzip are what tapes and pads leave', async () => {
  const padded = Buffer.concat([gzipSync(csv), Buffer.alloc(512)])
  expect((await read('padded.csv.gz', padded)).size).toBe(2)
  const more = Buffer.concat([padded, gzipSync(csv)])
  await expect(read('padded.csv.gz', more)).rejects.toThrow('and something else follows')
})

test('the first bytes count where they tell', async () => {
  expect((await read('really.csv', gzipSync(csv))).size).toBe(2)
  expect((await read('other.csv.gz', zstdCompressSync(csv))).size).toBe(2)
})

test.each([
  ['plain.csv.gz', csv, 'the file is not compressed as gzip: it begins with the bytes 61 2c 62'],
  ['plain.csv.zst', csv, 'the file is not compressed as zstd: it begins with the bytes 61 2c 62'],
  ['plain.csv.br', csv, 'the brotli data is damaged at about byte 0 of 12'],
  ['empty.csv.gz', '', 'the file is empty'],
  [
    'book.csv',
    'PK\u0003\u0004\u0014',
    'the file is compressed as a zip archive, which is not read',
  ],
  ['a.csv.bz2', 'x', 'the file is compressed as bzip2, which is not read'],
  ['a.jsonl.xz', 'x', 'the file is compressed as xz, which is not read'],
  ['a.parquet.gz', 'x', 'is parquet, compressed as a whole'],
  ['a.gz', 'x', 'has .gz behind no ending of a format'],
  ['a.txt.gz', 'x', 'has .gz behind the ending .txt'],
])('%s of %j is refused', async (name, content, message) => {
  await expect(read(name, content)).rejects.toThrow(message)
})

test('damage is reported with its place', async () => {
  const bytes = gzipSync(long)
  const middle = bytes.length >> 1
  bytes.fill(0, middle, middle + 64)
  await expect(read('damaged.csv.gz', bytes)).rejects.toThrow(
    /the gzip data is damaged at about byte \d+ of \d+: in/,
  )
})

test('reading that ends early leaves nothing open and fails nothing', async () => {
  const seed = await scratch.open('early.csv.gz', gzipSync(long))
  const controller = new AbortController()
  for await (const batch of seed.rows({ signal: controller.signal })) {
    expect(batch.length).toBeGreaterThan(0)
    break
  }
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(Array.fromAsync(seed.rows({ signal: controller.signal }))).rejects.toBe(reason)
})
