import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peakResidentBytes, pureConfig, startCommand } from './load/command.ts'
import type { Figure } from './harness.ts'

// Only pure columns (load/pure.yaml: 6 samplers, 4 expressions) from the command line to Parquet:
// rows per second of the whole command, and how memory depends on the number of rows.

const million = 1_000_000
/** Of the million; what else the machine does only ever adds. */
const rounds = 3

interface Run {
  rowsPerSecond: number
  peakMb: number
}

export async function run(): Promise<readonly Figure[]> {
  const small: Run[] = []
  for (let round = 0; round < rounds; round += 1) small.push(await makeRows(million))
  const large = await makeRows(10 * million)
  const peak = Math.max(...small.map(({ peakMb }) => peakMb))
  return [
    {
      name: '6 samplers + 4 expressions to Parquet, 1,000,000 rows',
      value: Math.max(...small.map(({ rowsPerSecond }) => rowsPerSecond)),
      unit: 'rows/s',
      atLeast: 60_000,
      note: 'start of the process and joining of the files included',
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
    return { rowsPerSecond: rows / seconds, peakMb: peak / 2 ** 20 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
