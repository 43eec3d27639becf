import { describe, expect, test } from 'vitest'
import type { ColumnType } from './column-type.ts'
import { Double, type Value } from '../util/value.ts'
import { cellOfUser, userValue, valueOfUser } from './user-values.ts'

test('values are what JavaScript has for them', () => {
  const value: Value = new Map<string, Value>([
    ['a', new Double(3)],
    ['list', [1, 2n ** 60n, null, new Map([['__proto__', 'x']])]],
  ])
  const plain = userValue(value)
  expect(plain).toEqual({ a: 3, list: [1, 2n ** 60n, null, { ['__proto__']: 'x' }] })
  expect(Object.getPrototypeOf(plain)).toBe(Object.prototype)
})

test('plain data comes back as it was', () => {
  const plain = { a: [1, 2.5, 'x', true, null], b: { c: 2n ** 60n, left: undefined } }
  expect(userValue(valueOfUser(plain))).toEqual({ a: plain.a, b: { c: 2n ** 60n } })
  expect(valueOfUser(new Map([['a', 1]]))).toEqual(new Map([['a', 1]]))
})

const noon = new Date('2026-03-04T12:00:00Z')

describe('cells', () => {
  test.each<[unknown, ColumnType, unknown]>([
    ['text', 'string', 'text'],
    [3, 'int64', 3],
    [3, 'float64', 3],
    [null, 'string', null],
    [[1, 2], 'vector(2)', Float32Array.of(1, 2)],
    [Float32Array.of(1), 'vector', Float32Array.of(1)],
    [noon, 'date', '2026-03-04'],
    [noon, 'timestamp', '2026-03-04T12:00:00'],
    [noon, 'timestamp_utc', '2026-03-04T12:00:00Z'],
    [{ a: [1] }, 'json', new Map([['a', [1]]])],
  ])('%o as %s', (given, type, cell) => {
    expect(cellOfUser(given, type, 'own')).toEqual(cell)
  })

  test.each<[unknown, ColumnType, string]>([
    [
      undefined,
      'string',
      "the function gave nothing for 'own'; expected a value of type string, or null",
    ],
    [3, 'string', "for 'own', expected a value of type string, got the number 3"],
    [3.5, 'int64', "for 'own', expected a value of type int64, got the number 3.5"],
    [{ a: 1 }, 'string', "for 'own', expected a value of type string, got an object"],
    [[1], 'vector(2)', "for 'own', expected a vector of 2 numbers, got one of 1"],
    [
      { a: [{ b: () => 1 }] },
      'json',
      "for 'own', expected a value of type json, got a function at a[0].b",
    ],
    [new Set(), 'json', "for 'own', expected a value of type json, got a Set"],
    [new Date('x'), 'date', "for 'own', expected a value of type date, got a Date that is none"],
    [
      Promise.resolve('x'),
      'string',
      "for 'own', expected a value of type string, got a promise (a function that is pure is called without waiting)",
    ],
  ])('%o is no %s', (given, type, message) => {
    expect(() => cellOfUser(given, type, 'own')).toThrow(message)
  })
})
