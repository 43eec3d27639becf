import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ColumnType } from '../src/graph/column-type.ts'
import {
  createPartProfiler,
  createProfileMerger,
  type PartProfile,
} from '../src/profile/part-profile.ts'
import { textFigures } from '../src/profile/text-figures.ts'
import { writePartFile } from '../src/store/part-file.ts'
import type { StoredValue } from '../src/graph/stored-value.ts'
import { compare, median, type Figure } from './harness.ts'

// What statistics cost where they are made, next to the encoding of the same values on the same
// thread, and what merging them costs at the end of a run of a million rows.

const rows = 4096
const parts = 245
/** Behind the rows whose values are counted one by one. */
const endRow = 1_000_000
const rounds = 21

interface Column {
  type: ColumnType
  values: StoredValue[]
}

function column(type: ColumnType, valueOf: (row: number) => StoredValue): Column {
  return { type, values: Array.from({ length: rows }, (_, row) => valueOf(row)) }
}

/** A number of 0 to 1 by row, spread like chance. */
function spread(row: number): number {
  return ((row * 48_271 + 11) % 65_537) / 65_537
}

const columns: Readonly<Record<string, Column>> = {
  'float64, all different': column('float64', (row) => spread(row) * 1000),
  'int64, 5 values': column('int64', (row) => Math.floor(spread(row) * 5)),
  'string, 3 values': column('string', (row) => ['kettle', 'lamp', 'jacket'][row % 3] ?? ''),
  'string, dates': column('string', (row) =>
    new Date(1.7e12 + spread(row) * 1e10).toISOString().slice(0, 19),
  ),
  'string, 500 characters': column('string', (row) =>
    `A text of some words that goes on, number ${row}. `.repeat(10).slice(0, 500),
  ),
}

export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  const profiles: PartProfile[] = []
  for (const [name, one] of Object.entries(columns)) {
    const { statistics, encoding, profile } = await measure(one)
    profiles.push(profile)
    figures.push(
      {
        name: `${name}: statistics beside encoding Parquet`,
        value: statistics / encoding,
        unit: '×',
        limit: 1,
        note: `${Math.round(statistics)} ns a value beside ${Math.round(encoding)} ns`,
      },
      {
        name: `${name}: kept for a part of 4,096 rows`,
        value: JSON.stringify(profile.columns).length / 1024,
        unit: 'KiB',
        limit: 8,
      },
    )
  }
  figures.push(await compareTexts())
  const merged = compare({ merge: () => merge(profiles) }, { rounds: 5, warmup: 1 }).merge
  figures.push({
    name: `merging ${parts} parts of ${profiles.length} columns (1,000,000 rows)`,
    value: merged,
    unit: 'ms',
  })
  return figures
}

async function measure({ type, values }: Column): Promise<{
  statistics: number
  encoding: number
  profile: PartProfile
}> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  const schema = [{ name: 'value', type }]
  const numbers = Float64Array.from({ length: rows }, (_, row) => row)
  const times: Record<'statistics' | 'encoding', number[]> = { statistics: [], encoding: [] }
  let profile: PartProfile | null = null
  try {
    for (let round = -3; round < rounds; round += 1) {
      const began = performance.now()
      const profiler = createPartProfiler(schema, { part: 200, endRow })
      profiler.add([values])
      profile = profiler.profile()
      const between = performance.now()
      const blocks = [{ rows: numbers, columns: [values] }]
      await writePartFile({ path: join(folder, `${round}.parquet`), columns: schema, blocks })
      if (round < 0) continue
      times.statistics.push(((between - began) * 1e6) / rows)
      times.encoding.push(((performance.now() - between) * 1e6) / rows)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (profile === null) throw new Error('nothing was measured')
  return { statistics: median(times.statistics), encoding: median(times.encoding), profile }
}

/** As many texts of a column as a report compares where each has a thousand characters. */
async function compareTexts(): Promise<Figure> {
  const texts = Array.from({ length: 3_000 }, (_, at) =>
    Array.from({ length: 180 }, (_word, word) =>
      ((at * 7_919 + word * 104_729) % 50_021).toString(36),
    ).join(' '),
  )
  const characters = texts.reduce((sum, { length }) => sum + length, 0)
  const began = process.cpuUsage()
  await textFigures({ column: 'text', field: null, isListed: false, texts })
  const { user, system } = process.cpuUsage(began)
  return {
    name: `comparing ${texts.length} texts, a million characters`,
    value: ((user + system) / 1000 / characters) * 1e6,
    unit: 'ms',
    limit: 300,
    note: `time of the processor, of ${(characters / 1e6).toFixed(1)} million`,
  }
}

function merge(profiles: readonly PartProfile[]): unknown {
  const merger = createProfileMerger(Object.values(columns))
  const text = JSON.stringify({
    version: 1,
    columns: profiles.flatMap((profile) => profile.columns),
  })
  // As at the end of a run: every part's text is parsed.
  for (let part = 0; part < parts; part += 1) merger.add(JSON.parse(text) as PartProfile)
  return merger.columns.map(({ numbers, distinct }) => [numbers.summary(), distinct.count()])
}
