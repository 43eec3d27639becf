import { gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { allRows, createScratch, type Scratch } from '../scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

type Options = Parameters<typeof parquetWriteBuffer>[0]

async function read(options: Options) {
  const seed = await scratch.open('a.parquet', new Uint8Array(parquetWriteBuffer(options)))
  return { columns: seed.columns, size: seed.size, rows: await allRows(seed) }
}

/** One column of that schema element: its type and its values. */
async function column(element: object, data: unknown[]) {
  const { columns, rows } = await read({
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'c', repetition_type: 'OPTIONAL', ...element },
    ],
    columnData: [{ name: 'c', data }],
  })
  return { type: columns[0]?.type, values: rows.map(([value]) => value) }
}

test.each([
  ['int32', { type: 'INT32' }, [1, null, -2], 'int64', [1, null, -2]],
  ['boolean', { type: 'BOOLEAN' }, [true, null, false], 'bool', [true, null, false]],
  ['double', { type: 'DOUBLE' }, [1, 0.5, null], 'float64', [new Double(1), 0.5, null]],
  ['float', { type: 'FLOAT' }, [0.5, 3], 'float64', [0.5, new Double(3)]],
  [
    'string',
    { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    ['é', '', null],
    'string',
    ['é', '', null],
  ],
  ['plain bytes', { type: 'BYTE_ARRAY' }, ['text'], 'string', ['text']],
  [
    'decimal',
    { type: 'INT32', converted_type: 'DECIMAL', scale: 2, precision: 9 },
    [0.35, 12, null],
    'float64',
    [0.35, new Double(12), null],
  ],
  [
    'date',
    { type: 'INT32', converted_type: 'DATE' },
    [new Date('2024-02-29'), new Date('1969-12-31'), null],
    'date',
    ['2024-02-29', '1969-12-31', null],
  ],
  [
    'milliseconds',
    { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
    [new Date('2024-02-29T12:34:56.789Z'), new Date(-1), new Date(0)],
    'timestamp_utc',
    ['2024-02-29T12:34:56.789Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z'],
  ],
  [
    'local microseconds',
    { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } },
    [new Date('2024-02-29T12:34:56.789Z')],
    'timestamp',
    ['2024-02-29T12:34:56.789'],
  ],
  [
    'json',
    { type: 'BYTE_ARRAY', converted_type: 'JSON' },
    [{ a: [1] }],
    'json',
    [new Map([['a', [1]]])],
  ],
])('%s', async (_name, element, data, type, values) => {
  expect(await column(element, data)).toEqual({ type, values })
})

test('unsigned numbers of 64 bits are whole numbers where all fit, else text with a warning', async () => {
  const uint64 = { type: 'INT64', converted_type: 'UINT_64' }
  const small = await column(uint64, [0n, 7n, 2n ** 63n - 1n, null])
  expect([small.type, ...small.values]).toEqual(['int64', 0, 7, 2n ** 63n - 1n, null])
  const large = await column(uint64, [1n, 2n ** 63n, 2n ** 64n - 1n, null])
  expect([large.type, ...large.values]).toEqual([
    'string',
    '1',
    '9223372036854775808',
    '18446744073709551615',
    null,
  ])
  const listed = { type: 'INT64', logical_type: { type: 'INTEGER', bitWidth: 64, isSigned: false } }
  expect((await column(listed, [2n ** 64n - 1n])).values).toEqual(['18446744073709551615'])
})

test('int64 keeps every digit', async () => {
  const { type, values } = await column({ type: 'INT64' }, [1n, 9007199254740993n, -(2n ** 63n)])
  expect([type, ...values]).toEqual(['int64', 1, 9007199254740993n, -(2n ** 63n)])
})

test('lists, structs and maps become JSON values', async () => {
  const { columns, rows } = await read({
    schema: [
      { name: 'root', num_children: 3 },
      { name: 'list', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', type: 'DOUBLE' },
      { name: 'struct', repetition_type: 'OPTIONAL', num_children: 2 },
      {
        name: 'at',
        repetition_type: 'OPTIONAL',
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
      },
      { name: 'n', repetition_type: 'OPTIONAL', type: 'INT64' },
      { name: 'map', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'MAP' },
      { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
      { name: 'key', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      { name: 'value', repetition_type: 'OPTIONAL', type: 'INT32' },
    ],
    columnData: [
      { name: 'list', data: [[1, 0.5, null], [], null] },
      { name: 'struct', data: [{ at: new Date(0), n: 3n }, { n: null }, null] },
      { name: 'map', data: [{ x: 1, y: 2 }, null, {}] },
    ],
  })
  expect(columns.map(({ type }) => type)).toEqual(['json', 'json', 'json'])
  expect(rows).toEqual([
    [
      [new Double(1), 0.5, null],
      new Map<string, unknown>([
        ['at', '1970-01-01T00:00:00Z'],
        ['n', 3],
      ]),
      new Map([
        ['x', 1],
        ['y', 2],
      ]),
    ],
    [
      [],
      new Map([
        ['at', null],
        ['n', null],
      ]),
      null,
    ],
    [null, null, new Map()],
  ])
})

test.each([
  ['GZIP', (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))],
  ['ZSTD', (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes))],
] as const)('%s, and several row groups', async (codec, compress) => {
  const numbers = Array.from({ length: 1000 }, (_, at) => at)
  const { size, rows } = await read({
    columnData: [{ name: 'n', data: numbers, type: 'INT32' }],
    rowGroupSize: 300,
    codec,
    compressors: { [codec]: compress },
  })
  expect(size).toBe(1000)
  expect(rows).toEqual(numbers.map((number) => [number]))
})

test('a file that is not Parquet is refused', async () => {
  await expect(scratch.open('b.parquet', 'PAR1, more or less PAR0')).rejects.toThrow(
    'the file is not readable as Parquet',
  )
  await expect(scratch.open('b.parquet', 'x')).rejects.toThrow(
    'the file is not readable as Parquet',
  )
})

test('bytes that are said to be text and are none are refused with their column and row', async () => {
  const bytes = parquetWriteBuffer({
    columnData: [{ name: 'image', data: [Uint8Array.of(0xff, 0xd8)] }],
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
  })
  const seed = await scratch.open('c.parquet', new Uint8Array(bytes))
  await expect(allRows(seed)).rejects.toThrow("column 'image', row 0: its bytes are not UTF-8 text")
})

test('types without a place here are refused by name', async () => {
  const element = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, converted_type: 'INTERVAL' }
  await expect(column(element, [new Uint8Array(12)])).rejects.toThrow(
    "column 'c' has the Parquet type INTERVAL",
  )
})
