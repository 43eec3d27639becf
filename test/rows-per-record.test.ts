import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, open, preview, render, validate } from '../src/index.ts'

let root = ''
let path = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-rows-per-record-'))
  path = join(root, 'pages.csv')
  const rows = Array.from({ length: 7 }, (_, page) => `${page},text ${page}\n`)
  await writeFile(path, `page,text\n${rows.join('')}`)
})
afterAll(() => rm(root, { recursive: true, force: true }))

const line = { name: 'line', column_type: 'expression', expr: "{{ page | join('+') }}" }

function configOf(fields: object): { config: object } {
  const source = { seed_type: 'local', path }
  return { config: { seed_config: { source, ...fields }, columns: [line] } }
}

async function linesOf(fields: object, rows: number): Promise<unknown[]> {
  const { records } = await preview({ config: configOf(fields), rows, seed: 1n })
  return records.map((record) => record['line'])
}

test('a record has the values of several seed rows as lists', async () => {
  const { records } = await preview({ config: configOf({ rows_per_record: 3 }), rows: 4, seed: 1n })
  expect(records).toEqual([
    { page: [0, 1, 2], text: ['text 0', 'text 1', 'text 2'], line: '0+1+2' },
    { page: [3, 4, 5], text: ['text 3', 'text 4', 'text 5'], line: '3+4+5' },
    { page: [6, 0, 1], text: ['text 6', 'text 0', 'text 1'], line: '6+0+1' },
    { page: [2, 3, 4], text: ['text 2', 'text 3', 'text 4'], line: '2+3+4' },
  ])
  const selected = { rows_per_record: 2, selection_strategy: { start: 1, end: 4 } }
  expect(await linesOf(selected, 3)).toEqual(['1+2', '3+4', '1+2'])
})

test('a shuffle uses each row once before any again', async () => {
  const shuffled = { sampling_strategy: 'shuffle', rows_per_record: 2 }
  const lines = await linesOf(shuffled, 7)
  const pages = lines.flatMap((text) => String(text).split('+').map(Number))
  const all = [0, 1, 2, 3, 4, 5, 6]
  expect(pages.slice(0, 7).toSorted((a, b) => a - b)).toEqual(all)
  expect(pages.slice(7).toSorted((a, b) => a - b)).toEqual(all)
  const { rows } = await render({ config: configOf(shuffled), column: 'line', row: 5, seed: 1n })
  expect(rows).toEqual([{ row: 5, parts: [{ field: 'expr', text: lines[5] }] }])
})

test('a run continues with the rows that follow, in many windows', async () => {
  const out = join(root, 'run')
  const options = { config: configOf({ rows_per_record: 5 }), seed: 1n, out }
  await create({ ...options, rows: 10 })
  await create({ ...options, rows: 1500 })
  await using dataset = await open(out)
  let row = 0
  for await (const { page } of dataset.records()) {
    expect(page).toEqual([0, 1, 2, 3, 4].map((at) => (row * 5 + at) % 7))
    row += 1
  }
  expect(row).toBe(1500)
  await expect(create({ config: configOf({}), out, rows: 1600 })).rejects.toThrow(
    /the config is not the one/,
  )
})

test('what is not a number of rows is refused', async () => {
  const { problems } = await validate({ config: configOf({ rows_per_record: 0 }) })
  expect(problems[0]).toMatchObject({
    code: 'out-of-range',
    path: ['seed_config', 'rows_per_record'],
  })
})
