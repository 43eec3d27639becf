import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPartProfiler } from '../src/profile/part-profile.ts'
import { countValues } from '../src/profile/value-counts.ts'
import type { FileColumn } from '../src/store/parquet-codec.ts'
import { readPartFile } from '../src/store/part-file.ts'
import type { RowBlock } from '../src/store/row-group.ts'
import { peakResidentBytes, pureConfig, startCommand } from './load/command.ts'
import type { Figure } from './harness.ts'

// Only pure columns (load/pure.yaml: 6 samplers, 4 expressions) from the command line to Parquet:
// rows per second of the whole command, what its statistics take of that time, and how memory
// depends on the number of rows.

const million = 1_000_000
/** Of the million; what else the machine does only ever adds. */
const rounds = 3

interface Run {
  rowsPerSecond: number
  peakMb: number
  /** Seconds of processor time that the statistics of its parts take when they are made again. */
  statisticsSeconds: number
}

/** The columns of load/pure.yaml. */
const columns: readonly FileColumn[] = [
  { name: 'region', type: 'string' },
  { name: 'age', type: 'int64' },
  { name: 'income', type: 'float64' },
  { name: 'id', type: 'string' },
  { name: 'signed_up', type: 'string' },
  { name: 'active', type: 'int64' },
  { name: 'income_k', type: 'float64' },
  { name: 'label', type: 'string' },
  { name: 'adult', type: 'bool' },
  { name: 'note', type: 'string' },
]

export async function run(): Promise<readonly Figure[]> {
  const small: Run[] = []
  for (let round = 0; round < rounds; round += 1) small.push(await makeRows(million))
  const large = await makeRows(10 * million)
  const peak = Math.max(...small.map(({ peakMb }) => peakMb))
  const rowsPerSecond = Math.max(...small.map(({ rowsPerSecond: speed }) => speed))
  const statistics = Math.min(...small.map(({ statisticsSeconds }) => statisticsSeconds))
  return [
    {
      name: '6 samplers + 4 expressions to Parquet, 1,000,000 rows',
      value: rowsPerSecond,
      unit: 'rows/s',
      atLeast: 100_000,
      note: 'start of the process and joining of the files included',
    },
    {
      name: 'processor time of its statistics, of the wall time of the run',
      value: (100 * statistics * rowsPerSecond) / million,
      unit: '%',
      limit: 15,
      note: `${(statistics * 1e6) / million} µs a row, on the thread that writes`,
    },
    { name: 'the same, 10,000,000 rows', value: large.rowsPerSecond, unit: 'rows/s' },
    { name: 'peak memory, 1,000,000 rows', value: peak, unit: 'MB' },
    {
      name: 'peak memory, 10,000,000 rows: more than at 1,000,000',
      value: large.peakMb - peak,
      unit: 'MB',
      limit: 60,
    },
  ]
}

async function makeRows(rows: number): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  try {
    const out = join(folder, 'run')
    await using command = startCommand([
      'create',
      pureConfig,
      '-n',
      String(rows),
      '--seed',
      '1',
      '--out',
      out,
    ])
    const peak = await peakResidentBytes(command)
    const { code, seconds, output } = await command.ended
    if (code !== 0) throw new Error(`expected ${rows} rows, the command exited ${code}: ${output}`)
    const statisticsSeconds = rows > million ? 0 : await profileParts(join(out, 'parts'))
    return { rowsPerSecond: rows / seconds, peakMb: peak / 2 ** 20, statisticsSeconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Row groups whose statistics are made between two looks at the processor's clock, which ticks. */
const groupsAtOnce = 40

/** Counting the values is not in it: the encoder needs that, too. */
async function profileParts(folder: string): Promise<number> {
  let spent = 0
  let groups: { part: number; block: RowBlock }[] = []
  for (const [part, name] of readdirSync(folder).sort().entries()) {
    for await (const block of readPartFile(join(folder, name), columns))
      groups.push({ part, block })
    if (groups.length < groupsAtOnce) continue
    spent += profileGroups(groups)
    groups = []
  }
  return spent + profileGroups(groups)
}

function profileGroups(groups: readonly { part: number; block: RowBlock }[]): number {
  const counted = groups.map(({ block }) => block.columns.map(countValues))
  const before = process.cpuUsage()
  for (const [at, { part, block }] of groups.entries()) {
    const profiler = createPartProfiler(columns, { part, endRow: million })
    profiler.add(block.columns, counted[at])
    profiler.profile()
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
