import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, isRowsmithError, open, type RunResult } from '../../src/index.ts'
import { datasetHashes } from './run-folder.ts'
import { repetitions } from '../support/thorough.ts'

// Every byte of a sample is flipped in turn: whoever reads the file refuses it by name, or what it
// reads is what was written.

let root = ''
let template = ''
let folders = 0
let clean: Record<string, string> = {}

const seedRows = 300
const rows = 60
const more = 400

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-flipped-'))
  const lines = Array.from({ length: seedRows }, (_, row) => `${row},place ${(row * 7) % 31}`)
  writeFileSync(join(root, 'places.csv'), `number,place\n${lines.join('\n')}\n`)
  template = join(root, 'template')
  await make(template, rows)
  const whole = join(root, 'whole')
  await make(whole, more)
  clean = datasetHashes(whole)
})
afterAll(() => rmSync(root, { recursive: true }))

function make(out: string, wanted: number, repair = false): Promise<RunResult> {
  return create({
    config: {
      config: {
        seed: 11,
        seed_config: {
          source: { seed_type: 'local', path: join(root, 'places.csv') },
          sampling_strategy: 'shuffle',
        },
        columns: [
          {
            name: 'price',
            column_type: 'sampler',
            sampler_type: 'uniform',
            params: { low: 1, high: 9 },
          },
          { name: 'title', column_type: 'expression', expr: 'At {{ place }} for {{ price }}' },
        ],
      },
    },
    rows: wanted,
    out,
    repair,
    runConfig: { buffer_size: 10, part_rows: 20 },
  })
}

function newCopy(): string {
  folders += 1
  const folder = join(root, `copy ${folders}`)
  cpSync(template, folder, { recursive: true })
  return folder
}

/** Bytes all over a file, its ends among them; the same ones each time. */
function* sampleOf(size: number, count: number): Generator<number> {
  for (let at = 0; at < count; at += 1) yield Math.round((at * (size - 1)) / (count - 1))
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  // Another bit each time, so that bits of all places are among them.
  bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
  writeFileSync(path, bytes)
}

/** Flips bytes of a file in turn and puts each back after a look at what comes of it. */
async function withEach(
  path: string,
  count: number,
  look: (at: number) => Promise<void>,
): Promise<void> {
  const bytes = readFileSync(path)
  for (const at of sampleOf(bytes.length, count)) {
    flip(path, at)
    await look(at)
    writeFileSync(path, bytes)
  }
}

async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

function only(folder: string): string {
  return join(folder, readdirSync(folder).sort()[0] as string)
}

/** The part of the rows behind the template's, and a last one that is not full. */
function partsOf(folder: string): string[] {
  return readdirSync(join(folder, 'parts'))
    .sort()
    .map((name) => join(folder, 'parts', name))
}

test('no byte of a part goes unnoticed by an export, a report or a part that grows', async () => {
  const folder = newCopy()
  const [path] = partsOf(folder) as [string]
  const refusal = {
    code: 'file-damaged',
    message: `${path} is damaged: its bytes are not those of this part`,
    hints: [expect.stringContaining('--repair')],
  }
  await using dataset = await open(folder)
  let to = 0
  await withEach(path, 12, async (at) => {
    to += 1
    const format = to % 2 === 0 ? 'parquet' : 'csv'
    const target = join(root, `export ${to}.${format === 'csv' ? 'csv' : ''}`)
    const exported = await outcomeOf(() => dataset.export({ to: target, format }))
    expect(exported, `byte ${at}, ${format}`).toMatchObject(refusal)
  })
  // A report reads a part only where its statistics are missing.
  new DatabaseSync(join(folder, 'ledger.sqlite')).exec('DELETE FROM profile')
  await withEach(path, 12, async (at) => {
    expect(await outcomeOf(() => dataset.report()), `byte ${at}`).toMatchObject(refusal)
  })
  await expect(dataset.report()).resolves.toMatchObject({ columns: expect.any(Array) })
}, 60_000)

test('no byte of a part goes unnoticed when rows are added to it', async () => {
  const folder = newCopy()
  // The last part holds 20 rows of them; half of one is made here.
  await make(folder, rows + 10)
  const path = partsOf(folder).at(-1) as string
  await withEach(path, 6, async (at) => {
    expect(await outcomeOf(() => make(folder, more)), `byte ${at}`).toMatchObject({
      code: 'file-damaged',
      message: expect.stringContaining(path),
    })
  })
  await make(folder, more)
  expect(datasetHashes(folder)).toEqual(clean)
}, 60_000)

test('a part that is missing is named when rows are added to it, and so is a dataset that is read', async () => {
  const folder = newCopy()
  await make(folder, rows + 10)
  const path = partsOf(folder).at(-1) as string
  const bytes = readFileSync(path)
  rmSync(path)
  expect(await outcomeOf(() => make(folder, more))).toMatchObject({
    code: 'file-damaged',
    message: `${path} is missing: it has rows of this run`,
    hints: [expect.stringContaining('--repair')],
  })
  writeFileSync(path, bytes)
  await make(folder, more)
  expect(datasetHashes(folder)).toEqual(clean)

  const file = only(join(folder, 'data'))
  rmSync(file)
  await using dataset = await open(folder)
  expect(await outcomeOf(() => Array.fromAsync(dataset.records()))).toMatchObject({
    code: 'file-damaged',
    message: `${file} is missing: it is a file of the dataset`,
  })
})

test('no byte of an export goes unnoticed when it is exported again', async () => {
  const folder = newCopy()
  const to = join(root, 'exported twice')
  await using dataset = await open(folder)
  await dataset.export({ to })
  const path = only(to)
  const whole = readFileSync(path)
  await withEach(path, 6, async (at) => {
    await dataset.export({ to })
    expect(readFileSync(path).equals(whole), `byte ${at}`).toBe(true)
  })
})

test('parts that can not be looked at are not taken for lost ones', async () => {
  const folder = newCopy()
  const [first] = partsOf(folder) as [string]
  const parts = join(folder, 'parts')
  // A loop of links: like a disk that does not answer, for whoever runs this.
  renameSync(parts, `${parts} elsewhere`)
  symlinkSync(parts, parts)
  expect(await outcomeOf(() => make(folder, rows, true))).toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining(`reading ${first}`),
  })
  rmSync(parts)
  renameSync(`${parts} elsewhere`, parts)
  const before = partsOf(folder)
  await make(folder, rows, true)
  expect(partsOf(folder)).toEqual(before)
})

test('no byte of the dataset goes unnoticed by whoever reads its records', async () => {
  const folder = newCopy()
  const path = only(join(folder, 'data'))
  await using dataset = await open(folder)
  await withEach(path, 60, async (at) => {
    const first = async () => {
      for await (const record of dataset.records({ limit: 1 })) return record
      throw new Error('no record')
    }
    expect(await outcomeOf(first), `byte ${at}`).toMatchObject({
      code: 'file-damaged',
      message: `${path} is damaged: its bytes are not those of the join`,
      hints: ['Delete the file and run create again: it is made again from the parts.'],
    })
  })
  flip(path, 100)
  rmSync(path)
  await make(folder, rows)
  expect(datasetHashes(folder)).toEqual(datasetHashes(template))
})

/** Whether a refusal says which folder is damaged. */
function namesSeed(error: Error, folder: string): boolean {
  const code = isRowsmithError(error) ? error.code : ''
  const fits = ['file-damaged', 'storage-failed', 'format-newer'].includes(code)
  return fits && error.message.includes(join(folder, 'seed'))
}

test.each([
  ['rows.bin', repetitions({ all: 16, some: 8 })],
  ['rows.idx', repetitions({ all: 16, some: 8 })],
  ['seed.json', repetitions({ all: 30, some: 15 })],
])(
  'a flipped byte of %s gives the same rows or a refusal',
  async (name, count) => {
    const damagedTemplate = newCopy()
    const bytes = readFileSync(join(damagedTemplate, 'seed', name))
    let refused = 0
    for (const at of sampleOf(bytes.length, count)) {
      const folder = newCopy()
      flip(join(folder, 'seed', name), at)
      const ended = await outcomeOf(() => make(folder, more))
      const told = ended instanceof Error
      refused += told ? 1 : 0
      expect(told ? namesSeed(ended, folder) : datasetHashes(folder), `byte ${at}`).toEqual(
        told ? true : clean,
      )
      rmSync(folder, { recursive: true })
    }
    // What is left over is a line feed, or white space between two fields.
    expect(refused).toBeGreaterThan(0.6 * count)
  },
  120_000,
)

test('damaged and missing parts are made again when asked for, and a damaged dataset too', async () => {
  const folder = newCopy()
  const [first, second, third] = partsOf(folder) as [string, string, string]
  flip(first, 40)
  rmSync(third)
  flip(only(join(folder, 'data')), 40)
  const result = await make(folder, rows, true)
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  expect(datasetHashes(folder)).toEqual(datasetHashes(template))
  expect(partsOf(folder)).toHaveLength(3)
  expect(partsOf(folder)).toContain(second)

  flip(only(join(folder, 'data')), 40)
  await make(folder, rows, true)
  expect(datasetHashes(folder)).toEqual(datasetHashes(template))
})
