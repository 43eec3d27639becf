import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create, open } from '../../src/index.ts'
import { killedSession, wholeSession } from './kills.ts'
import { createMeter } from './model.ts'
import { datasetHashes, orphans } from './run-folder.ts'
import { isThorough } from '../support/thorough.ts'

const seedRows = 2_400
const rows = 7_000
/** A multiple of both sizes of groups, so that the same rows stand in the same parts. */
const partRows = 1_000

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-cycles-'))
  const lines = Array.from({ length: seedRows }, (_, number) => `${number},place ${number}`)
  writeFileSync(join(root, 'places.csv'), `number,place\n${lines.join('\n')}\n`)
})
afterAll(() => rmSync(root, { recursive: true }))

const selections = [
  { name: 'all rows', selection: null, start: 0, size: seedRows },
  { name: 'a range', selection: { start: 100, end: 1_599 }, start: 100, size: 1_500 },
  {
    name: 'the last of seven blocks',
    selection: { index: 6, num_partitions: 7 },
    start: 6 * 342,
    size: 342 + 6,
  },
]

function configOf(selection: object | null, strategy: 'ordered' | 'shuffle'): object {
  return {
    seed: 2026,
    seed_config: {
      source: { seed_type: 'local', path: join(root, 'places.csv') },
      sampling_strategy: strategy,
      selection_strategy: selection,
    },
    columns: [{ name: 'title', column_type: 'expression', expr: 'At {{ place }}' }],
  }
}

async function numbersIn(directory: string): Promise<number[]> {
  await using dataset = await open(directory)
  const numbers: number[] = []
  for await (const { number, title } of dataset.records()) {
    expect(title).toBe(`At place ${Number(number)}`)
    numbers.push(Number(number))
  }
  return numbers
}

async function unkilled(
  config: object,
  { bufferSize, out }: { bufferSize: number; out: string },
): Promise<string> {
  const result = await create({
    config: { config },
    rows,
    out: join(root, out),
    runConfig: { buffer_size: bufferSize, part_rows: partRows },
  })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  return result.dir
}

describe.each(isThorough ? selections : selections.slice(-1))(
  '$name',
  ({ name, selection, start, size }) => {
    const config = (): object => configOf(selection, 'shuffle')
    let whole = ''
    let numbers: number[] = []
    beforeAll(async () => {
      whole = await unkilled(config(), { bufferSize: 1_000, out: `${name} whole` })
      numbers = await numbersIn(whole)
    })

    test('shuffled, no row comes again before all were used, and every cycle has its own order', () => {
      expect(numbers).toHaveLength(rows)
      const all = new Set(Array.from({ length: size }, (_, at) => start + at))
      const orders = new Set<string>()
      for (let first = 0; first < rows; first += size) {
        const cycle = numbers.slice(first, first + size)
        orders.add(cycle.slice(0, 100).join())
        expect(new Set(cycle).size, `different rows from row ${first} on`).toBe(cycle.length)
        // With none twice, a whole cycle inside of the selection is the selection.
        expect(cycle.filter((number) => !all.has(number))).toEqual([])
      }
      expect(orders.size).toBe(Math.ceil(rows / size))
    })

    test('groups of two give the same bytes', async () => {
      const small = await unkilled(config(), { bufferSize: 2, out: `${name} small` })
      expect(datasetHashes(small)).toEqual(datasetHashes(whole))
    })

    test('killed again and again, with groups of other sizes, it gives the same bytes', async () => {
      await using meter = await createMeter({ latencyMs: 0 })
      const session = (bufferSize: number) => ({
        config: config(),
        rows,
        out: join(root, `${name} killed`),
        runConfig: { buffer_size: bufferSize, part_rows: partRows },
        receipts: join(root, 'no-receipts'),
      })
      const kills = [
        { bufferSize: 2, event: 'run-opened' },
        { bufferSize: 2, event: 'part-file-written' },
        { bufferSize: 1_000, event: 'part-committed' },
        { bufferSize: 2, event: 'join-started' },
      ] as const
      for (const { bufferSize, event } of kills) {
        await killedSession({ meter, session: session(bufferSize) }, { event })
      }
      const result = await wholeSession({ meter, session: session(1_000) })
      expect(orphans(result.dir)).toEqual([])
      expect(datasetHashes(result.dir)).toEqual(datasetHashes(whole))
    }, 90_000)

    test('ordered, it begins again at the start of the selection', async () => {
      const ordered = await unkilled(configOf(selection, 'ordered'), {
        bufferSize: 1_000,
        out: `${name} ordered`,
      })
      const expected = Array.from({ length: rows }, (_, row) => start + (row % size))
      expect(await numbersIn(ordered)).toEqual(expected)
    })
  },
)
