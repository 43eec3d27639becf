import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create, open, preview, validate } from '../src/index.ts'
import { tablePerson, writePersonTable } from './support/person-table.ts'

let root = ''
let environment: Record<string, string> = {}
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-persons-'))
  const assets = await writePersonTable(join(root, 'assets'))
  environment = { DATA_DESIGNER_MANAGED_ASSETS_PATH: assets, XDG_CACHE_HOME: join(root, 'cache') }
})
afterAll(() => rm(root, { recursive: true, force: true }))

type Params = Record<string, unknown>
interface Person extends Record<string, unknown> {
  last_name: string
  age: number
}

function columnOf(params: Params, name = 'who'): object {
  return { name, column_type: 'sampler', sampler_type: 'person', params }
}

function configOf(params: Params): { config: object } {
  return { config: { columns: [columnOf(params)] } }
}

async function people(params: Params, rows: number, more: object = {}): Promise<Person[]> {
  const { records } = await preview({
    config: configOf(params),
    rows,
    seed: 3n,
    environment,
    ...more,
  })
  return records.map(({ who }) => who as Person)
}

async function problemsOf(params: Params, own = environment): Promise<unknown[]> {
  const { problems } = await validate({ config: configOf(params), environment: own })
  return problems.map(({ code, path, message, suggestion }) => ({
    code,
    path: path.join('.'),
    message: message.replaceAll(root, '<root>'),
    suggestion,
  }))
}

const indexOf = ({ last_name: name }: Person): number => Number(name.replace('Number ', ''))

describe('a person of a table', () => {
  test('has the fields of NeMo Data Designer, in its order', async () => {
    const [person] = await people({}, 1)
    expect(Object.keys(person ?? {})).toEqual(
      (
        'first_name middle_name last_name sex age postcode city education_level locale birth_date ' +
        'phone_number email_address national_id state'
      ).split(' '),
    )
    const drawn = tablePerson(indexOf(person as Person))
    expect(person).toMatchObject({
      first_name: 'Zoë',
      sex: drawn.sex,
      age: drawn.age,
      city: drawn.city,
      state: drawn.region,
      locale: 'en_US',
      phone_number: expect.stringMatching(/^\d{3}-[2-9]\d\d-\d{4}$/) as string,
      email_address: expect.stringMatching(/^zoe[._]?number\d+@example\.(com|net|org)$/) as string,
      national_id: expect.stringMatching(/^9\d\d-[0-4]\d-\d{4}$/) as string,
    })
    expect(2026 - drawn.age - Number(String(person?.['birth_date']).slice(0, 4))).toBeOneOf([0, 1])
  })

  test('has the texts about it where these are wanted', async () => {
    const made = await people({ with_synthetic_personas: true }, 20)
    for (const person of made) {
      expect(person['persona']).toBe(`${person.last_name} likes rain.`)
      expect(person['openness']).toEqual({ t_score: person.age, label: 'low' })
      expect(Object.keys(person)).not.toContain('internal_rank')
    }
  })

  test('fits what is asked', async () => {
    const made = await people(
      {
        sex: 'Male',
        age_range: [30, 65],
        city: ['Albany', 'Fresno'],
        select_field_values: { state: ['NY'], education_level: [] },
      },
      40,
    )
    for (const { age, sex, city, state } of made) {
      expect({ sex, city, state }).toEqual({ sex: 'Male', city: 'Albany', state: 'NY' })
      expect(age).toBeGreaterThanOrEqual(30)
      expect(age).toBeLessThanOrEqual(65)
    }
  })

  test('is none twice, until everybody who fits was drawn', async () => {
    const fitting = Array.from({ length: 240 }, (_, index) => tablePerson(index)).filter(
      ({ age, sex }) => age >= 18 && sex === 'Male',
    ).length
    const made = await people({ sex: 'Male' }, fitting * 2)
    const first = made.slice(0, fitting).map(indexOf)
    const second = made.slice(fitting).map(indexOf)
    expect(new Set(first).size).toBe(fitting)
    expect(new Set(second)).toEqual(new Set(first))
    expect(second).not.toEqual(first)
  })

  test('has no phone and no address below 18, no phone without a postcode', async () => {
    const made = await people({ age_range: [10, 17] }, 24)
    for (const person of made) {
      expect(person).toMatchObject({ phone_number: null, email_address: null })
    }
    const seventh = made.find((person) => indexOf(person) === 7)
    expect(seventh?.['postcode']).toBeNull()
  })

  test('stands in a row whatever the groups, and in addition to conditions', async () => {
    const whole = await people({}, 60)
    expect(await people({}, 60, { runConfig: { buffer_size: 7 } })).toEqual(whole)
    expect(await people({}, 25)).toEqual(whole.slice(0, 25))
    const config = {
      columns: [
        {
          name: 'group',
          column_type: 'sampler',
          sampler_type: 'category',
          params: { values: ['old', 'young'] },
        },
        {
          name: 'who',
          column_type: 'sampler',
          sampler_type: 'person',
          params: { age_range: [18, 40] },
          conditional_params: { "group == 'old'": { age_range: [60, 89] } },
        },
      ],
    }
    const { records } = await preview({ config: { config }, rows: 40, seed: 3n, environment })
    for (const { group, who } of records) {
      expect((who as Person).age >= 60).toBe(group === 'old')
    }
  })
})

test('a run that continues later has the same people, whoever was drawn meanwhile', async () => {
  const out = join(root, 'run')
  const options = { config: configOf({}), seed: 9n, environment, out }
  await create({ ...options, rows: 10 })
  await create({ ...options, rows: 30 })
  await using dataset = await open(out)
  const records = []
  for await (const record of dataset.records()) records.push(record)
  expect(records.map(({ who }) => who)).toEqual(await people({}, 30, { seed: 9n }))
})

test('a table is copied once, and a changed one anew', async () => {
  const own = {
    DATA_DESIGNER_HOME: join(root, 'home'),
    XDG_CACHE_HOME: join(root, 'own-cache'),
  }
  await writePersonTable(join(root, 'home', 'managed-assets'), { size: 20 })
  const both = { columns: [columnOf({}), columnOf({ sex: 'Male' }, 'other')] }
  const { records } = await preview({ config: { config: both }, rows: 5, environment: own })
  expect(records).toHaveLength(5)
  const tables = join(root, 'own-cache', 'rowsmith', 'tables')
  const [table = ''] = await readdir(tables)
  const kept = await readdir(join(tables, table))
  expect(kept.filter((name) => name.endsWith('.rows'))).toHaveLength(2)
  expect(kept).toHaveLength(3)

  await writePersonTable(join(root, 'home', 'managed-assets'), { size: 30 })
  await preview({ config: configOf({}), rows: 1, environment: own })
  const later = await readdir(join(tables, table))
  expect(later).toHaveLength(2)
  expect(kept.filter((name) => later.includes(name))).toEqual([])
  // Row numbers that are damaged are found again.
  const [rows = ''] = later.filter((name) => name.endsWith('.rows'))
  await writeFile(join(tables, table, rows), 'damaged')
  expect((await preview({ config: configOf({}), rows: 5, environment: own })).records).toHaveLength(
    5,
  )
})

test('what is wrong is said with the way out', async () => {
  expect(await problemsOf({ locale: 'ja_JP' })).toMatchInlineSnapshot(`
    [
      {
        "code": "person-table-missing",
        "message": "Column 'who' can't be loaded: there is no table of persons <root>/assets/datasets/ja_JP.parquet",
        "path": "columns.0.params",
        "suggestion": "Get it with 'data-designer download personas --locale ja_JP', or set DATA_DESIGNER_MANAGED_ASSETS_PATH to the folder that has datasets/. Without it, sampler_type: person_from_faker invents persons with name, age, address and job.",
      },
    ]
  `)
  expect(await problemsOf({ select_field_values: { zone: ['x'] } })).toMatchInlineSnapshot(`
    [
      {
        "code": "unknown-field",
        "message": "Column 'who' can't be loaded: persons can't be chosen by 'zone': <root>/assets/datasets/en_US.parquet has no such column",
        "path": "columns.0.params",
        "suggestion": "Choose by one of first_name, middle_name, last_name, sex, age, postcode, city, state, education_level, persona, openness.",
      },
    ]
  `)
  expect(await problemsOf({ select_field_values: { first_nam: ['x'] } })).toMatchInlineSnapshot(`
    [
      {
        "code": "unknown-field",
        "message": "Column 'who' chooses persons by a field that none has",
        "path": "columns.0.params.select_field_values.first_nam",
        "suggestion": "Did you mean 'first_name'?",
      },
    ]
  `)
  expect(await problemsOf({ city: 'Nowhere' })).toMatchInlineSnapshot(`
    [
      {
        "code": "nobody-fits",
        "message": "Column 'who' can't be loaded: no person in <root>/assets/datasets/en_US.parquet matches age_range, sex, city and select_field_values",
        "path": "columns.0.params",
        "suggestion": "Loosen one of them.",
      },
    ]
  `)
  expect(await problemsOf({ age_range: [9, 9] })).toMatchInlineSnapshot(`
    [
      {
        "code": "out-of-range",
        "message": "The age_range of column 'who' is not a range",
        "path": "columns.0.params.age_range",
        "suggestion": undefined,
      },
    ]
  `)
  await writeFile(join(root, 'assets', 'datasets', 'fr_FR.parquet'), 'no table')
  expect(await problemsOf({ locale: 'fr_FR' })).toMatchInlineSnapshot(`
    [
      {
        "code": "bad-parquet",
        "message": "Column 'who' can't be loaded: <root>/assets/datasets/fr_FR.parquet: the file is not readable as Parquet: it has 8 bytes",
        "path": "columns.0.params",
        "suggestion": "The writer may not have finished it; write it again.",
      },
    ]
  `)
})
