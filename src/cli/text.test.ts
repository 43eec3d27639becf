import { expect, test } from 'vitest'
import { compact, counted, duration, grouped, rate, size } from './text.ts'

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
