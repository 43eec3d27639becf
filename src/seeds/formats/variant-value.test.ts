import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { readDictionary, readVariantValue } from './variant-value.ts'

const text = new TextDecoder('utf-8', { fatal: true })
const textOf = (bytes: Uint8Array): string => text.decode(bytes)

function value(...bytes: number[]): unknown {
  return readVariantValue(Uint8Array.from(bytes), { dictionary: ['a', 'b'], textOf })
}

test('values are read as the specification says', () => {
  expect(value(0x00)).toBe(null)
  expect(value(0x04)).toBe(true)
  expect(value(0x0c, 0xff)).toBe(-1)
  expect(value(0x10, 0x00, 0x01)).toBe(256)
  expect(value(0x20, 2, 0xe2, 0x04, 0, 0)).toBe(12.5)
  expect(value(0x20, 2, 0xb0, 0x04, 0, 0)).toEqual(new Double(12))
  expect(value(0x20, 0, 7, 0, 0, 0)).toBe(7)
  expect(value(0x28, 1, ...Array.from({ length: 16 }, () => 0xff))).toBe(-0.1)
  expect(value((2 << 2) | 1, 0x68, 0x69)).toBe('hi')
  // An object of b and a, and a list of true and null.
  expect(value(0x02, 2, 1, 0, 0, 1, 2, 0x04, 0x00)).toEqual(
    new Map([
      ['b', true],
      ['a', null],
    ]),
  )
  expect(value(0x03, 2, 0, 1, 2, 0x04, 0x00)).toEqual([true, null])
})

test('keys are read from the metadata', () => {
  expect(readDictionary(Uint8Array.from([0x01, 2, 0, 1, 3, 97, 98, 99]), textOf)).toEqual([
    'a',
    'bc',
  ])
  expect(() => readDictionary(Uint8Array.from([0x02, 0, 0]), textOf)).toThrow('version 2')
})

test('damaged bytes are refused, and never take long', () => {
  const damaged = /damaged|bounds|unknown type|valid/
  // A list whose items are the list itself.
  expect(() => value(0x03, 3, 0, 0, 0, 0)).toThrow(damaged)
  expect(() => value(0x13, 0xff, 0xff, 0xff, 0xff)).toThrow(damaged)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      try {
        readVariantValue(bytes, { dictionary: ['a', 'b'], textOf })
      } catch (error) {
        if (!(error instanceof Error) || !damaged.test(error.message)) throw error
      }
    }),
    { numRuns: 500 },
  )
})
