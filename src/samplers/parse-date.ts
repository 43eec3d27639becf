import { daysInMonth } from '../util/days.ts'
import { instantOf } from './calendar.ts'
import { monthNames } from './strftime.ts'

export const dateExamples =
  "a date such as '2025-01-31', '2025-01-31 14:30', '2025-01-31T14:30:00+02:00', '2025', " +
  "'01/31/2025' or 'Jan 31 2025'"

const relativeWords = new Set(['now', 'today', 'yesterday', 'tomorrow'])

/** Whether a text names a moment that another day would be another one. */
export function isRelativeDate(text: string): boolean {
  return relativeWords.has(text.trim().toLowerCase())
}

/**
 * Seconds since 1970 of a date as people write it, possibly with a fraction; null when it is none.
 *
 * Zone offsets are folded to UTC. `a/b/year` is month first, unless only day first is a date.
 */
export function parseDate(text: string): number | null {
  const { date, time, offset } = split(text.trim())
  const day = parseDay(date)
  if (day === null) return null
  const seconds = time === '' ? 0 : parseTime(time)
  const zone = offset === '' ? 0 : parseOffset(offset)
  if (seconds === null || zone === null || (time === '' && offset !== '')) return null
  return instantOf({ ...day, hour: 0, minute: 0, second: 0 }) + seconds - zone
}

interface Day {
  year: number
  month: number
  day: number
}

const timeAndZone =
  /^(.*?)(?:[T ,]\s*(\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d{1,9})?)?(?:\s*[ap]m)?|\d{1,2}\s*[ap]m)\s*(z|utc|gmt|[+-]\d{1,2}(?::?\d{2})?)?)?$/i

function split(text: string): { date: string; time: string; offset: string } {
  const [, date = '', time = '', offset = ''] = timeAndZone.exec(text) ?? []
  return { date: date.trim().replace(/,$/, ''), time, offset }
}

function parseDay(text: string): Day | null {
  const iso = /^(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?$/.exec(text)
  if (iso) return dayOf(iso[1], iso[3] ?? '1', iso[4] ?? '1')
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (compact) return dayOf(compact[1], compact[2], compact[3])
  const numeric = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/.exec(text)
  if (numeric) {
    return dayOf(numeric[4], numeric[1], numeric[3]) ?? dayOf(numeric[4], numeric[3], numeric[1])
  }
  const monthFirst = /^([a-z]+)\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})$/i.exec(text)
  if (monthFirst) return dayOf(monthFirst[3], monthNumber(monthFirst[1]), monthFirst[2] ?? '1')
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]+)\.?,?[\s-]+(\d{4})$/i.exec(text)
  if (dayFirst) return dayOf(dayFirst[3], monthNumber(dayFirst[2]), dayFirst[1])
  return null
}

function monthNumber(word: string = ''): string {
  const folded = word.toLowerCase()
  const letters = folded === 'sept' ? 'sep' : folded
  const index = monthNames.findIndex((name) => {
    const month = name.toLowerCase()
    return letters === month || letters === month.slice(0, 3)
  })
  return String(index + 1)
}

function dayOf(yearText: string = '', monthText: string = '', dayText: string = ''): Day | null {
  const [year, month, day] = [Number(yearText), Number(monthText), Number(dayText)]
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  return { year, month, day }
}

function parseTime(text: string): number | null {
  const match = /^(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}(?:[.,]\d+)?))?\s*([ap]m)?$/i.exec(text)
  if (match === null) return null
  const [, hourText, minuteText = '0', secondText = '0', half] = match
  let hour = Number(hourText)
  const minute = Number(minuteText)
  const second = Number(secondText.replace(',', '.'))
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null
    hour = (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
  }
  if (hour > 23 || minute > 59 || second >= 60) return null
  return hour * 3600 + minute * 60 + second
}

/** Seconds east of Greenwich. */
function parseOffset(text: string): number | null {
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(text)
  if (match === null) return 0
  const [, sign, hours, minutes = '0'] = match
  if (Number(hours) > 23 || Number(minutes) > 59) return null
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
}
