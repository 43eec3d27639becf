import { expect, test } from 'vitest'
import {
  compact,
  counted,
  duration,
  figure,
  grouped,
  moment,
  percent,
  rate,
  size,
} from './format.ts'

test.each([
  [0, '0.0 s'],
  [0.84, '0.8 s'],
  [9.94, '9.9 s'],
  [9.97, '10 s'],
  [41.6, '42 s'],
  [59.7, '1 m 0 s'],
  [185, '3 m 5 s'],
  [3_599.6, '1 h 0 m'],
  [7_830, '2 h 10 m'],
  [400_000, '4 d 15 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

test.each([
  [0, '0'],
  [950, '950'],
  [999.6, '1.00 k'],
  [12_345, '12.3 k'],
  [999_600, '1.00 M'],
  [4_560_000, '4.56 M'],
  [7.2e9, '7.20 G'],
])('%d in short is %s', (value, text) => {
  expect(compact(value)).toBe(text)
})

test('sizes are in bytes and their multiples', () => {
  expect([0, 829, 1_910, 4.2e9].map((bytes) => size(bytes))).toEqual([
    '0 B',
    '829 B',
    '1.91 kB',
    '4.20 GB',
  ])
})

test('counts have a noun in the right number', () => {
  expect([0, 1, 2, 1_234_567].map((count) => counted(count, 'row'))).toEqual([
    '0 rows',
    '1 row',
    '2 rows',
    '1,234,567 rows',
  ])
})

test('rates have as many digits as they bear', () => {
  expect([0, 0.25, 9.96, 42.4, 1_234.5].map((value) => rate(value))).toEqual([
    '0.0/s',
    '0.3/s',
    '10/s',
    '42/s',
    '1,235/s',
  ])
  expect(grouped(9_007_199_254_740_991)).toBe('9,007,199,254,740,991')
})

test.each([
  [0, '0 %'],
  [0.00004, '< 0.1 %'],
  [0.0044, '0.4 %'],
  [0.0994, '9.9 %'],
  [0.345, '35 %'],
  [1, '100 %'],
])('a share of %d is %s', (share, text) => {
  expect(percent(share)).toBe(text)
})

test.each([
  [0, '0'],
  [3, '3'],
  [21.45678, '21.457'],
  [-0.5, '-0.5'],
  [1_234_567.8, '1,234,568'],
  [3.2e-7, '3.20e-7'],
  [2e18, '2.00e+18'],
])('the figure %d is %s', (value, text) => {
  expect(figure(value)).toBe(text)
})

test.each([
  [10 * 86_400_000, '2025-03-04'],
  [3_600_000, '2025-03-04 05:06'],
  [5_000, '2025-03-04 05:06:07'],
])('within a span of %d ms a moment is %s', (span, text) => {
  expect(moment(Date.UTC(2025, 2, 4, 5, 6, 7), span)).toBe(text)
})
