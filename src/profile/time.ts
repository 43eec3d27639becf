import { instantOf } from '../samplers/calendar.ts'
import { daysInMonth } from '../util/days.ts'

const isoDate = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/** Milliseconds since 1970 of a date in ISO 8601, in UTC when it names no zone; null otherwise. */
export function timeOf(text: string): number | null {
  if (text.length < 10 || text.length > 40) return null
  const time = plainTime(text)
  if (time !== null) return time
  if (!isoDate.test(text)) return null
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10))
  const parsed = Date.parse(text.length === 10 || hasZone ? text : `${text}Z`)
  return Number.isNaN(parsed) ? null : parsed
}

/** The forms that nearly all dates have, `2025-01-02` and `2025-01-02T03:04:05`, without an expression. */
function plainTime(text: string): number | null {
  const isDay = text.length === 10
  if (!isDay && text.length !== 19) return null
  if (text[4] !== '-' || text[7] !== '-') return null
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  const hour = isDay ? 0 : twoDigits(text, 11)
  const minute = isDay ? 0 : twoDigits(text, 14)
  const second = isDay ? 0 : twoDigits(text, 17)
  if (!isDay) {
    if (text[13] !== ':' || text[16] !== ':' || !(text[10] === 'T' || text[10] === ' ')) return null
    if (!(hour < 24 && minute < 60 && second < 60)) return null
  }
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return null
  // Every month has 28.
  if (!(day <= 28 || day <= daysInMonth(year, month))) return null
  return 1000 * instantOf({ year, month, day, hour, minute, second })
}

/** NaN where there are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : NaN
}
