import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { allRows, createScratch, local, type Scratch } from '../scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
  await cp(fileURLToPath(new URL('fixtures/types/', import.meta.url)), scratch.folder, {
    recursive: true,
  })
})
afterAll(() => scratch[Symbol.asyncDispose]())

/** Each column with its type and its values. */
async function read(path: string) {
  const seed = await local.open({ seed_type: 'local', path }, scratch.context)
  const rows = await allRows(seed)
  expect(rows.length).toBe(seed.size)
  const columns = Object.fromEntries(
    seed.columns.map(({ name, type }, at) => [name, [type, ...rows.map((row) => row[at])]]),
  )
  return { columns, notes: seed.notes }
}

test('decimals keep all digits: numbers where a type holds them, otherwise text', async () => {
  const { columns, notes } = await read('decimals.parquet')
  expect(columns).toEqual({
    id: ['string', '9007199254740993', '12345678901234567890', '7'],
    short: ['int64', 9007199254740993n, -(2n ** 63n), null],
    amount: ['string', '12.50', '0.10', '1234567890123456.78'],
    price: ['float64', 12.5, -0.05, null],
    wide: ['string', '1'.repeat(70), '-1', null],
    list: ['json', [9007199254740993n], [null, -1], null],
    struct: ['json', new Map([['a', '1.50']]), new Map([['a', '1234567890123456.78']]), null],
  })
  expect(notes.map(({ message }) => message)).toEqual([
    "The seed column 'id' is read as text: it is DECIMAL(38, 0), and some of its numbers need more than 64 bits",
    "The seed column 'amount' is read as text: it is DECIMAL(18, 2), and some of its numbers need more than 15 digits",
    "The seed column 'wide' is read as text: it is DECIMAL(76, 0), and some of its numbers need more than 64 bits",
  ])
})

test('decimals stored as integers, and without statistics', async () => {
  expect((await read('decimals-as-integers.parquet')).columns).toEqual({
    int32: ['float64', 0.35, new Double(-12), null],
    int64: ['string', '1234567890123456.78', '-0.01', null],
    whole: ['int64', 123456789012345678n, -1, null],
    flba: ['int64', 9007199254740993n, -1, null],
    long: ['string', '99999999999999999999', '-1', null],
  })
})

test('decimals that are numbers in one file and need text in another are text in both', async () => {
  expect((await read('ids-*.parquet')).columns).toEqual({
    id: ['string', '1', '9007199254740993', '12345678901234567890', null],
    amount: ['string', '0.50', null, '1234567890123456.78', '-1.00'],
  })
})

test.each([
  ['labels-{1,2}.parquet', [null, null, 'cat', 'dog']],
  ['labels-{2,3}.parquet', ['cat', 'dog', null, null]],
  ['labels-{1,2,3,4}.parquet', [null, null, 'cat', 'dog', null, null]],
  ['labels-1.parquet', [null, null]],
])('a column without values in a file says nothing of the type: %s', async (pattern, labels) => {
  expect((await read(pattern)).columns['label']).toEqual(['string', ...labels])
})

test('whole numbers that a double would change stay whole in addition to doubles of another file', async () => {
  expect((await read('numbers-*.parquet')).columns).toEqual({
    n: ['json', 9007199254740993n, 1, 0.5, null],
    // As in CSV files, numbers among texts are texts.
    code: ['string', '7', '8', 'x', null],
    flag: ['bool', true, null, null, null],
  })
  expect((await read('gaps-*.parquet')).columns).toEqual({
    n: ['float64', new Double(1), new Double(2), new Double(1), null],
  })
})

test('a column may have any name', async () => {
  const seed = await local.open({ seed_type: 'local', path: 'proto.parquet' }, scratch.context)
  expect(seed.columns.map(({ name }) => name)).toEqual(['__proto__', 'a'])
  expect(await allRows(seed)).toEqual([
    ['x', 1],
    ['y', 2],
  ])
  await expect(read('proto-field.parquet')).rejects.toThrow(
    "column 's' has a field called '__proto__', which can't be read",
  )
})

test('columns of bytes that are not text are omitted, and reported', async () => {
  const { columns, notes } = await read('images.parquet')
  expect(columns).toEqual({ id: ['int64', 1, 2], label: ['string', 'cat', 'dög'] })
  expect(notes.map(({ code, message }) => [code, message])).toEqual(
    ['image', 'raw', 'hash', 'frames'].map((name) => [
      'binary-column',
      `The seed column '${name}' is left out: it has bytes that are not text`,
    ]),
  )
})

test('a column of bytes in one of several files is omitted from all', async () => {
  const { columns } = await read('images*.parquet')
  expect(Object.keys(columns)).toEqual(['id', 'label'])
})

test('a column without a name is refused with its place', async () => {
  await expect(read('unnamed.parquet')).rejects.toThrow(
    'the file has 2 columns, and number 1 has no name',
  )
})

test('dates that two files count differently are texts', async () => {
  expect((await read('moments-*.parquet')).columns).toEqual({
    moment: ['string', '1970-01-01T00:00:00', '1970-01-01T00:00:00.000000001'],
    day: ['string', '1970-01-01', '2001-09-09T01:46:40'],
    same: ['timestamp', '1970-01-01T00:00:00.000001', '1970-01-01T00:00:00.000002'],
  })
})

test('variants keep all digits and the texts of their dates, however they are stored', async () => {
  const whole = new Map<string, unknown>([
    ['d', 12.5],
    ['big', '1234567890123456.78'],
    ['huge', '12345678901234567890123.4'],
    ['day', '2024-12-30'],
    ['moment', '2024-12-30T01:02:03.123456'],
    ['utc', '2024-12-30T01:02:03Z'],
    ['clock', '01:02:03.500'],
    ['double', new Double(3)],
    ['long', 9007199254740993n],
    ['list', [1.5, null]],
    ['text', 'ü'],
    ['yes', true],
    ['deep', new Map([['er', -7]])],
    ['id', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ])
  expect((await read('variant-bytes.parquet')).columns).toEqual({
    v: ['json', whole, 'text', 'more', null],
  })
  expect((await read('variant-typed.parquet')).columns).toEqual({
    v: [
      'json',
      whole,
      whole,
      new Map<string, unknown>([
        ['d', 'x'],
        ['other', 1],
      ]),
    ],
  })
  expect((await read('variant-decimals.parquet')).columns).toEqual({
    v: ['json', 12.5, '1234567890123456.78', null],
  })
})
