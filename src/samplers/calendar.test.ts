import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  civilTime,
  datetimeUnits,
  earliestInstant,
  instantOf,
  latestInstant,
  truncate,
  weekday,
} from './calendar.ts'
import { daysInMonth } from '../util/days.ts'
import { readFileSync } from 'node:fs'
import { parseDate } from './parse-date.ts'
import { formatter, patternProblem } from './strftime.ts'

const anyInstant = fc.integer({ min: earliestInstant, max: latestInstant - 1 })

function iso(instant: number): string {
  return formatter('%Y-%m-%dT%H:%M:%S')(instant)
}

describe('the calendar', () => {
  test('agrees with the one of JavaScript, both ways', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        const date = new Date(instant * 1000)
        expect(iso(instant)).toBe(date.toISOString().slice(0, 19))
        expect(instantOf(civilTime(instant))).toBe(instant)
        expect(weekday(instant)).toBe(date.getUTCDay())
      }),
      { numRuns: 1000 },
    )
  })

  test('knows leap years', () => {
    expect([1900, 2000, 2023, 2024].map((year) => daysInMonth(year, 2))).toEqual([28, 29, 28, 29])
    expect(
      iso(instantOf({ year: 2024, month: 2, day: 29, hour: 23, minute: 59, second: 60 })),
    ).toBe('2024-03-01T00:00:00')
  })

  test('truncates down to the beginning of each unit', () => {
    const instant = parseDate('2024-05-15 13:47:59') ?? 0
    expect(datetimeUnits.map((unit) => iso(truncate(instant, unit)))).toEqual([
      '2024-01-01T00:00:00',
      '2024-05-01T00:00:00',
      '2024-05-15T00:00:00',
      '2024-05-15T13:00:00',
      '2024-05-15T13:47:00',
      '2024-05-15T13:47:59',
    ])
    expect(iso(truncate(-1, 'D'))).toBe('1969-12-31T00:00:00')
    fc.assert(
      fc.property(anyInstant, fc.constantFrom(...datetimeUnits), (some, unit) => {
        const truncated = truncate(some, unit)
        expect(truncated).toBeLessThanOrEqual(some)
        expect(truncate(truncated, unit)).toBe(truncated)
      }),
    )
  })
})

describe('dates as people write them', () => {
  test.each([
    ['2025-01-31', '2025-01-31T00:00:00'],
    ['2025-1-3', '2025-01-03T00:00:00'],
    ['2025', '2025-01-01T00:00:00'],
    ['2025-03', '2025-03-01T00:00:00'],
    ['20250131', '2025-01-31T00:00:00'],
    ['2025/01/31', '2025-01-31T00:00:00'],
    ['2025-01-31 14:30', '2025-01-31T14:30:00'],
    ['2025-01-31T14:30:15', '2025-01-31T14:30:15'],
    ['2025-01-31T14:30:15Z', '2025-01-31T14:30:15'],
    ['2025-01-31T14:30:15+02:00', '2025-01-31T12:30:15'],
    ['2025-01-31 14:30-0530', '2025-01-31T20:00:00'],
    ['2025-01-01T00:30:00 +01', '2024-12-31T23:30:00'],
    ['01/31/2025', '2025-01-31T00:00:00'],
    ['31/01/2025', '2025-01-31T00:00:00'],
    ['1/5/2025 3:30 PM', '2025-01-05T15:30:00'],
    ['1/5/2025 12:00 am', '2025-01-05T00:00:00'],
    ['Jan 5 2025', '2025-01-05T00:00:00'],
    ['January 5, 2025', '2025-01-05T00:00:00'],
    ['Jan 5, 2025 08:15', '2025-01-05T08:15:00'],
    ['5 Jan 2025', '2025-01-05T00:00:00'],
    ['5-Sept-2025', '2025-09-05T00:00:00'],
    ['3rd March 2025', '2025-03-03T00:00:00'],
    ['Jan 2025', '2025-01-01T00:00:00'],
    [' 2024-02-29 ', '2024-02-29T00:00:00'],
    ['0001-01-01', '0001-01-01T00:00:00'],
  ])('%s', (written, expected) => expect(iso(parseDate(written) ?? Number.NaN)).toBe(expected))

  test('keeps fractions of a second', () => {
    expect(parseDate('1970-01-01T00:00:01.25')).toBe(1.25)
  })

  test.each([
    '',
    'now',
    'soon',
    '2025-13-01',
    '2025-02-29',
    '2025-00-10',
    '2025-01-31 25:00',
    '2025-01-31 10:61',
    '2025-01-31T10:00:00+24:00',
    '13:00',
    '2025-01/31',
    'Foo 5 2025',
    '99999-01-01',
    '1/5/2025 13:00 PM',
  ])('%j is not a date', (written) => expect(parseDate(written)).toBeNull())
})

describe('patterns', () => {
  const instant = parseDate('2012-12-21T15:04:05') ?? 0

  test('agrees with Python on Linux in every directive and flag', () => {
    const path = new URL('fixtures/strftime.json', import.meta.url)
    const { patterns, times } = JSON.parse(readFileSync(path, 'utf8')) as {
      patterns: string[]
      times: { time: string; texts: string[] }[]
    }
    for (const { time, texts } of times) {
      const seconds = Date.parse(`${time}Z`) / 1000
      const made = patterns.map((pattern) => formatter(pattern)(seconds))
      expect(made, time).toEqual(texts)
    }
    expect(patterns.map(patternProblem).filter((problem) => problem !== null)).toHaveLength(5)
  })

  test.each(['%-F', '%^d', '%_B', '%#%', '%-Z', '%--d', '%3d', '%Ey', '%N'])(
    '%s is refused',
    (pattern) => {
      expect(patternProblem(`%Y ${pattern}`)).toContain('is not a directive')
    },
  )

  // As Python's strftime gives them for the same naive datetimes.
  test.each([
    ['%d/%m/%Y %H:%M', '21/12/2012 15:04'],
    ['%B %Y', 'December 2012'],
    ['%A, %d %b %y', 'Friday, 21 Dec 12'],
    ['%a %I:%M:%S %p', 'Fri 03:04:05 PM'],
    ['%j %U %W %w', '356 51 51 5'],
    ['100%% %f', '100% 000000'],
    ['%Y%Z%z!', '2012!'],
    ['%Y年%m月', '2012年12月'],
  ])('%s', (pattern, expected) => {
    expect(patternProblem(pattern)).toBeNull()
    expect(formatter(pattern)(instant)).toBe(expected)
  })

  test('counts weeks as Python does around the new year', () => {
    const weeks = formatter('%U %W %j')
    const of = (text: string) => weeks(parseDate(text) ?? Number.NaN)
    expect(of('2023-01-01')).toBe('01 00 001')
    expect(of('2024-01-01')).toBe('00 01 001')
    expect(of('2024-12-31')).toBe('52 53 366')
    expect(formatter('%I %p')(parseDate('2024-01-01 00:10') ?? 0)).toBe('12 AM')
  })

  test('refuses what is none', () => {
    expect(patternProblem('%Q')).toContain("'%Q' is not a directive; the directives are %Y %m")
    expect(patternProblem('%Y %')).toContain("'%' is not a directive")
    expect(patternProblem('int')).toContain('needs a directive')
    expect(patternProblem('%%')).toContain('needs a directive')
    expect(patternProblem('%-Q')).toContain("'%-Q' is not a directive")
  })

  test('a year of five digits fails its cell', () => {
    expect(() => formatter('%Y')(latestInstant)).toThrow('outside the years 1 to 9999')
  })
})
