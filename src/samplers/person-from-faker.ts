import { z } from 'zod'
import { integer, list, oneOf, refuse, text } from '../config/scalars.ts'
import { withForm } from '../config/json-form.ts'
import type { Random } from '../random/random.ts'
import { dayNumber } from '../util/days.ts'
import type { Value } from '../util/value.ts'
import { civilTime } from './calendar.ts'
import { defineSampler } from './define.ts'
import { fakePeople, type FakePeople } from './fake-people.ts'
import { countryOf, fakerLocales } from './faker-locales.ts'
import { refusal } from './refusal.ts'

/** Ages are those of this day: a run that goes on next year makes the same people. */
const dayOfAges = { year: 2026, month: 1, day: 1 }

const ofAge = 18
const oldest = 114

const maritalStatuses = ['married_present', 'divorced', 'never_married', 'separated', 'widowed']
const educationLevels = [
  'secondary_education',
  'some_college',
  'bachelors',
  'associates',
  'graduate',
  'doctorate',
]
const withDegree: ReadonlySet<string> = new Set(['bachelors', 'graduate', 'doctorate'])
const degreeFields = ['stem', 'business', 'education', 'arts_humanities', 'stem_related']

/** An invented person. */
export const personFromFaker = defineSampler({
  kind: 'person_from_faker',
  params: z
    .strictObject({
      locale: oneOf(fakerLocales)
        .default('en_US')
        .describe('Where the person lives: language, country, names and places.'),
      sex: oneOf(['Male', 'Female'])
        .nullable()
        .default(null)
        .describe('Only persons of this sex; either when left out.'),
      city: oneOrMore()
        .nullable()
        .default(null)
        .describe('The city, or some to choose from; any when left out.'),
      age_range: list(integer({ min: 0, max: oldest }))
        .default([ofAge, oldest])
        .describe('Lowest and highest age, both included.'),
    })
    .describe('An invented person: name, age, address, job and more.'),
  converts: 'nothing',
  sampleType: () => 'json',
  check({ age_range: ages }, { path, columnName }) {
    const [low, high] = ages
    if (ages.length === 2 && low !== undefined && high !== undefined && low < high) return []
    const message = `The age_range of column '${columnName}' is no range`
    return [
      refusal('out-of-range', [...path, 'age_range'], message, {
        expected: `two ages from 0 to ${oldest}, the lower one first`,
        received: `[${ages.join(', ')}]`,
      }),
    ]
  },
  prepare({ locale, sex, city, age_range: [low = ofAge, high = oldest] }) {
    const people = fakePeople(locale)
    const country = countryOf(locale)
    return (random) => {
      people.use(random)
      const { faker } = people
      const chosen = sex ?? pick(random, ['Male', 'Female'])
      const gender = chosen === 'Male' ? 'male' : 'female'
      const age = low + random.below(high - low + 1)
      const firstName = faker.person.firstName(gender)
      const lastName = faker.person.lastName(gender)
      const education = pick(random, educationLevels)
      const isAdult = age >= ofAge
      return new Map<string, Value>([
        ['uuid', uuidOf(random)],
        ['locale', locale],
        ['first_name', firstName],
        ['last_name', lastName],
        ['middle_name', null],
        ['sex', chosen],
        ...addressOf(people, random, city),
        ['age', age],
        ['birth_date', birthDate(random, age)],
        ['country', country],
        ['marital_status', pick(random, maritalStatuses)],
        ['education_level', education],
        ['unit', ''],
        ['occupation', faker.person.jobTitle()],
        ['phone_number', isAdult ? faker.phone.number({ style: 'national' }) : null],
        ['bachelors_field', withDegree.has(education) ? pick(random, degreeFields) : 'no_degree'],
        [
          'email_address',
          isAdult ? faker.internet.exampleEmail({ firstName, lastName }).toLowerCase() : null,
        ],
      ])
    }
  },
})

function addressOf(
  { faker, hasStates, hasPostcodesOfStates }: FakePeople,
  random: Random,
  cityNames: readonly string[] | null,
): [string, Value][] {
  const { location } = faker
  const abbreviation = hasPostcodesOfStates ? location.state({ abbreviated: true }) : null
  const state = abbreviation ?? (hasStates ? location.state() : null)
  return [
    ['street_number', location.buildingNumber().trim()],
    ['street_name', location.street()],
    ['city', cityNames === null ? location.city() : pick(random, cityNames)],
    ['state', state],
    ['postcode', location.zipCode(abbreviation === null ? {} : { state: abbreviation })],
  ]
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[random.below(items.length)]
  if (item === undefined) throw new RangeError('There is nothing to choose from.')
  return item
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

/** A day on which someone was born who has this age. */
function birthDate(random: Random, age: number): string {
  const { year, month, day } = dayOfAges
  const latest = dayNumber(year - age, month, day)
  const days = latest - dayNumber(year - age - 1, month, day)
  const born = civilTime((latest - random.below(days)) * 86_400)
  const digits = [born.month, born.day].map((part) => String(part).padStart(2, '0'))
  return [String(born.year).padStart(4, '0'), ...digits].join('-')
}

/** Version 4, with hyphens. */
function uuidOf(random: Random): string {
  const hex = [0, 1, 2, 3].map(() => random.bits().toString(16).padStart(8, '0')).join('')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20),
  ].join('-')
}
