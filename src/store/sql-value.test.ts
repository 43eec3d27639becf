import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ColumnType } from '../graph/column-type.ts'
import { fromStored, storedBytes, toStored } from '../graph/stored-value.ts'
import { type Cell, Double, toDouble, toInteger, type Value } from '../util/value.ts'
import { fromSql, toSql } from './sql-value.ts'

const double = fc.double().map(toDouble)
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toInteger)
const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    integer,
    double,
    text,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('tree')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}))

const vector = fc.float32Array({ minLength: 1, noNaN: true, noDefaultInfinity: true })

const cases: readonly [ColumnType, fc.Arbitrary<Cell>][] = [
  ['string', fc.oneof(text, fc.constantFrom('', 'NaN', 'a\0b', '\uFEFFbom', '007'))],
  ['int64', fc.oneof(integer, fc.constantFrom(9007199254740993n, 0, -(2n ** 63n)))],
  ['float64', fc.oneof(double, fc.constantFrom<Value>(NaN, Infinity, -Infinity, new Double(-0)))],
  ['bool', fc.boolean()],
  // JSON's own null is the text `null`; a cell without a value is NULL.
  ['json', tree.filter((value) => value !== null)],
  ['date', fc.constantFrom('2025-01-31', '-000001-01-31')],
  ['timestamp_ns', fc.constantFrom('2025-01-31T14:30:00.000000001')],
  ['vector', vector],
  ['vector(3)', fc.constant(Float32Array.of(1, -0, 1e-45))],
]

test.each(cases)('a %s survives threads and SQLite', (type, values) => {
  using database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE cell (value ANY) STRICT')
  const insert = database.prepare('INSERT INTO cell VALUES (?)')
  const select = database.prepare('SELECT value FROM cell')
  select.setReadBigInts(true)
  const check = fc.property(fc.option(values), (value) => {
    const stored = structuredClone(toStored(type, value))
    insert.run(toSql(type, stored))
    const back = structuredClone(fromSql(type, select.get()?.['value']))
    database.exec('DELETE FROM cell')
    expect(fromStored(type, back)).toStrictEqual(value)
    expect(fromStored(type, stored)).toStrictEqual(value)
  })
  fc.assert(check, { numRuns: 300 })
})

test('a value of another type is refused, never written as something else', () => {
  expect(() => toStored('int64', 1.5)).toThrow(/expected a value of type int64, got number 1.5/)
  expect(() => toStored('int64', 2n ** 63n)).toThrow(/int64/)
  expect(() => toStored('string', 3)).toThrow(/string/)
  expect(() => toStored('bool', new Map())).toThrow(/bool, got an object or list/)
  expect(() => toStored('vector', [1])).toThrow(/vector, got an object or list/)
  expect(() => fromSql('bool', 'yes')).toThrow(/a cell of a bool column/)
  expect(() => fromSql('vector', new Uint8Array(3))).toThrow(/a cell of a vector column/)
})

test('an integer counts the same as a number and as a bigint', () => {
  expect(storedBytes(3n)).toBe(storedBytes(3))
  expect(storedBytes('x'.repeat(100))).toBeGreaterThanOrEqual(200)
})

test('a lone surrogate becomes the replacement character everywhere', () => {
  expect(toStored('string', 'a\uD800b')).toBe('a\uFFFDb')
})
