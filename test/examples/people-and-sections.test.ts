import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { copyExample } from '../support/example-run.ts'

interface Persona {
  age_band: string
  age: number
  occupation: string
  hobbies_summary: string
}

test('personas: shares as declared, ages and occupations that agree', async () => {
  await using example = await copyExample('personas')
  const { dir, result, records } = await example.make<Persona>()
  expect(result.rows.rejected).toBeGreaterThan(0)
  expect(records).toHaveLength(60 - result.rows.rejected)
  await using dataset = await open(dir)
  const { columns } = await dataset.report()
  const fits = columns.filter(({ name }) => ['age_band', 'region'].includes(name))
  expect(fits.map(({ fit }) => fit?.verdict)).toEqual(['as-declared', 'as-declared'])
  const contradictions = records.filter(({ age_band: band, age, occupation, ...texts }) => {
    const [from = 0, to = 0] = band.split('-').map(Number)
    return (
      age < from ||
      age > to ||
      occupation.startsWith('retired') !== age >= 67 ||
      ['pupil', 'apprentice'].includes(occupation) !== age < 18 ||
      texts.hobbies_summary !== `A person of ${age}.`
    )
  })
  expect(contradictions).toEqual([])
  expect(Object.keys(records[0] ?? {})).not.toContain('life')
})

interface Section {
  id: string
  title: string
}

test('markdown-sections: stable ids, order and counts', async () => {
  await using example = await copyExample('markdown-sections')
  const ids = async (config: string): Promise<string[]> =>
    (await example.make<Section>({ config })).records.map(({ id, title }) => `${id} ${title}`)
  const first = await ids('config')
  expect(first).toEqual([
    'baking-1 # Baking',
    'baking-2 ## Starter',
    'baking-3 ## Proving',
    'baking-4 ### In winter',
    'bicycle-1 # Bicycle',
    'bicycle-2 ## Chain',
    'bicycle-3 ## Brakes',
  ])
  // A further section at the end of a file changes no other id; a part of the sections keeps the order.
  await appendFile(example.path('notes', 'baking.md'), '\n## Freezing\n\nSlice it first.\n')
  const text = await readFile(example.path('config.yaml'), 'utf8')
  const part = text
    .replace('rows: 7', 'rows: 5')
    .replace('path: notes }', 'path: notes }\n  selection_strategy: { start: 2, end: 6 }')
  await writeFile(example.path('part.yaml'), part)
  expect(await ids('part')).toEqual([
    'baking-3 ## Proving',
    'baking-4 ### In winter',
    'baking-5 ## Freezing',
    'bicycle-1 # Bicycle',
    'bicycle-2 ## Chain',
  ])
})
