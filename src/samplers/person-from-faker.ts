import { z } from 'zod'
import { oneOf } from '../config/scalars.ts'
import type { Random } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import { defineSampler } from './define.ts'
import { fakePeople, type FakePeople } from './fake-people.ts'
import { countryOf, fakerLocales } from './faker-locales.ts'
import { birthDate, checkAges, ofAge, oldest, personParams } from './person-params.ts'

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
      ...personParams,
    })
    .describe('An invented person: name, age, address, job and more.'),
  converts: 'nothing',
  sampleType: () => 'json',
  check: ({ age_range: ages }, context) => checkAges(ages, context),
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
