import { CellFailure } from '../graph/failure.ts'
import {
  civilTime,
  dayNumber,
  earliestInstant,
  latestInstant,
  weekday,
  type CivilTime,
} from './calendar.ts'

/** ISO 8601 without zone or fraction: what datetime cells are unless `convert_to` says otherwise. */
export const defaultPattern = '%Y-%m-%dT%H:%M:%S'

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

const weekdayNames = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const

type Directive = (time: CivilTime, instant: number) => string

// As Python's strftime in the C locale, for a time without zone (so %z and %Z are empty).
const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['Y', ({ year }) => pad(year, 4)],
  ['m', ({ month }) => pad(month, 2)],
  ['d', ({ day }) => pad(day, 2)],
  ['H', ({ hour }) => pad(hour, 2)],
  ['M', ({ minute }) => pad(minute, 2)],
  ['S', ({ second }) => pad(second, 2)],
  // Instants are whole seconds.
  ['f', () => '000000'],
  ['y', ({ year }) => pad(year % 100, 2)],
  ['b', ({ month }) => monthName(month).slice(0, 3)],
  ['B', ({ month }) => monthName(month)],
  ['a', (_, instant) => weekdayName(instant).slice(0, 3)],
  ['A', (_, instant) => weekdayName(instant)],
  ['j', (time) => pad(dayOfYear(time), 3)],
  ['p', ({ hour }) => (hour < 12 ? 'AM' : 'PM')],
  ['I', ({ hour }) => pad(hour % 12 === 0 ? 12 : hour % 12, 2)],
  // Weeks of the year begin with its first Sunday (%U) or Monday (%W); days before are week 0.
  ['U', (time, instant) => pad(Math.floor((dayOfYear(time) + 6 - weekday(instant)) / 7), 2)],
  [
    'W',
    (time, instant) => pad(Math.floor((dayOfYear(time) + 6 - ((weekday(instant) + 6) % 7)) / 7), 2),
  ],
  ['w', (_, instant) => String(weekday(instant))],
  ['Z', () => ''],
  ['z', () => ''],
  ['%', () => '%'],
])

/** What is wrong with a pattern, in words; null when nothing is. */
export function patternProblem(pattern: string): string | null {
  const known = [...directives.keys()].map((letter) => `%${letter}`).join(' ')
  let told = false
  for (const [written, letter = ''] of pattern.matchAll(/%([\s\S]?)/gu)) {
    if (!directives.has(letter)) return `'${written}' is no directive; there are ${known}`
    told ||= !'%zZ'.includes(letter)
  }
  return told ? null : `a date pattern needs a directive such as %Y or %H; there are ${known}`
}

/** The text of instants by a pattern that has no problem. */
export function formatter(pattern: string): (instant: number) => string {
  const pieces = pattern.split(/(%[\s\S])/u).filter((piece) => piece !== '')
  const parts = pieces.map((piece): string | Directive =>
    piece.startsWith('%') ? (directives.get(piece.slice(1)) ?? piece) : piece,
  )
  return (instant) => {
    if (!(instant >= earliestInstant && instant < latestInstant)) {
      throw new CellFailure('date-out-of-range', 'The date lies outside the years 1 to 9999')
    }
    const time = civilTime(instant)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(time, instant)
    return text
  }
}

function pad(number: number, width: number): string {
  return String(number).padStart(width, '0')
}

function monthName(month: number): string {
  return monthNames[month - 1] ?? ''
}

function weekdayName(instant: number): string {
  return weekdayNames[weekday(instant)] ?? ''
}

function dayOfYear({ year, month, day }: CivilTime): number {
  return dayNumber(year, month, day) - dayNumber(year, 1, 1) + 1
}
