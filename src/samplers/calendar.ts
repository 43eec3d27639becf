import { dayNumber } from '../util/days.ts'

/**
 * The proleptic Gregorian calendar on whole seconds since 1970, in UTC and without leap seconds.
 * Day arithmetic after Howard Hinnant's "chrono-compatible low-level date algorithms".
 */

export interface CivilTime {
  year: number
  /** 1 to 12. */
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const secondsPerDay = 86_400
const daysPerEra = 146_097

/** 0001-01-01, and the first second of the year 10000: what four digits of a year can say. */
export const earliestInstant = -62_135_596_800
export const latestInstant = 253_402_300_800

export function instantOf({ year, month, day, hour, minute, second }: CivilTime): number {
  return dayNumber(year, month, day) * secondsPerDay + hour * 3600 + minute * 60 + second
}

export function civilTime(instant: number): CivilTime {
  const days = Math.floor(instant / secondsPerDay)
  const seconds = instant - days * secondsPerDay
  // Years begin in March here, so that a leap day is the last of its year.
  const shifted = days + 719_468
  const era = Math.floor(shifted / daysPerEra)
  const dayOfEra = shifted - era * daysPerEra
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / (daysPerEra - 1))) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  }
}

/** 0 is Sunday. */
export function weekday(instant: number): number {
  return (((Math.floor(instant / secondsPerDay) + 4) % 7) + 7) % 7
}

export const datetimeUnits = ['Y', 'M', 'D', 'h', 'm', 's'] as const

export type DatetimeUnit = (typeof datetimeUnits)[number]

const unitSeconds = { D: secondsPerDay, h: 3600, m: 60, s: 1 } as const

/** The beginning of the unit behind the one an instant lies in. */
export function nextUnit(instant: number, unit: DatetimeUnit): number {
  const start = truncate(instant, unit)
  // No unit lasts longer, and none that comes after it is over within half of that.
  const longest = { Y: 366 * secondsPerDay, M: 31 * secondsPerDay, ...unitSeconds }[unit]
  return truncate(start + longest, unit)
}

/** The beginning of the unit an instant lies in. */
export function truncate(instant: number, unit: DatetimeUnit): number {
  if (unit === 'Y' || unit === 'M') {
    const { year, month } = civilTime(instant)
    return dayNumber(year, unit === 'Y' ? 1 : month, 1) * secondsPerDay
  }
  const seconds = unitSeconds[unit]
  return Math.floor(instant / seconds) * seconds
}
