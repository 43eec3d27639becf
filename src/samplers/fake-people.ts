import { createRequire } from 'node:module'
import type { Faker } from '@faker-js/faker'
import type { Random } from '../random/random.ts'
import { dataOf } from './faker-locales.ts'

/** Names, places and jobs of a locale, drawn from an address of randomness. */
export interface FakePeople {
  readonly faker: Faker
  /** What is drawn next is drawn from there. */
  use(random: Random): void
  /** Whether the locale has states of its own. */
  readonly hasStates: boolean
  /** Whether its postcodes go with its states. */
  readonly hasPostcodesOfStates: boolean
}

// A locale is some tenths of a second to load: only configs that name it pay.
const load = createRequire(import.meta.url)

/** Loads a locale's data, the first time it is asked for. */
export function fakePeople(locale: string): FakePeople {
  const data = fakerOf(dataOf(locale))
  const english = fakerOf('en')
  let current: Random | null = null
  const faker = new (constructorOf(data))({
    locale: data.rawDefinitions,
    randomizer: {
      next() {
        if (current === null) throw new RangeError('Nothing is drawn before there is a row.')
        return current.uniform()
      },
      // Its seed is the row's address.
      seed: () => undefined,
    },
  })
  const states: unknown = data.rawDefinitions.location?.['state']
  const isAmerican = dataOf(locale) === 'en_US'
  return {
    faker,
    use(random) {
      current = random
    },
    // Where a locale has none, the library takes the American ones.
    hasStates:
      isAmerican ||
      (Array.isArray(states) && states !== english.rawDefinitions.location?.['state']),
    hasPostcodesOfStates: isAmerican,
  }
}

function fakerOf(data: string): Faker {
  // A module of a locale exports one instance.
  return (load(`@faker-js/faker/locale/${data}`) as { faker: Faker }).faker
}

/** The class comes with the instance: the library's main module would load all locales. */
function constructorOf(faker: Faker): typeof Faker {
  return faker.constructor as typeof Faker
}
