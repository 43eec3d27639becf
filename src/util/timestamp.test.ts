import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalTimestamp,
  dateText,
  readDate,
  readTimestamp,
  timestampText,
  type TimestampForm,
} from './timestamp.ts'

const forms: readonly TimestampForm[] = [1_000_000, 1_000_000_000].flatMap((perSecond) =>
  [false, true].map((utc) => ({ perSecond: perSecond as TimestampForm['perSecond'], utc })),
)

describe.each(forms)('%o', (form) => {
  // The calendar of JavaScript ends at ±275,760; nanoseconds of 64 bits end earlier.
  const most = form.perSecond === 1_000_000 ? 8_640_000_000_000_000_000n : 2n ** 63n - 1n
  const counts = fc.oneof(
    fc.bigInt({ min: -most, max: most }),
    fc.integer({ min: -1e10, max: 1e10 }).map((second) => BigInt(second) * BigInt(form.perSecond)),
  )

  test('every count has one text, and is read from it again', () => {
    const check = fc.property(counts, (count) => {
      const bounded = BigInt.asIntN(64, count)
      const text = timestampText(bounded, form)
      expect(readTimestamp(text, form)).toBe(bounded)
      expect(canonicalTimestamp(text, form)).toBe(text)
    })
    fc.assert(check, { numRuns: 500 })
  })
})

const micros: TimestampForm = { perSecond: 1_000_000, utc: false }
const inUtc: TimestampForm = { perSecond: 1_000_000, utc: true }

test.each([
  ['2025-01-31T14:30:00', micros, '2025-01-31T14:30:00'],
  ['2025-01-31 14:30', micros, '2025-01-31T14:30:00'],
  ['2025-01-31T14:30:00.100', micros, '2025-01-31T14:30:00.100'],
  ['2025-01-31T14:30:00.1', micros, '2025-01-31T14:30:00.100'],
  ['2025-01-31T14:30:00.000000000', micros, '2025-01-31T14:30:00'],
  ['-000001-01-31T14:30:00', micros, '-000001-01-31T14:30:00'],
  ['1969-12-31T23:59:59.999999', micros, '1969-12-31T23:59:59.999999'],
  ['2025-01-31T14:30:00+02:00', inUtc, '2025-01-31T12:30:00Z'],
  ['2025-01-31T14:30:00-0930', inUtc, '2025-02-01T00:00:00Z'],
  ['2025-01-31T14:30:00+00', inUtc, '2025-01-31T14:30:00Z'],
])('%s is one text', (written, form, text) => {
  expect(canonicalTimestamp(written, form)).toBe(text)
})

test.each([
  ['2025-01-31', micros],
  ['2025-02-29T00:00:00', micros],
  ['2025-13-01T00:00:00', micros],
  ['2025-01-31T24:00:00', micros],
  ['2025-01-31T14:30:00.', micros],
  ['2025-01-31T14:30:00Z', micros],
  ['2025-01-31T14:30:00', inUtc],
  ['2025-01-31T14:30:00+25:00', inUtc],
  // Finer than the column.
  ['2025-01-31T14:30:00.123456789', micros],
  ['2025-01-31T14:30:00 ', micros],
  ['tomorrow', micros],
  ['', micros],
])('%s is none', (written, form) => {
  expect(canonicalTimestamp(written, form)).toBeNull()
})

test('dates', () => {
  const check = fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
    expect(readDate(dateText(days))).toBe(days)
  })
  fc.assert(check, { numRuns: 500 })
  for (const text of ['2025-02-29', '2025-1-31', '2025-01-31T00:00:00', '20250131']) {
    expect(readDate(text)).toBeNull()
  }
})
