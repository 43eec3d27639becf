import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median, type Figure } from './harness.ts'
import type { SeedMeasure, SeedSession } from './load/seed-run.ts'

// A CSV of 1,000,000 rows and 10 columns as a seed of pure runs: what reading and copying it
// costs, whether the time of 1,000 rows stays the same, what groups of two and records of three rows
// change, and what joining it with itself by a key costs.

const million = 1_000_000
const program = fileURLToPath(new URL('load/seed-run.ts', import.meta.url))

type Start = (changes: Partial<SeedSession>) => Promise<SeedMeasure>

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  try {
    const large = join(folder, 'large.csv')
    const small = join(folder, 'small.csv')
    writeCsv(large, million)
    writeCsv(small, 1_000)
    const out = (name: string): string => join(folder, name)
    const start: Start = (changes) =>
      measure({
        seedPath: large,
        strategy: 'shuffle',
        out: out('shuffled'),
        rows: million,
        bufferSize: 1_000,
        column: 'label',
        ...changes,
      })

    const base = await start({ seedPath: small, out: out('base') })
    const shuffled = await start({})
    const ordered = await start({ strategy: 'ordered', out: out('ordered') })
    const thirds = await start({ out: out('thirds'), rows: million / 5, rowsPerRecord: 3 })
    const groups = await compareGroups(start, out('groups'))
    const data = join(out('shuffled'), 'data')
    const [dataset = ''] = readdirSync(data)
    const parquet = await start({
      seedPath: join(data, dataset),
      out: out('parquet'),
      rows: 1_000,
      column: 'another_label',
    })
    const joined = await start({ out: out('joined'), rows: 1_000, joinPath: large })
    const megabytes = Math.round(statSync(large).size / 2 ** 20)
    return [
      { name: `CSV of ${megabytes} MB: first reading`, value: shuffled.readingSeconds, unit: 's' },
      { name: 'copying into the run folder', value: shuffled.copyingSeconds, unit: 's' },
      rowFigure('1,000 rows shuffled', shuffled),
      rowFigure('1,000 rows ordered', ordered),
      rowFigure('1,000 rows of a seed of 1,000 rows', base),
      rowFigure('1,000 records of 3 rows each, shuffled', thirds),
      {
        name: 'shuffled, last tenth of the run over the first',
        value: lastOverFirst(shuffled),
        unit: '× processor time',
        limit: 1.25,
      },
      {
        name: 'shuffled, buffer_size 2 over 1,000',
        value: groups,
        unit: '× speed',
        atLeast: 0.9,
        note: "by the processor time of the engine's thread, which bounds it; 4 stretches of 100,000 rows each",
      },
      {
        name: 'peak memory over that with a seed of 1,000 rows',
        value: shuffled.peakMb - base.peakMb,
        unit: 'MB',
        limit: 60,
        note: `of ${Math.round(base.peakMb)} MB`,
      },
      {
        name: 'the same as Parquet: reading and copying',
        value: parquet.readingSeconds + parquet.copyingSeconds,
        unit: 's',
      },
      { name: 'peak memory', value: parquet.peakMb, unit: 'MB' },
      {
        name: 'joined with itself, 1,000,000 keys: reading, and finding what has no partner',
        value: joined.readingSeconds,
        unit: 's',
      },
      { name: 'copying the joined rows', value: joined.copyingSeconds, unit: 's' },
      {
        name: 'peak memory over that with a seed of 1,000 rows',
        value: joined.peakMb - base.peakMb,
        unit: 'MB',
        limit: 60,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Speed with groups of 2 over that with groups of 1,000: one run that grows, by turns. */
async function compareGroups(start: Start, out: string): Promise<number> {
  const step = 100_000
  await start({ out, rows: step })
  const speeds = new Map<number, number[]>([
    [2, []],
    [1_000, []],
  ])
  for (const [turn, bufferSize] of [2, 1_000, 1_000, 2, 2, 1_000, 1_000, 2].entries()) {
    const stretch = await start({ out, rows: (turn + 2) * step, bufferSize })
    speeds.get(bufferSize)?.push(1 / rowTime(stretch).cpu)
  }
  return median(speeds.get(2) ?? []) / median(speeds.get(1_000) ?? [])
}

/** Milliseconds of 1,000 rows, from the first that was begun to the last part. */
function rowTime({ commits }: SeedMeasure): { wall: number; cpu: number } {
  const last = commits.at(-1)
  if (last === undefined) throw new Error('the run made no rows')
  const thousands = last.rows / 1_000
  return { wall: (1_000 * last.seconds) / thousands, cpu: (1_000 * last.cpuSeconds) / thousands }
}

function rowFigure(name: string, measured: SeedMeasure): Figure {
  const { wall, cpu } = rowTime(measured)
  const note = `${cpu.toFixed(1)} ms of processor time of the engine's thread`
  return { name, value: wall, unit: 'ms', note }
}

function lastOverFirst({ commits }: SeedMeasure): number {
  const tenth = Math.floor(commits.length / 10)
  const between = (from: number, to: number): number =>
    (commits.at(to)?.cpuSeconds ?? NaN) - (commits.at(from)?.cpuSeconds ?? NaN)
  // The very first parts also compile the code.
  return between(-1 - tenth, -1) / between(tenth, 2 * tenth)
}

async function measure(session: SeedSession): Promise<SeedMeasure> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(session)])
  return JSON.parse(stdout)
}

const words = 'the quick brown fox jumps over a lazy dog while nobody looks'.split(' ')

function writeCsv(path: string, rows: number): void {
  const file = openSync(path, 'w')
  let random = 1
  const below = (limit: number): number => {
    random = Math.imul(random, 1_103_515_245) + 12_345
    return ((random >>> 8) & 0xffffff) % limit
  }
  const text = (length: number): string =>
    Array.from({ length }, () => words[below(words.length)]).join(' ')
  let lines = ['id,name,city,age,income,score,active,since,about,note\n']
  for (let row = 0; row < rows; row += 1) {
    lines.push(
      `${row},name ${below(million)},city ${below(5_000)},${18 + below(72)},${below(9_999_999) / 100},` +
        `${below(million) / million},${below(2) === 0},2024-0${1 + below(9)}-1${below(10)},${text(16)},"${text(7)}, ${row}"\n`,
    )
    if (lines.length < 10_000 && row < rows - 1) continue
    writeSync(file, lines.join(''))
    lines = []
  }
  closeSync(file)
}
