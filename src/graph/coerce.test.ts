import { expect, test } from 'vitest'
import { Double, type Value } from '../util/value.ts'
import { coerce } from './coerce.ts'
import { CellFailure } from './failure.ts'
import { readColumnType, vectorSize, vectorType } from './column-type.ts'

test.each(['string', 'json', 'date', 'timestamp', 'timestamp_ns_utc', 'vector', 'vector(1536)'])(
  'the type %s is its text',
  (text) => {
    expect(readColumnType(text)).toBe(text)
  },
)

test.each(['text', 'vector()', 'vector(0)', 'vector(01)', 'vector(1.5)', 'vector(3) ', 7, null])(
  '%s is no type',
  (text) => {
    expect(readColumnType(text)).toBeNull()
  },
)

test('a vector type knows its size', () => {
  expect(vectorSize(vectorType(384))).toBe(384)
  expect(vectorSize('vector')).toBeNull()
  for (const size of [0, -1, 1.5, Number.NaN]) expect(() => vectorType(size)).toThrow(RangeError)
})

function failure(value: Value | Float32Array, type: Parameters<typeof coerce>[1]): string {
  try {
    coerce(value, type)
  } catch (error) {
    if (error instanceof CellFailure) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}

test('lists of numbers and vectors are cells of a vector column', () => {
  const own = Float32Array.of(1, 2, 3)
  expect(coerce(own, 'vector(3)')).toBe(own)
  expect(coerce([0.5, new Double(2), 3], 'vector')).toEqual(Float32Array.of(0.5, 2, 3))
  expect(coerce(null, 'vector(3)')).toBeNull()
})

test('a vector that is a part of a larger buffer leaves it', () => {
  const whole = Float32Array.of(1, 2, 3, 4)
  const cell = coerce(whole.subarray(1, 3), 'vector')
  expect(cell).toEqual(Float32Array.of(2, 3))
  expect((cell as Float32Array).buffer.byteLength).toBe(8)
})

test('what is not a vector of the column fails the cell, with what arrived', () => {
  expect(failure(Float32Array.of(1), 'vector(3)')).toBe(
    'wrong-size: expected a vector of 3 numbers, got one of 1',
  )
  expect(failure([], 'vector')).toBe(
    'wrong-size: expected a vector of at least one number, got one of 0',
  )
  expect(failure([1, Number.NaN], 'vector')).toBe(
    'wrong-type: expected a vector of finite numbers, got NaN as number 2 of 2',
  )
  // Beyond what 32 bits can hold.
  expect(failure([1e300], 'vector')).toContain('got Infinity as number 1 of 1')
  expect(failure([1, 'two'], 'vector')).toBe(
    'wrong-type: expected a list of numbers for type vector, got the text "two" at position 1',
  )
  expect(failure('1, 2', 'vector(2)')).toBe(
    'wrong-type: expected a value of type vector(2), got the text "1, 2"',
  )
  expect(failure(Float32Array.of(1, 2), 'json')).toBe(
    'wrong-type: expected a value of type json, got a vector of 2 numbers',
  )
})

test('dates and times are the one text of their instant', () => {
  expect(coerce('2025-01-31', 'date')).toBe('2025-01-31')
  expect(coerce('2025-01-31 14:30', 'timestamp')).toBe('2025-01-31T14:30:00')
  expect(coerce('2025-01-31T14:30:00+02:00', 'timestamp_utc')).toBe('2025-01-31T12:30:00Z')
  expect(failure('31.01.2025', 'date')).toBe(
    'wrong-type: expected a value of type date, got the text "31.01.2025"',
  )
  expect(failure('2025-01-31T14:30:00', 'timestamp_utc')).toContain('of type timestamp_utc')
  expect(failure(1_738_330_200, 'timestamp')).toContain('got the number 1738330200')
})
