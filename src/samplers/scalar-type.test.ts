import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Double } from '../util/value.ts'
import {
  numberOf,
  roundHalfEven,
  roundInteger,
  roundToPlaces,
  scalarText,
  unified,
  type Scalar,
} from './scalar-type.ts'

describe('a list has one type', () => {
  test.each<[readonly Scalar[], readonly Scalar[]]>([
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [1, new Double(2)],
      [new Double(1), new Double(2)],
    ],
    [
      [1, 2.5],
      [new Double(1), 2.5],
    ],
    [
      ['x', 1, 2.5],
      ['x', '1', '2.5'],
    ],
    [
      ['x', new Double(2), 1e16],
      ['x', '2.0', '10000000000000000'],
    ],
    [
      ['x', new Double(1e16), 1e-7],
      ['x', '1e+16', '1e-07'],
    ],
    [
      [2n ** 60n, 1],
      [2n ** 60n, 1],
    ],
  ])('case %#', (written, expected) => expect(unified(written)).toEqual(expected))
})

describe('rounding', () => {
  // As numpy.round gives them.
  test.each([
    [0.5, 0, 0],
    [1.5, 0, 2],
    [2.5, 0, 2],
    [-0.5, 0, 0],
    [-1.5, 0, -2],
    [-2.5, 0, -2],
    [2.675, 2, 2.68],
    [1.005, 2, 1],
    [0.125, 2, 0.12],
    [0.375, 2, 0.38],
    [21.45, 1, 21.4],
    [1234.5, -2, 1200],
    [1250, -2, 1200],
    [1350, -2, 1400],
    [-1250, -2, -1200],
    [49, -2, 0],
    [51, -2, 100],
    [3.25, 400, 3.25],
    [3.25, -400, 0],
    [1e300, 20, 1e300],
  ])('%d to %d places is %d', (number, places, expected) => {
    expect(roundToPlaces(number, places)).toBe(expected)
  })

  test.each<[number | bigint, number, number | bigint]>([
    [25, 1, 25],
    [25, -1, 20],
    [35, -1, 40],
    [-25, -1, -20],
    [-26, -1, -30],
    [2n ** 60n, -18, 1_000_000_000_000_000_000n],
    [7, -30, 0],
  ])('case %#: an integer to a number of places', (integer, places, expected) => {
    expect(roundInteger(integer, places)).toBe(expected)
  })

  test('half to even never moves by more than a half, and even ones take the ties', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (number) => {
        const rounded = roundHalfEven(number)
        expect(Number.isInteger(rounded)).toBe(true)
        expect(Math.abs(rounded - number)).toBeLessThanOrEqual(0.5)
        const isTie = Math.abs(rounded - number) === 0.5
        expect(isTie && rounded % 2 !== 0).toBe(false)
      }),
    )
  })
})

test.each<[Scalar, string]>([
  [1, '1'],
  [new Double(1), '1.0'],
  [0.1, '0.1'],
  [2n ** 60n, '1152921504606846976'],
  ['text', 'text'],
  [Number.POSITIVE_INFINITY, 'inf'],
])('case %#: the text of a value is as Python has it', (value, expected) => {
  expect(scalarText(value)).toBe(expected)
})

test.each([
  ['1', 1],
  [' 1_000.5 ', 1000.5],
  ['1e3', 1000],
  ['-.5', -0.5],
  ['inf', Infinity],
  ['-Infinity', -Infinity],
  ['nan', Number.NaN],
  ['0x10', Number.NaN],
  ['', Number.NaN],
  ['1__0', Number.NaN],
])('the text %j is the number %d', (text, expected) => expect(numberOf(text)).toBe(expected))
