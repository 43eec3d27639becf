import { CellFailure } from '../graph/failure.ts'
import {
  civilTime,
  type CivilTime,
  type DatetimeUnit,
  earliestInstant,
  latestInstant,
  weekday,
} from './calendar.ts'
import { dayNumber } from '../util/days.ts'

/** ISO 8601 without zone or fraction: what datetime cells are unless `convert_to` says otherwise. */
export const defaultPattern = '%Y-%m-%dT%H:%M:%S'

/** Words in the place of a pattern: cells have the type of that name instead of text. */
const timeTypes = { timestamp: defaultPattern, date: '%Y-%m-%d' } as const

/** The type that a `convert_to` of dates names; null for a pattern. */
export function namedTimeType(convertTo: string): keyof typeof timeTypes | null {
  return convertTo === 'timestamp' || convertTo === 'date' ? convertTo : null
}

/** How the cells of dates are written by a `convert_to`. */
export function datePattern(convertTo: string | null): string {
  if (convertTo === null) return defaultPattern
  const type = namedTimeType(convertTo)
  return type === null ? convertTo : timeTypes[type]
}

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

type Text = (time: CivilTime, instant: number) => string
type Count = (time: CivilTime, instant: number) => number

/** A number with how it is padded where no flag says otherwise. */
interface NumberDirective {
  readonly count: Count
  readonly width: number
  readonly fill: '0' | ' '
}

type Directive = { readonly text: Text } | NumberDirective

function number(width: number, count: Count, fill: '0' | ' ' = '0'): NumberDirective {
  return { count, width, fill }
}

// As Python's strftime on Linux in the C locale, for a time without zone (so %z and %Z are empty).
const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['Y', number(4, ({ year }) => year)],
  ['m', number(2, ({ month }) => month)],
  ['d', number(2, ({ day }) => day)],
  ['H', number(2, ({ hour }) => hour)],
  ['M', number(2, ({ minute }) => minute)],
  ['S', number(2, ({ second }) => second)],
  // Instants are whole seconds.
  ['f', { text: () => '000000' }],
  ['y', number(2, ({ year }) => year % 100)],
  ['b', { text: ({ month }) => monthName(month).slice(0, 3) }],
  ['B', { text: ({ month }) => monthName(month) }],
  ['a', { text: (_, instant) => weekdayName(instant).slice(0, 3) }],
  ['A', { text: (_, instant) => weekdayName(instant) }],
  ['j', number(3, dayOfYear)],
  ['p', { text: ({ hour }) => (hour < 12 ? 'AM' : 'PM') }],
  ['I', number(2, hourOfHalf)],
  // Weeks of the year begin with its first Sunday (%U) or Monday (%W); days before are week 0.
  ['U', number(2, (time, instant) => weekOfYear(time, weekday(instant)))],
  ['W', number(2, (time, instant) => weekOfYear(time, isoWeekday(instant) - 1))],
  ['w', number(1, (_, instant) => weekday(instant))],
  // Weeks by ISO 8601: the first is the one with the year's first Thursday.
  ['G', number(4, (_, instant) => isoWeek(instant).year)],
  ['g', number(2, (_, instant) => isoWeek(instant).year % 100)],
  ['V', number(2, (_, instant) => isoWeek(instant).week)],
  ['u', number(1, (_, instant) => isoWeekday(instant))],
  ['e', number(2, ({ day }) => day, ' ')],
  ['k', number(2, ({ hour }) => hour, ' ')],
  ['l', number(2, hourOfHalf, ' ')],
  ['C', number(2, ({ year }) => Math.floor(year / 100))],
  ['h', { text: ({ month }) => monthName(month).slice(0, 3) }],
  ['P', { text: ({ hour }) => (hour < 12 ? 'am' : 'pm') }],
  ['F', { text: formatOf('%Y-%m-%d') }],
  ['D', { text: formatOf('%m/%d/%y') }],
  ['x', { text: formatOf('%m/%d/%y') }],
  ['T', { text: formatOf('%H:%M:%S') }],
  ['X', { text: formatOf('%H:%M:%S') }],
  ['R', { text: formatOf('%H:%M') }],
  ['r', { text: formatOf('%I:%M:%S %p') }],
  ['c', { text: formatOf('%a %b %e %H:%M:%S %Y') }],
  ['s', { text: (_, instant) => String(instant) }],
  ['Z', { text: () => '' }],
  ['z', { text: () => '' }],
  ['n', { text: () => '\n' }],
  ['t', { text: () => '\t' }],
  ['%', { text: () => '%' }],
])

/** Directives that say nothing of an instant. */
const silent = '%zZnt'
const names = 'aAbBhpP'

const units: ReadonlyMap<DatetimeUnit, string> = new Map([
  ['s', 'sScTXr'],
  ['m', 'MR'],
  ['h', 'HIkl'],
  ['D', 'dejFDxaAwu'],
  ['M', 'mbBh'],
  ['Y', 'YyGgC'],
])

/** The finest unit that a pattern's text tells; null for none. */
export function finestUnit(pattern: string): DatetimeUnit | null {
  const letters = [...pattern.matchAll(written)].map(([, , letter = '']) => letter)
  for (const [unit, telling] of units) {
    if (letters.some((letter) => letter !== '' && telling.includes(letter))) return unit
  }
  return null
}

/** `%d`, `%-d` without padding, `%_d` with spaces, `%0e` with zeros, `%^a` and `%#p` in other case. */
const written = /%([-_0^#]?)([\s\S]?)/gu

/** What is wrong with a pattern, in words; null when nothing is. */
export function patternProblem(pattern: string): string | null {
  if (namedTimeType(pattern) !== null) return null
  const known = [...directives.keys()].map((letter) => `%${letter}`).join(' ')
  let told = false
  for (const [whole, flag = '', letter = ''] of pattern.matchAll(written)) {
    const directive = directives.get(letter)
    if (directive === undefined) return `'${whole}' is not a directive; the directives are ${known}`
    const isFlagged =
      flag === '' || ('-_0'.includes(flag) ? 'count' in directive : names.includes(letter))
    if (!isFlagged) {
      return `'${whole}' is not a directive: -, _ and 0 go with numbers (%-d), ^ and # with names (%^b)`
    }
    told ||= !silent.includes(letter)
  }
  return told
    ? null
    : `a date pattern needs a directive such as %Y or %H; the directives are ${known}`
}

/** The text of instants by a pattern that has no problem. */
export function formatter(pattern: string): (instant: number) => string {
  const format = formatOf(pattern)
  return (instant) => {
    if (!(instant >= earliestInstant && instant < latestInstant)) {
      throw new CellFailure('date-out-of-range', 'The date lies outside the years 1 to 9999')
    }
    return format(civilTime(instant), instant)
  }
}

function formatOf(pattern: string): Text {
  let parts: (string | Text)[] | null = null
  return (time, instant) => {
    // Directives stand for patterns of others, so the table must be there first.
    parts ??= partsOf(pattern)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(time, instant)
    return text
  }
}

function partsOf(pattern: string): (string | Text)[] {
  const parts: (string | Text)[] = []
  let end = 0
  for (const match of pattern.matchAll(written)) {
    const [whole, flag = '', letter = ''] = match
    const directive = directives.get(letter)
    parts.push(pattern.slice(end, match.index), directive ? textOf(directive, flag) : whole)
    end = match.index + whole.length
  }
  parts.push(pattern.slice(end))
  return parts.filter((part) => part !== '')
}

function textOf(directive: Directive, flag: string): Text {
  if ('text' in directive) return flag === '' ? directive.text : inOtherCase(directive.text, flag)
  const { count, width, fill } = directive
  const filling = flag === '_' ? ' ' : flag === '0' ? '0' : fill
  const least = flag === '-' ? 0 : width
  const pad = (value: number): string => String(value).padStart(least, filling)
  // Nearly all numbers are below 100: made once, they cost a look-up.
  const low = Array.from({ length: 100 }, (_, value) => pad(value))
  return (time, instant) => {
    const value = count(time, instant)
    return low[value] ?? pad(value)
  }
}

/** Names in capitals; `#` makes AM and PM small. */
function inOtherCase(text: Text, flag: string): Text {
  return (time, instant) => {
    const name = text(time, instant)
    if (/^[ap]m$/.test(name)) return name
    return flag === '#' && /^[AP]M$/.test(name) ? name.toLowerCase() : name.toUpperCase()
  }
}

function hourOfHalf({ hour }: CivilTime): number {
  return hour % 12 === 0 ? 12 : hour % 12
}

/** 1 is Monday, 7 Sunday. */
function isoWeekday(instant: number): number {
  return ((weekday(instant) + 6) % 7) + 1
}

/** `day` counts from the one that weeks begin with. */
function weekOfYear(time: CivilTime, day: number): number {
  return Math.floor((dayOfYear(time) + 6 - day) / 7)
}

/** The year and week of the Thursday in the same week. */
function isoWeek(instant: number): { year: number; week: number } {
  const thursday = civilTime(instant + (4 - isoWeekday(instant)) * 86_400)
  return { year: thursday.year, week: Math.ceil(dayOfYear(thursday) / 7) }
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
