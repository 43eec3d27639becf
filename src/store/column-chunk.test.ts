import * as fc from 'fast-check'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import type { ColumnType } from '../graph/column-type.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { countValues } from '../profile/value-counts.ts'
import { compressors, createdBy, partSchema } from './parquet-codec.ts'
import { physicalColumn } from './parquet-value.ts'
import { recordColumn, rowColumn } from './run-settings.ts'
import { writeRowGroup } from './write-row-group.ts'

/** A file of one row group as parts have it. */
function ours(type: ColumnType, values: readonly StoredValue[]): Uint8Array {
  const writer = new ByteWriter()
  const columns = [{ name: 'value', type }]
  const parquet = new ParquetWriter({ writer, schema: partSchema(columns), createdBy })
  const rows = Float64Array.from(values, (_, row) => row)
  writeRowGroup(parquet, columns, { rows, columns: [values] }, [countValues(values)])
  void parquet.finish()
  return writer.getBytes()
}

/** The same by hyparquet-writer alone. */
function theirs(type: ColumnType, values: readonly StoredValue[]): Uint8Array {
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({
    writer,
    schema: partSchema([{ name: 'value', type }]),
    codec: 'ZSTD',
    compressors,
    createdBy,
  })
  const common = { offsetIndex: false } as const
  const toInteger = (value: StoredValue) =>
    value === null ? null : BigInt(value as number | bigint)
  const hasNegativeZero = values.some((value) => Object.is(value, -0))
  void parquet.write({
    columnData: [
      { ...common, name: rowColumn, data: BigInt64Array.from(values, (_, row) => BigInt(row)) },
      { ...common, name: recordColumn, data: new BigInt64Array(values.length) },
      {
        ...common,
        name: 'value',
        data: type === 'int64' ? values.map(toInteger) : [...physicalColumn(type, values)],
        ...(type === 'float64' && hasNegativeZero && { encoding: 'PLAIN' as const }),
      },
    ],
    rowGroupSize: values.length,
  })
  void parquet.finish()
  return writer.getBytes()
}

function isSame(type: ColumnType, values: readonly StoredValue[]): boolean {
  return Buffer.from(ours(type, values)).equals(Buffer.from(theirs(type, values)))
}

function repeat(count: number, valueOf: (at: number) => StoredValue): StoredValue[] {
  return Array.from({ length: count }, (_, at) => valueOf(at))
}

const columns: Readonly<Record<string, [ColumnType, StoredValue[]]>> = {
  'one text': ['string', ['a']],
  'only nulls': ['string', [null, null, null]],
  'few texts': ['string', repeat(5_000, (at) => ['north', 'süd', '東', null][at % 7] ?? 'west')],
  'texts that all differ': ['string', repeat(3_000, (at) => `text ${at * 48_271}`)],
  'texts of several pages': ['string', repeat(900, (at) => `${at} `.repeat(1_500))],
  'few texts of several pages': ['string', repeat(300_000, (at) => `city ${at % 90}`)],
  'texts beyond the first plane': ['string', ['😀', '\uFFFD', '', '\uE000', 'z', '😀😀']],
  JSON: ['json', repeat(300, (at) => `{"a":${at % 4}}`)],
  'integers that repeat': ['int64', repeat(2_000, (at) => (at % 72) - 18)],
  'integers of 64 bits': [
    'int64',
    [0, -1, 1, 2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 63n - 1n, -(2n ** 63n), 4_294_967_296, null],
  ],
  'doubles that all differ': ['float64', repeat(2_000, (at) => Math.sin(at) * 1e6)],
  'doubles that repeat': ['float64', repeat(2_000, (at) => (at % 9) / 4)],
  'doubles without an order': [
    'float64',
    [Number.NaN, 1, null, Infinity, -Infinity, Number.NaN, 1],
  ],
  'both zeros': ['float64', repeat(100, (at) => (at % 2 === 0 ? 0 : -0))],
  'one zero': ['float64', repeat(100, () => 0)],
  'numbers of several pages': ['float64', repeat(300_000, (at) => Math.sin(at))],
  'dates that repeat': ['date', repeat(3_000, (at) => `2025-01-${10 + (at % 9)}`)],
  'dates that differ': ['date', [null, '1969-12-31', '2025-01-02', '0001-01-01']],
  'times that differ': [
    'timestamp_ns_utc',
    repeat(50, (at) => `2025-01-02T03:04:${10 + at}.00000000${(at % 9) + 1}Z`),
  ],
  'times that repeat': ['timestamp', repeat(500, (at) => `2025-01-02T03:04:0${at % 6}`)],
  'few flags': ['bool', [true, null, false]],
  flags: ['bool', repeat(1_000, (at) => (at % 5 === 0 ? null : at % 3 === 0))],
  'flags that are all the same': ['bool', repeat(1_000, () => true)],
}

describe('a column is written byte for byte as hyparquet-writer does', () => {
  test.each(Object.entries(columns))('%s', (_, [type, values]) => {
    expect(isSame(type, values)).toBe(true)
  })

  const values = {
    string: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'a', 'b')),
    json: fc.json(),
    int64: fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(3)),
    float64: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Number.NaN)),
    bool: fc.boolean(),
  } as const

  test.each(Object.entries(values))('any values of type %s', (type, value) => {
    const column: fc.Arbitrary<StoredValue[]> = fc.array(fc.option<StoredValue>(value), {
      minLength: 1,
      maxLength: 60,
    })
    const sameFor = (cells: StoredValue[]) => isSame(type as keyof typeof values, cells)
    expect(fc.check(fc.property(column, sameFor)).counterexample).toBeNull()
  })
})
