import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { flag, list, mapOf, oneOf, text } from '../config/scalars.ts'
import { type Loaded, LoadFault } from '../graph/kind.ts'
import { createPermutation } from '../random/permutation.ts'
import type { Random } from '../random/random.ts'
import { isMissing } from '../threads/system-error.ts'
import { nearest } from '../util/near-miss.ts'
import type { Value } from '../util/value.ts'
import {
  defineSampler,
  type SamplerCheckContext,
  type SamplerLoadContext,
  type TableCondition,
  type TableFile,
} from './define.ts'
import { americanId, americanPhone, emailOf } from './person-contacts.ts'
import {
  columnOf,
  detailFields,
  fieldOf,
  madeFields,
  neededFields,
  personaFields,
  personLocales,
} from './person-fields.ts'
import { birthDate, checkAges, ofAge, oldest, personParams } from './person-params.ts'
import { refusal } from './refusal.ts'

const selectable = [...detailFields, 'state', ...madeFields, ...personaFields]

/** The persons a column draws from. */
export interface LoadedPersons extends Loaded {
  /** Numbers of the rows of the table. */
  readonly chosen: Uint32Array
  /** Columns of `details` and `personas`. */
  readonly detailColumns: readonly string[]
  readonly personaColumns: readonly string[]
  readonly details: (row: number) => readonly Value[]
  readonly personas: (row: number) => readonly Value[]
}

const params = z
  .strictObject({
    locale: oneOf(personLocales)
      .default('en_US')
      .describe('Which table of persons: their country and language.'),
    ...personParams,
    select_field_values: mapOf(list(text()))
      .nullable()
      .default(null)
      .describe('Fields and the values they may have; only persons who fit all of them.'),
    with_synthetic_personas: flag()
      .default(false)
      .describe('Whether persons have the texts about them: interests, skills, character.'),
  })
  .describe("A person from NeMo Data Designer's tables of personas, which must be on this machine.")

type PersonParams = z.output<typeof params>

/** A person of a table, drawn without repeats until all who fit were drawn. */
export const person = defineSampler<PersonParams, LoadedPersons>({
  kind: 'person',
  params,
  converts: 'nothing',
  sampleType: () => 'json',
  check: ({ age_range: ages, select_field_values: selected }, context) => [
    ...checkAges(ages, context),
    ...checkFields([...(selected?.keys() ?? [])], context),
  ],
  async load(config, context) {
    const path = tablePath(config.locale, context.environment)
    const table = await openTable(path, config.locale, context)
    const conditions = conditionsOf(config, table, path)
    const chosen = await table.rowsWhere(conditions)
    if (chosen.length === 0) throw nobodyFits(path)
    const detailColumns = detailFields.filter((field) => table.columns.includes(field))
    const personaColumns = config.with_synthetic_personas
      ? personaFields.filter((field) => table.columns.includes(field))
      : []
    return {
      identity: table.identity,
      chosen,
      detailColumns,
      personaColumns,
      details: await table.reader(detailColumns),
      personas: personaColumns.length === 0 ? () => [] : await table.reader(personaColumns),
    }
  },
  prepare({ locale }, context, { chosen, detailColumns, personaColumns, details, personas }) {
    const seed = context.permutationSeed()
    let order = orderOf(seed, 0, chosen.length)
    let pass = 0
    return (random, { index }) => {
      const wanted = Math.floor(index / chosen.length)
      if (wanted !== pass) {
        order = orderOf(seed, wanted, chosen.length)
        pass = wanted
      }
      const row = chosen[order(index % chosen.length)] ?? 0
      const values = new Map(zip(detailColumns, details(row)))
      return assemble(random, locale, values, new Map(zip(personaColumns, personas(row))))
    }
  },
})

/** Each pass over all persons who fit has a separate order. */
function orderOf(seed: bigint, pass: number, size: number): (index: number) => number {
  return createPermutation(seed, `persons/${pass}`, size)
}

function zip(names: readonly string[], values: readonly Value[]): [string, Value][] {
  return names.map((name, at) => [name, values[at] ?? null])
}

function assemble(
  random: Random,
  locale: string,
  values: ReadonlyMap<string, Value>,
  personas: ReadonlyMap<string, Value>,
): Value {
  const whole = new Map<string, Value>()
  for (const field of detailFields) {
    if (field === 'locale') whole.set('locale', locale)
    else if (values.has(field) && fieldOf(field, locale) === field) {
      whole.set(field, values.get(field) ?? null)
    }
  }
  const age = Number(values.get('age') ?? 0)
  const born = birthDate(random, Math.max(0, Math.min(oldest, Math.trunc(age))))
  const isAmerican = locale === 'en_US'
  const state = isAmerican ? (values.get('region') ?? null) : null
  const hasPhone = isAmerican && age >= ofAge && (values.get('postcode') ?? null) !== null
  const names = { first: textOf(values, 'first_name'), last: textOf(values, 'last_name') }
  whole.set('birth_date', born)
  whole.set('phone_number', hasPhone ? americanPhone(random, textOf(values, 'region')) : null)
  const email = age >= ofAge ? emailOf(random, { ...names, year: born.slice(0, 4) }) : null
  whole.set('email_address', email)
  whole.set('national_id', isAmerican ? americanId(random) : null)
  if (isAmerican && values.has('region')) whole.set('state', state)
  for (const [field, value] of personas) whole.set(field, value)
  return whole
}

function textOf(values: ReadonlyMap<string, Value>, field: string): string {
  const value = values.get(field)
  return typeof value === 'string' ? value : ''
}

/** Where NeMo Data Designer keeps its tables. */
function tablePath(locale: string, environment: SamplerLoadContext['environment']): string {
  const { DATA_DESIGNER_MANAGED_ASSETS_PATH: assets, DATA_DESIGNER_HOME: home } = environment
  const folder = assets ?? join(home ?? join(homedir(), '.data-designer'), 'managed-assets')
  return join(withHome(folder), 'datasets', `${locale}.parquet`)
}

function withHome(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, homedir())
}

async function openTable(
  path: string,
  locale: string,
  context: SamplerLoadContext,
): Promise<TableFile> {
  let table: TableFile
  try {
    table = await context.openTable(path)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new LoadFault(`there is no table of persons ${path}`, {
      cause: error,
      code: 'person-table-missing',
      field: 'params',
      suggestion:
        `Get it with 'data-designer download personas --locale ${locale}', or set ` +
        'DATA_DESIGNER_MANAGED_ASSETS_PATH to the folder that has datasets/. Without it, ' +
        'sampler_type: person_from_faker invents persons with name, age, address and job.',
    })
  }
  const lacking = neededFields.filter((field) => !table.columns.includes(field))
  if (lacking.length === 0) return table
  throw new LoadFault(
    `${path} is not a table of persons: it has no values of ${lacking.join(', ')}`,
    {
      code: 'person-table-wrong',
      field: 'params',
      suggestion: 'Fetch the table again.',
    },
  )
}

function conditionsOf(
  { locale, sex, city, age_range: ages, select_field_values: selected }: PersonParams,
  { columns }: TableFile,
  path: string,
): TableCondition[] {
  // What is wrong with the parameters themselves is reported by their check.
  const [from = 0, to = oldest] = ages
  const words: [string, readonly string[]][] = [
    ...(sex === null ? [] : [['sex', [sex]] as [string, string[]]]),
    ...(city === null ? [] : [['city', city] as [string, readonly string[]]]),
    ...(selected ?? []),
  ]
  const conditions: TableCondition[] = from < to ? [{ column: 'age', from, to }] : []
  for (const [field, anyOf] of words) {
    if (anyOf.length === 0 || !selectable.includes(field)) continue
    const column = columnOf(field, locale)
    if (!columns.includes(column)) throw noSuchField(field, columns, locale, path)
    conditions.push({ column, anyOf })
  }
  return conditions
}

function noSuchField(
  field: string,
  columns: readonly string[],
  locale: string,
  path: string,
): LoadFault {
  const known = [...detailFields, ...personaFields]
    .filter((name) => columns.includes(name))
    .map((name) => fieldOf(name, locale))
  return new LoadFault(`persons can't be chosen by '${field}': ${path} has no such column`, {
    code: 'unknown-field',
    field: 'params',
    suggestion: `Choose by one of ${known.join(', ')}.`,
  })
}

function nobodyFits(path: string): LoadFault {
  return new LoadFault(
    `no person in ${path} matches age_range, sex, city and select_field_values`,
    {
      code: 'nobody-fits',
      field: 'params',
      suggestion: 'Loosen one of them.',
    },
  )
}

function checkFields(
  fields: readonly string[],
  { path, columnName }: SamplerCheckContext,
): Problem[] {
  return fields
    .filter((field) => !selectable.includes(field))
    .map((field) => {
      const meant = nearest(field, selectable)
      const message = `Column '${columnName}' chooses persons by a field that none has`
      return refusal('unknown-field', [...path, 'select_field_values', field], message, {
        expected: "a person's field, such as state, education_level or occupation",
        received: `'${field}'`,
        ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
      })
    })
}
