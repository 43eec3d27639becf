import { z } from 'zod'
import { quoted } from '../config/literal.ts'
import { oneOf, text } from '../config/scalars.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { datetimeUnits, nextUnit, truncate } from './calendar.ts'
import { defineSampler } from './define.ts'
import { uniformCdf } from './declare-distribution.ts'
import { dateExamples, isRelativeDate, parseDate } from './parse-date.ts'
import { refusal } from './refusal.ts'

/**
 * A whole second in [start, end), then the beginning of the unit it lies in.
 *
 * So with unit Y and a start in May, values are the first of January, before `start`.
 */
export const datetime = defineSampler({
  kind: 'datetime',
  params: z
    .strictObject({
      start: text().describe('First instant: 2026-01-01, or with a time.'),
      end: text().describe('End of the range; itself not drawn.'),
      unit: oneOf(datetimeUnits)
        .default('D')
        .describe('Values are cut down to it; M are months, m minutes.'),
    })
    .describe('A date between two others.'),
  converts: 'instant',
  sampleType: () => 'instant',
  distribution({ start, end, unit }) {
    const low = firstSecond(start) * 1000
    const high = low + secondsIn(start, end) * 1000
    return {
      shape: 'continuous',
      label: `datetime from ${start} to ${end}`,
      of: 'time',
      cdf: (value) => uniformCdf(low, high, value),
      rounding: {
        draws: (cell) => [cell, nextUnit(cell / 1000, unit) * 1000],
        below: (value) => truncate(value / 1000, unit) * 1000,
      },
    }
  },
  instants({ start, end, unit }) {
    const first = firstSecond(start)
    const last = first + secondsIn(start, end) - 1
    return { first: truncate(first, unit), last: truncate(last, unit), unit }
  },
  check({ start, end }, { path, columnName }) {
    const problems = [
      ...dateProblems(start, [...path, 'start'], columnName),
      ...dateProblems(end, [...path, 'end'], columnName),
    ]
    if (problems.length === 0 && secondsIn(start, end) <= 0) {
      problems.push(
        refusal(
          'reversed-range',
          [...path, 'end'],
          `No second lies between the start and the end of column '${columnName}'`,
          {
            expected: `a date after ${quoted(start)}; the end itself is never drawn`,
            received: quoted(end),
          },
        ),
      )
    }
    return problems
  },
  prepare({ start, end, unit }) {
    const first = firstSecond(start)
    const seconds = secondsIn(start, end)
    return (random) => truncate(first + random.below(seconds), unit)
  },
})

function firstSecond(start: string): number {
  return Math.ceil(parseDate(start) ?? Number.NaN)
}

/** How many whole seconds lie in [start, end). */
function secondsIn(start: string, end: string): number {
  return Math.ceil(parseDate(end) ?? Number.NaN) - firstSecond(start)
}

function dateProblems(written: string, path: ConfigPath, columnName: string): Problem[] {
  if (parseDate(written) !== null) return []
  const details = { expected: dateExamples, received: quoted(written) }
  if (!isRelativeDate(written)) {
    return [refusal('bad-date', path, `A bound of column '${columnName}' is not a date`, details)]
  }
  return [
    refusal(
      'bad-date',
      path,
      `A bound of column '${columnName}' is relative to the day of the run, ` +
        'so a resumed or repeated run would make other values',
      { ...details, suggestion: 'Write the date itself.' },
    ),
  ]
}
