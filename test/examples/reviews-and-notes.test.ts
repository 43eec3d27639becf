import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { copyExample, countsOf } from '../support/example-run.ts'

/*
 * The examples, each by the command on its page, with its scripted model: what the dataset of such a job
 * must be, checked in the records.
 */
interface Opinion {
  stars: number
  guessed_stars: number
  product_name: string
}

test('product-reviews: stars evenly spread, names once, tones that go with the stars', async () => {
  await using example = await copyExample('product-reviews')
  const { dir, result, records } = await example.make<Opinion>({ rows: 60 })
  expect(records).toHaveLength(60)
  // Chi-square with four degrees of freedom: 13.3 is exceeded at random once in a hundred times.
  const counts = countsOf(records, ({ stars }) => String(stars))
  expect(Object.keys(counts)).toEqual(['1', '2', '3', '4', '5'])
  const squares = Object.values(counts).map((count) => (count - 12) ** 2 / 12)
  expect(squares.reduce((sum, square) => sum + square, 0)).toBeLessThan(13.3)
  expect(new Set(records.map(({ product_name: name }) => name)).size).toBe(60)
  // Reviews that are kind whatever the stars do not stay.
  expect(result.rows.rejected).toBeGreaterThan(0)
  expect(records.filter((each) => Math.abs(each.stars - each.guessed_stars) > 1)).toEqual([])
  await using dataset = await open(dir)
  const { agreement } = await dataset.report()
  expect(agreement[0]?.alpha).toBeGreaterThan(0.8)
})

interface Review {
  stars: number
  complaint: { cause: string } | null
  action_items: string | null
  summary: string
}

test('structured-reviews: work for some rows costs nothing in the others', async () => {
  await using example = await copyExample('structured-reviews')
  const { dir, records, requests } = await example.make<Review>()
  expect(records).toHaveLength(50)
  const bad = records.filter(({ stars }) => stars <= 2)
  const good = records.filter(({ stars }) => stars > 2)
  expect(bad.length).toBeGreaterThan(10)
  expect(good.length).toBeGreaterThan(10)
  expect(good.filter(({ complaint, action_items }) => complaint ?? action_items)).toEqual([])
  expect(records.filter(({ summary }) => summary.length < 10)).toEqual([])

  // Every null is a skipped cell or a failed one, and which it is stays known.
  await using dataset = await open(dir)
  const failed = [...dataset.failures()].filter(({ outcome }) => outcome !== 'dropped')
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.filter(({ row }) => records[row]?.complaint !== null)).toEqual([])
  const { columns } = await dataset.report()
  expect(columns.find(({ name }) => name === 'complaint')?.nulls).toMatchObject({
    count: good.length + failed.length,
    skipped: good.length,
    failed: [{ code: 'answer-without-json', count: failed.length }],
  })
  const stateOf = async (row: number): Promise<string | undefined> =>
    (await dataset.row(row)).cells.find(({ column }) => column === 'complaint')?.state
  expect(await stateOf(failed[0]?.row ?? -1)).toBe('failed')
  expect(await stateOf(records.findIndex(({ stars }) => stars > 2))).toBe('skipped')

  // Skipped cells were not asked for; a failed one was asked for twelve times.
  const asked = Object.fromEntries(requests)
  expect(asked).toEqual({
    product: 50,
    review: 50,
    complaint: bad.length - failed.length + failed.length * 12,
    action_items: bad.length - failed.length,
  })
})

test('structured-reviews in TypeScript', async () => {
  await using example = await copyExample('structured-reviews')
  const { code, stdout, stderr } = await example.program('example.ts', '--scripted')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^\d+ complaints about (quality|price)\n/)
})

interface Note {
  patient_id: string
  case_id: number
  onset: string
  visit: string
  who: string
  patient_sex: string
  patient_age: number
  review: { diagnosis: { score: string } }
}

const persons: { [who: string]: { sex: RegExp; from: number; to: number } } = {
  woman: { sex: /^Female$/, from: 20, to: 45 },
  'older man': { sex: /^Male$/, from: 60, to: 75 },
  'young adult': { sex: /^/, from: 18, to: 40 },
  adult: { sex: /^/, from: 30, to: 65 },
  'older adult': { sex: /^/, from: 55, to: 85 },
}

function isFitting({ who, patient_sex: sex, patient_age: age }: Note): boolean {
  const person = persons[who]
  return person !== undefined && person.sex.test(sex) && age >= person.from && age <= person.to
}

test('clinical-notes: cases take turns, and persons and notes fit them', async () => {
  await using example = await copyExample('clinical-notes')
  const text = await readFile(example.path('config.yaml'), 'utf8')
  // First without the filter, so that every row has a record.
  await writeFile(example.path('config.yaml'), text.replace(/\nprocessors:[^]*/, ''))
  const { records } = await example.make<Note>()
  expect(records).toHaveLength(40)
  // Each eight in a row are the eight cases: none comes again before all had their turn.
  const cases = records.map((record) => record.case_id)
  for (let round = 0; round < 40; round += 8) {
    expect(new Set(cases.slice(round, round + 8)).size).toBe(8)
  }
  const days = records.map(
    ({ onset, visit }) => (Date.parse(visit) - Date.parse(onset)) / 86_400_000,
  )
  expect(Math.min(...days)).toBeGreaterThanOrEqual(1)
  expect(Math.max(...days)).toBeLessThanOrEqual(30)
  expect(new Set(records.map(({ patient_id: id }) => id)).size).toBe(40)
  expect(records.filter(({ patient_id: id }) => !/^PT-[0-9A-F]{8}$/.test(id))).toEqual([])
  expect(records.filter((record) => !isFitting(record))).toEqual([])
  const scores = countsOf(records, ({ review }) => review.diagnosis.score)
  expect(scores['contradicted']).toBeGreaterThan(0)

  // A filter may come later, and asks for nothing again.
  await writeFile(example.path('config.yaml'), text)
  const kept = await example.make<Note>()
  expect(kept.result.rows).toMatchObject({ rejected: scores['contradicted'] })
  expect(countsOf(kept.records, ({ review }) => review.diagnosis.score)).toEqual({
    supported: scores['supported'],
  })
  expect(Object.fromEntries(kept.requests)).toEqual({ notes: 40, review: 40 })
})

interface Answer {
  price: number
  initial: string
  planted: number
  found_inaccurate: number
  product: { name: string; price: number }
  outcome: string
}

test('planted-errors: the coin and the judge make a confusion matrix', async () => {
  await using example = await copyExample('planted-errors')
  const { dir, result, records, requests } = await example.make<Answer>()
  expect(records.length + result.rows.rejected).toBe(60)
  const broken = records.filter(
    ({ product, initial, price }) => !product.name.startsWith(initial) || product.price !== price,
  )
  expect(broken).toEqual([])
  expect(
    records.filter(({ price }) => Math.abs(price * 100 - Math.round(price * 100)) > 1e-9),
  ).toEqual([])
  // Nothing is asked about a product that broke a rule.
  expect(result.rows.rejected).toBeGreaterThan(0)
  expect(requests.get('question')).toBe(records.length)

  const matrix = countsOf(
    records,
    ({ planted, found_inaccurate }) => `${planted}${found_inaccurate}`,
  )
  expect(countsOf(records, ({ outcome }) => outcome)).toEqual({
    clean: matrix['00'],
    'false alarm': matrix['01'],
    missed: matrix['10'],
    found: matrix['11'],
  })
  const right = (matrix['00'] ?? 0) + (matrix['11'] ?? 0)
  expect(right / records.length).toBeGreaterThan(0.75)
  await using dataset = await open(dir)
  const { agreement } = await dataset.report()
  expect(agreement).toMatchObject([
    { columns: ['planted', 'found_inaccurate'], units: records.length },
  ])
  expect(agreement[0]?.pairs[0]?.same).toBe(right)
})
