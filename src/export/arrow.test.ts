import { readFile, writeFile } from 'node:fs/promises'
import { RecordBatchReader, type Table, tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDesk, type Desk } from '../../test/e2e/command.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { create, open } from '../index.ts'
import { Double, type Value } from '../util/value.ts'
import { arrowTable } from './arrow-form.ts'
import type { RecordSource } from './file-form.ts'
import { type JsonShape, widenShape } from './json-shape.ts'

function sourceOf(
  columns: readonly RecordColumn[],
  rows: readonly (readonly Value[])[],
): RecordSource {
  return {
    columns,
    async *read(names) {
      for (const row of rows) {
        const cells = columns.map(({ name }, at) => [name, row[at] ?? null] as const)
        yield new Map(cells.filter(([name]) => names?.includes(name) ?? true))
      }
    },
  }
}

function typesIn({ schema }: Pick<Table, 'schema'>): Record<string, string> {
  return Object.fromEntries(schema.fields.map(({ name, type }) => [name, String(type)]))
}

test('a table of Arrow has the types and the values of the columns', async () => {
  const types = {
    text: 'string',
    whole: 'int64',
    number: 'float64',
    flag: 'bool',
    day: 'date',
    at: 'timestamp',
    utc: 'timestamp_utc',
    exact: 'timestamp_ns',
    three: 'vector(3)',
    any: 'vector',
    nested: 'json',
    mixed: 'json',
    nothing: 'json',
  } as const
  const columns = Object.entries(types).map(([name, type]) => ({ name, type }))
  const rows: Value[][] = [
    [
      'ä€😀',
      9007199254740993n,
      new Double(1),
      true,
      '2026-01-02',
      '2026-01-02T03:04:05.123456',
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05.123456789',
      [1, 2.5, 3],
      [1],
      new Map<string, Value>([
        ['name', 'a'],
        ['tags', ['x', 'y']],
        ['score', 1],
      ]),
      [1, 'one'],
      null,
    ],
    columns.map(() => null),
    [
      '',
      -1,
      0.5,
      false,
      '1969-12-31',
      '1969-12-31T23:59:59.999999',
      '1969-12-31T23:59:59Z',
      '1969-12-31T23:59:59.999999999',
      [4, 5, 6],
      [],
      new Map<string, Value>([
        ['score', 2.5],
        ['more', new Map([['deep', true]])],
      ]),
      new Map([['a', 1]]),
      null,
    ],
  ]
  const table = await arrowTable(sourceOf(columns, rows))
  expect(typesIn(table)).toEqual({
    text: 'Utf8',
    whole: 'Int64',
    number: 'Float64',
    flag: 'Bool',
    day: 'Date32<DAY>',
    at: 'Timestamp<MICROSECOND>',
    utc: 'Timestamp<MICROSECOND, UTC>',
    exact: 'Timestamp<NANOSECOND>',
    three: 'FixedSizeList[3]<Float32>',
    any: 'List<Float32>',
    nested: 'Struct<{name:Utf8, tags:List<Utf8>, score:Float64, more:Struct<{deep:Bool}>}>',
    mixed: 'Utf8',
    nothing: 'Utf8',
  })
  const column = (name: keyof typeof types): unknown[] => [...(table.getChild(name) ?? [])]
  const raw = (name: keyof typeof types): unknown => table.getChild(name)?.data[0]?.values
  expect(column('text')).toEqual(['ä€😀', null, ''])
  expect(column('whole')).toEqual([9007199254740993n, null, -1n])
  expect(column('number')).toEqual([1, null, 0.5])
  expect(column('flag')).toEqual([true, null, false])
  expect(raw('day')).toEqual(Int32Array.of(20_455, 0, -1))
  expect(raw('at')).toEqual(BigInt64Array.of(1_767_323_045_123_456n, 0n, -1n))
  expect(raw('utc')).toEqual(BigInt64Array.of(1_767_323_045_000_000n, 0n, -1_000_000n))
  expect(raw('exact')).toEqual(BigInt64Array.of(1_767_323_045_123_456_789n, 0n, -1n))
  expect(table.getChild('at')?.nullCount).toBe(1)
  expect(JSON.parse(JSON.stringify(column('three')))).toEqual([[1, 2.5, 3], null, [4, 5, 6]])
  expect(JSON.parse(JSON.stringify(column('any')))).toEqual([[1], null, []])
  expect(JSON.parse(JSON.stringify(column('nested')))).toEqual([
    { name: 'a', tags: ['x', 'y'], score: 1, more: null },
    null,
    { name: null, tags: null, score: 2.5, more: { deep: true } },
  ])
  expect(column('mixed')).toEqual(['[1,"one"]', null, '{"a":1}'])
})

test('JSON values have the narrowest type that holds each of them', () => {
  const shapeOf = (...values: Value[]): JsonShape | undefined => {
    let shape: JsonShape | undefined
    for (const value of values) shape = widenShape(shape, value)
    return shape
  }
  expect(shapeOf(null, 1, null)).toEqual({ kind: 'int' })
  expect(shapeOf(1, 0.5)).toEqual({ kind: 'float' })
  expect(shapeOf(1, new Double(2))).toEqual({ kind: 'float' })
  expect(shapeOf(2n ** 63n)).toEqual({ kind: 'text' })
  expect(shapeOf(2n ** 62n, 1)).toEqual({ kind: 'int' })
  expect(shapeOf([], [1])).toEqual({ kind: 'list', item: { kind: 'int' } })
  expect(shapeOf([1, 'a'])).toEqual({ kind: 'list', item: { kind: 'text' } })
  expect(shapeOf([1], 'a')).toEqual({ kind: 'text' })
  expect(shapeOf('a', 'b')).toEqual({ kind: 'string' })
  let deep: Value = 1
  for (let depth = 0; depth < 5_000; depth += 1) deep = [deep]
  expect(JSON.stringify(shapeOf(deep))).toContain('"text"')
  const wide = new Map<string, Value>()
  for (let key = 0; key < 300; key += 1) wide.set(`k${key}`, key)
  expect(shapeOf(wide)).toEqual({ kind: 'text' })
})

let desk: Desk

beforeAll(async () => {
  desk = await createDesk()
  const lines = Array.from({ length: 20 }, (_, at) =>
    JSON.stringify({ at: `2026-01-02T03:04:${String(at).padStart(2, '0')}Z`, tags: [at] }),
  )
  await writeFile(desk.path('rows.jsonl'), lines.join('\n'))
  const config = {
    seed_config: { source: { seed_type: 'local', path: desk.path('rows.jsonl') } },
    columns: [
      {
        name: 'when',
        column_type: 'sampler',
        sampler_type: 'datetime',
        params: { start: '2026-01-01', end: '2027-01-01', unit: 's' },
        convert_to: 'timestamp',
      },
      { name: 'kind', column_type: 'expression', expr: '{{ tags[0] % 2 }}' },
      { name: 'half', column_type: 'expression', dtype: 'float', expr: '{{ tags[0] / 2 }}' },
    ],
  }
  await create({ config: { config }, rows: 20, seed: 1n, out: desk.path('run') })
}, 30_000)

afterAll(() => desk[Symbol.asyncDispose]())

test('an export to Arrow is a file or a stream, and a table has the same', async () => {
  await using dataset = await open(desk.path('run'))
  const file = desk.path('rows.arrow')
  expect(await dataset.export({ to: file })).toEqual([{ path: file, rows: 20 }])
  const bytes = await readFile(file)
  expect(bytes.subarray(0, 6).toString()).toBe('ARROW1')
  expect(RecordBatchReader.from(bytes).isFile()).toBe(true)
  await dataset.export({ to: desk.path('rows.arrows') })
  const stream = await readFile(desk.path('rows.arrows'))
  expect(RecordBatchReader.from(stream).isStream()).toBe(true)

  const records = await Array.fromAsync(dataset.records())
  const table = (await dataset.toArrow()) as unknown as Table
  for (const read of [tableFromIPC(bytes), tableFromIPC(stream), table]) {
    expect(read.numRows).toBe(20)
    expect(typesIn(read)).toMatchObject({
      at: 'Utf8',
      tags: 'List<Int64>',
      when: 'Timestamp<MICROSECOND>',
    })
    expect([...(read.getChild('half') ?? [])]).toEqual(records.map(({ half }) => half))
    expect([...(read.getChild('when') ?? [])]).toEqual(
      records.map(({ when }) => Date.parse(`${String(when)}Z`)),
    )
  }
  expect((await dataset.toArrow({ limit: 3 })).numRows).toBe(3)
  await expect(dataset.export({ to: file })).rejects.toMatchObject({ code: 'folder-foreign' })
  await expect(dataset.export({ to: desk.path('rows.arow') })).rejects.toMatchObject({
    hints: expect.arrayContaining(['Did you mean .arrow?']) as string[],
  })

  const split = await dataset.export({ to: desk.path('split'), format: 'arrow', splitBy: 'kind' })
  expect(split).toHaveLength(2)
  const [first] = split
  expect(tableFromIPC(await readFile(first?.path ?? '')).numRows).toBe(10)
})
