import { dayNumber, daysInMonth } from './days.ts'

/*
 * Dates and times as texts in ISO 8601, and as what Parquet counts since 1970, without leap seconds.
 * Every count has one text, and every text one count.
 */

/** How a column counts: units of a second, and whether they are counted in UTC. */
export interface TimestampForm {
  readonly perSecond: 1_000 | 1_000_000 | 1_000_000_000
  /** Texts end with Z. */
  readonly utc: boolean
}

const secondsPerDay = 86_400

/** `2025-01-31`; years beyond four digits have a sign and six. */
export function dateText(days: number): string {
  const [date = ''] = new Date(days * secondsPerDay * 1_000).toISOString().split('T')
  return date
}

/** `2025-01-31T14:30:00`, with as many digits of the fraction, in threes, as are not zero. */
export function timestampText(units: bigint, { perSecond, utc }: TimestampForm): string {
  const perDay = BigInt(perSecond) * BigInt(secondsPerDay)
  const ofDay = ((units % perDay) + perDay) % perDay
  const date = dateText(Number((units - ofDay) / perDay))
  return `${date}T${clockText(ofDay, perSecond)}${utc ? 'Z' : ''}`
}

/** The time of a day: hours to seconds, and the fraction. */
export function clockText(units: bigint, perSecond: TimestampForm['perSecond']): string {
  const whole = BigInt(perSecond)
  const seconds = units / whole
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n]
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':')
  const digits = String(units % whole).padStart(String(perSecond).length - 1, '0')
  const fraction = digits.replace(/(?:000)+$/, '')
  return fraction === '' ? clock : `${clock}.${fraction}`
}

/** Days since 1970 of a date; null for what is none. */
export function readDate(text: string): number | null {
  const date = readDay(text)
  return date !== null && date.end === text.length ? date.days : null
}

/** The count of a date with a time; null for what is none, or has more digits than the form. */
export function readTimestamp(text: string, { perSecond, utc }: TimestampForm): bigint | null {
  const instant = readInstant(text)
  if (instant === null || (instant.zone !== null) !== utc) return null
  const seconds = instant.seconds - (instant.zone ?? 0)
  const fraction = instant.nanoseconds / (1_000_000_000 / perSecond)
  if (!Number.isInteger(fraction)) return null
  const units = BigInt(seconds) * BigInt(perSecond) + BigInt(fraction)
  return BigInt.asIntN(64, units) === units ? units : null
}

/** The text that a timestamp has here, however it was written; null for what is none. */
export function canonicalTimestamp(text: string, form: TimestampForm): string | null {
  const units = readTimestamp(text, form)
  if (units === null) return null
  return isCanonical(text, form, units) ? text : timestampText(units, form)
}

/** By its length, which any other way to write the same instant changes. */
function isCanonical(text: string, { perSecond, utc }: TimestampForm, units: bigint): boolean {
  if (text.charCodeAt(10) !== 0x54) return false
  let fraction = units % BigInt(perSecond)
  let length = utc ? 20 : 19
  if (fraction !== 0n) {
    let digits = String(perSecond).length - 1
    for (; fraction % 1_000n === 0n; fraction /= 1_000n) digits -= 3
    length += 1 + digits
  }
  return text.length === length && (!utc || text.endsWith('Z'))
}

interface Instant {
  /** Whole ones since 1970, of the clock that the text shows. */
  seconds: number
  nanoseconds: number
  /** Seconds east of Greenwich; null when the text names no zone. */
  zone: number | null
}

function readInstant(text: string): Instant | null {
  const date = readDay(text)
  if (date === null) return null
  let at = date.end
  const separator = text.charCodeAt(at)
  if ((separator !== 0x54 && separator !== 0x20) || text.charCodeAt(at + 3) !== 0x3a) return null
  const hour = digitsAt(text, at + 1, 2)
  const minute = digitsAt(text, at + 4, 2)
  at += 6
  let second = 0
  let nanoseconds = 0
  if (text.charCodeAt(at) === 0x3a) {
    second = digitsAt(text, at + 1, 2)
    at += 3
    if (text.charCodeAt(at) === 0x2e) {
      const [fraction = ''] = /^\d{1,9}/.exec(text.slice(at + 1)) ?? []
      if (fraction === '') return null
      nanoseconds = Number(fraction.padEnd(9, '0'))
      at += 1 + fraction.length
    }
  }
  // Negated, so that what is not a number fails.
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return null
  const zone = at === text.length ? null : readZone(text.slice(at))
  if (Number.isNaN(zone)) return null
  const seconds = date.days * secondsPerDay + hour * 3600 + minute * 60 + second
  return { seconds, nanoseconds, zone }
}

/** The day a text begins with, and where what is behind it begins. */
function readDay(text: string): { days: number; end: number } | null {
  const sign = text.charCodeAt(0)
  const isLong = sign === 0x2b || sign === 0x2d
  const from = isLong ? 1 : 0
  const digits = isLong ? 6 : 4
  const year = (sign === 0x2d ? -1 : 1) * digitsAt(text, from, digits)
  const at = from + digits
  const month = digitsAt(text, at + 1, 2)
  const day = digitsAt(text, at + 4, 2)
  if (text.charCodeAt(at) !== 0x2d || text.charCodeAt(at + 3) !== 0x2d) return null
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return null
  return { days: dayNumber(year, month, day), end: at + 6 }
}

/** NaN where one of them is no digit. */
function digitsAt(text: string, at: number, count: number): number {
  let number = 0
  for (let place = at; place < at + count; place += 1) {
    const digit = text.charCodeAt(place) - 0x30
    number = digit >= 0 && digit <= 9 ? 10 * number + digit : Number.NaN
  }
  return number
}

/** Seconds east of Greenwich; NaN for what is no zone. */
function readZone(text: string): number {
  if (text === 'Z') return 0
  const match = /^([+-])([01]\d|2[0-3]):?([0-5]\d)?$/.exec(text)
  if (match === null) return Number.NaN
  const [, sign, hours, minutes = '0'] = match
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
}
