import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import type { Problem } from '../config/problem.ts'
import { integer, list, oneOf, refuse, text } from '../config/scalars.ts'
import type { Random } from '../random/random.ts'
import { dayNumber } from '../util/days.ts'
import { civilTime } from './calendar.ts'
import type { SamplerCheckContext } from './define.ts'
import { refusal } from './refusal.ts'

export const ofAge = 18
export const oldest = 114

/** Ages are those of this day: a run that continues next year makes the same people. */
const dayOfAges = { year: 2026, month: 1, day: 1 }

/** Parameters of both kinds of persons. */
export const personParams = {
  sex: oneOf(['Male', 'Female'])
    .nullable()
    .default(null)
    .describe('Only persons of this sex; either by default.'),
  city: oneOrMore()
    .nullable()
    .default(null)
    .describe('The city, or a list of cities; any by default.'),
  age_range: list(integer({ min: 0, max: oldest }))
    .default([ofAge, oldest])
    .describe('Lowest and highest age, both included.'),
}

export function checkAges(
  ages: readonly number[],
  { path, columnName }: SamplerCheckContext,
): Problem[] {
  const [low, high] = ages
  if (ages.length === 2 && low !== undefined && high !== undefined && low < high) return []
  const message = `The age_range of column '${columnName}' is not a range`
  return [
    refusal('out-of-range', [...path, 'age_range'], message, {
      expected: `two ages from 0 to ${oldest}, the lower one first`,
      received: `[${ages.join(', ')}]`,
    }),
  ]
}

/** A day on which someone was born who has this age. */
export function birthDate(random: Random, age: number): string {
  const { year, month, day } = dayOfAges
  const latest = dayNumber(year - age, month, day)
  const days = latest - dayNumber(year - age - 1, month, day)
  const born = civilTime((latest - random.below(days)) * 86_400)
  const digits = [born.month, born.day].map((part) => String(part).padStart(2, '0'))
  return [String(born.year).padStart(4, '0'), ...digits].join('-')
}

/** A text or a list of texts; an empty list is none. */
function oneOrMore(): z.ZodType<readonly string[] | null> {
  const city = text({ nonEmpty: true })
  const cities = list(city)
  const schema = z.unknown().transform((input, context) => {
    const read = cities.safeParse(Array.isArray(input) ? input : [input])
    if (read.success) return read.data.length === 0 ? null : read.data
    return refuse(context, input, {
      code: 'wrong-type',
      expected: 'the name of a city, or a list of names',
    })
  })
  return withForm(schema, { like: () => z.union([city, cities]) })
}
