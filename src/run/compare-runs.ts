import type { RunSummary } from '../report/run-summary.ts'
import type { DatasetReport } from '../report/write-report.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import { inspectStore } from '../store/inspect-store.ts'
import { type ConfigDifference, configDifferences } from './config-difference.ts'
import { open, type OpenOptions } from './open-dataset.ts'

/** The figures of one of the two runs. */
interface ComparedRun extends Pick<RunSummary, 'dir' | 'name' | 'rows' | 'requests' | 'usage'> {
  seed: string
  /** Cells that failed. */
  failed: number
  /** The seconds of all sessions whose end is known. */
  seconds: number
  /** The level of the report's verdict. */
  verdict: DatasetReport['verdict']['level']
}

/** Two values, of the first run and of the second. */
type Pair<Value> = readonly [Value, Value]

/** A comparison of two runs. */
export interface RunComparison {
  runs: Pair<ComparedRun>
  /** Where their configs differ; models' providers are in no run folder. */
  config: ConfigDifference[]
  failures: { column: string; code: string; cells: Pair<number> }[]
  /** In the order of the first run, those of the second behind them. */
  columns: { name: string; same: boolean; statistics: Pair<ColumnStatistics | null> }[]
}

/** Compares two run folders; reads them without a lock. */
export async function compareRuns(
  one: string,
  other: string,
  options: OpenOptions = {},
): Promise<RunComparison> {
  const [a, b] = [await read(one, options), await read(other, options)]
  return {
    runs: [a.run, b.run],
    config: configDifferences(a.config, b.config),
    failures: failuresOf(a.failures, b.failures),
    columns: columnsOf(a.columns, b.columns),
  }
}

interface ReadRun {
  run: ComparedRun
  config: string
  failures: RunSummary['failures']
  columns: readonly ColumnStatistics[]
}

async function read(directory: string, options: OpenOptions): Promise<ReadRun> {
  await using dataset = await open(directory, options)
  const { run, columns, verdict } = await dataset.report()
  const { settings } = await inspectStore(dataset.directory)
  const { dir, name, seed, rows, requests, usage, failures, sessions } = run
  return {
    run: {
      dir,
      name,
      seed: String(seed),
      rows,
      requests,
      usage,
      failed: failures.reduce((sum, { count }) => sum + count, 0),
      seconds: sessions.reduce(
        (sum, { started, ended }) => sum + (ended === null ? 0 : (ended - started) / 1000),
        0,
      ),
      verdict: verdict.level,
    },
    config: settings.config,
    failures,
    columns,
  }
}

function failuresOf(
  one: RunSummary['failures'],
  other: RunSummary['failures'],
): RunComparison['failures'] {
  const found = new Map<string, { column: string; code: string; cells: [number, number] }>()
  for (const [at, failures] of [one, other].entries()) {
    for (const { name, code, count } of failures) {
      const key = JSON.stringify([name, code])
      const entry = found.get(key) ?? { column: name, code, cells: [0, 0] }
      entry.cells[at === 0 ? 0 : 1] += count
      found.set(key, entry)
    }
  }
  return [...found.values()]
}

function columnsOf(
  one: readonly ColumnStatistics[],
  other: readonly ColumnStatistics[],
): RunComparison['columns'] {
  const names = new Set([...one, ...other].map(({ name }) => name))
  return [...names].map((name) => {
    const a = one.find((column) => column.name === name) ?? null
    const b = other.find((column) => column.name === name) ?? null
    return { name, same: JSON.stringify(a) === JSON.stringify(b), statistics: [a, b] }
  })
}
