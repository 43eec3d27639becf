import { describe, expect, test } from 'vitest'
import { nothingLoaded, type Row } from '../graph/kind.ts'
import { createRandom } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import type { SamplerContext } from './define.ts'
import { fakerLocales, missingLocales } from './faker-locales.ts'
import { personFromFaker } from './person-from-faker.ts'

const context: SamplerContext = {
  text: () => () => null,
  textOf: () => (written) => written,
  instant: () => () => 0,
  permutationSeed: () => 0n,
}

const noRow: Row = {
  index: 0,
  get() {
    throw new RangeError('No cell is read here.')
  },
}

function people(params: object, rows: readonly number[]): Record<string, Value>[] {
  const draw = personFromFaker.prepare(personFromFaker.params.parse(params), context, nothingLoaded)
  const random = createRandom(3n, 'people')
  return rows.map((row) => {
    const person = draw(random.at(row), noRow)
    if (!(person instanceof Map)) throw new Error('a person is an object')
    return Object.fromEntries(person as ReadonlyMap<string, Value>)
  })
}

const rows = Array.from({ length: 300 }, (_, row) => row)

function values(params: object, field: string): Set<Value | undefined> {
  return new Set(people(params, rows).map((person) => person[field]))
}

test('a person of a seed never changes, whatever was drawn before', () => {
  expect(people({}, [7])).toEqual(people({}, [0, 3, 7]).slice(2))
  expect(people({ locale: 'fr_FR' }, [7])).toEqual(people({ locale: 'fr_FR' }, [9, 7]).slice(1))
  expect(people({}, [7])).toMatchInlineSnapshot(`
    [
      {
        "age": 24,
        "bachelors_field": "stem_related",
        "birth_date": "2001-12-16",
        "city": "Port Emmet",
        "country": "United States",
        "education_level": "doctorate",
        "email_address": "will_tromp29@example.org",
        "first_name": "Will",
        "last_name": "Tromp",
        "locale": "en_US",
        "marital_status": "separated",
        "middle_name": null,
        "occupation": "Principal Directives Developer",
        "phone_number": "(505) 778-4761",
        "postcode": "73123",
        "sex": "Male",
        "state": "OK",
        "street_name": "Deanna Turnpike",
        "street_number": "6895",
        "unit": "",
        "uuid": "cda0ba5e-c9bc-454e-a9a8-77f2b487647d",
      },
    ]
  `)
})

test('every locale has people with all fields', () => {
  const fields = Object.keys(people({}, [0])[0] ?? {})
  for (const locale of fakerLocales) {
    const [person = {}] = people({ locale, age_range: [20, 30] }, [1])
    expect(Object.keys(person)).toEqual(fields)
    const told = ['first_name', 'last_name', 'street_name', 'city', 'postcode', 'phone_number']
    expect([locale, told.filter((field) => (person[field] ?? '') === '')]).toEqual([locale, []])
    expect(person['locale']).toBe(locale)
  }
  expect(fakerLocales).toHaveLength(74)
  expect(new Set([...fakerLocales, ...missingLocales]).size).toBe(88)
  expect(personFromFaker.params.safeParse({ locale: 'bg_BG' }).success).toBe(false)
})

describe('what is asked for', () => {
  test('sex, city and age', () => {
    expect(values({ sex: 'Female' }, 'sex')).toEqual(new Set(['Female']))
    expect(values({}, 'sex')).toEqual(new Set(['Female', 'Male']))
    expect(values({ city: 'Lyon' }, 'city')).toEqual(new Set(['Lyon']))
    expect(values({ city: ['Lyon', 'Nantes'] }, 'city')).toEqual(new Set(['Lyon', 'Nantes']))
    expect(values({ city: [] }, 'city').size).toBeGreaterThan(100)
    expect(values({ age_range: [17, 19] }, 'age')).toEqual(new Set([17, 18, 19]))
  })

  test('an age range is two ages', () => {
    const told = (params: object): readonly unknown[] =>
      personFromFaker.check?.(personFromFaker.params.parse(params), {
        columnName: 'c',
        path: [],
        referenced: () => null,
      }) ?? []
    expect(told({ age_range: [18, 18] })).toHaveLength(1)
    expect(told({ age_range: [40] })).toHaveLength(1)
    expect(told({ age_range: [0, 114] })).toEqual([])
    expect(personFromFaker.params.safeParse({ age_range: [0, 115] }).success).toBe(false)
  })
})

test('the parts of a person go together', () => {
  for (const person of people({ age_range: [0, 60] }, rows)) {
    const { age, birth_date: birth, phone_number: phone, email_address: address } = person
    const [born, level] = [birth, person['education_level']].map((value) =>
      typeof value === 'string' ? value : '',
    )
    const year = Number(born?.slice(0, 4))
    const isFirst = born?.endsWith('-01-01')
    expect(2026 - year - (isFirst ? 0 : 1)).toBe(age)
    expect([phone === null, address === null]).toEqual([Number(age) < 18, Number(age) < 18])
    const degree = ['bachelors', 'graduate', 'doctorate'].includes(level ?? '')
    expect(person['bachelors_field'] !== 'no_degree').toBe(degree)
    expect(person['uuid']).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    )
    expect(person['country']).toBe('United States')
    expect(person['state']).toMatch(/^[A-Z]{2}$/)
  }
  expect(values({ locale: 'el_GR' }, 'state')).toEqual(new Set([null]))
  expect(values({ locale: 'fr_FR' }, 'country')).toEqual(new Set(['France']))
})
