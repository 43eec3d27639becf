import { expect, test } from 'vitest'
import { timeOf } from './time.ts'

const day = 86_400_000

test('every day of a leap year and of a common one is what `Date` says', () => {
  for (let at = Date.UTC(1999, 11, 31); at < Date.UTC(2002, 0, 2); at += day) {
    const text = new Date(at).toISOString()
    expect(timeOf(text.slice(0, 10))).toBe(at)
    expect(timeOf(`${text.slice(0, 10)}T23:59:58`)).toBe(at + day - 2_000)
  }
})

test.each([
  ['0000-03-01', Date.parse('0000-03-01')],
  ['9999-12-31 23:59:59', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ['2025-01-02T03:04:05.678Z', Date.UTC(2025, 0, 2, 3, 4, 5, 678)],
  ['2025-01-02T03:04:05+0100', Date.UTC(2025, 0, 2, 2, 4, 5)],
  ['2025-01-02T24:00:00', Date.UTC(2025, 0, 3)],
])('%s is %d', (text, time) => {
  expect(timeOf(text)).toBe(time)
})

test.each([
  '2025-00-02',
  '2025-01-00',
  '2025-01-32',
  '2025-1-002',
  '2025-01-02x03:04:05',
  '2025-01-02T03-04-05',
  '2025-01-02T25:00:00',
  '2025-01-02T03:60:00',
  '20a5-01-02',
  '2025-01-02T',
])('%s is not a date', (text) => {
  expect(timeOf(text)).toBeNull()
})
