import type { StoredValue } from '../graph/stored-value.ts'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import {
  corrupt,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import type { ColumnSettings } from './settings.ts'
import { toSql } from './sql-value.ts'

/** A column as the cell tables know it. */
export interface KeyedColumn {
  key: number
  settings: ColumnSettings
}

export interface StoredCell {
  row: number
  column: number
  value: StoredValue
  attempts: number
}

export interface StoredFailure {
  row: number
  column: number
  code: string
  message: string
  attempts: number
  raw: string | null
  outcome: 'dropped' | 'null'
  inputTokens: number
  outputTokens: number
}

/** Requests and tokens of a route. */
export interface RouteUsage {
  route: string
  ok: number
  throttled: number
  failed: number
  inputTokens: number
  outputTokens: number
  reasoningTokens: number
}

/** Records that become durable together. */
export interface JournalBatch {
  cells: readonly StoredCell[]
  failures: readonly StoredFailure[]
  usage: readonly RouteUsage[]
}

/** Failures of one column with one code; message and raw text are those of its first row. */
export interface FailureSummary {
  column: number
  name: string
  code: string
  outcome: 'dropped' | 'null'
  count: number
  /** The first row, whose words these are. */
  row: number
  message: string
  raw: string | null
  /** Of the replies that could not be used. */
  inputTokens: number
  outputTokens: number
}

export function writeBatch(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  session: number,
  { cells, failures, usage }: JournalBatch,
): void {
  ledger.write(() => {
    for (const { row, column, value, attempts } of cells) {
      const { key, settings } = columnAt(columns, column)
      const stored = toSql(settings.type, value)
      ledger.run('INSERT OR REPLACE INTO cell VALUES (?, ?, ?, ?)', row, key, stored, attempts)
    }
    insertFailures(ledger, columns, failures)
    for (const route of usage) addUsage(ledger, session, route)
  })
}

/** Inside a transaction. */
export function insertFailures(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  failures: readonly StoredFailure[],
): void {
  for (const failure of failures) {
    ledger.run(
      'INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      failure.row,
      columnAt(columns, failure.column).key,
      failure.code,
      failure.message,
      failure.attempts,
      failure.raw,
      failure.outcome,
      failure.inputTokens,
      failure.outputTokens,
    )
  }
}

function addUsage(ledger: LedgerFile, session: number, usage: RouteUsage): void {
  ledger.run(
    `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      ok = ok + excluded.ok, throttled = throttled + excluded.throttled,
      failed = failed + excluded.failed, input_tokens = input_tokens + excluded.input_tokens,
      output_tokens = output_tokens + excluded.output_tokens,
      reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens`,
    session,
    usage.route,
    usage.ok,
    usage.throttled,
    usage.failed,
    usage.inputTokens,
    usage.outputTokens,
    usage.reasoningTokens,
  )
}

export function readFailure(row: SqlRow, column: number): StoredFailure {
  return {
    row: readCount(row, 'row', 'failure.row'),
    column,
    code: readText(row, 'code', 'failure.code'),
    message: readText(row, 'message', 'failure.message'),
    attempts: readCount(row, 'attempts', 'failure.attempts'),
    raw: readNullableText(row, 'raw', 'failure.raw'),
    outcome: readOutcome(row),
    inputTokens: readCount(row, 'input_tokens', 'failure.input_tokens'),
    outputTokens: readCount(row, 'output_tokens', 'failure.output_tokens'),
  }
}

export function readOutcome(row: SqlRow): 'dropped' | 'null' {
  const { outcome } = row
  if (outcome === 'dropped' || outcome === 'null') return outcome
  throw corrupt('failure.outcome', outcome, "'dropped' or 'null'")
}

/** Parts that hold a cell or failure of an undecided row, found by seeking from part to part. */
export function readUnfinishedParts(
  ledger: LedgerFile,
  decided: readonly Interval[],
  partRows: number,
): number[] {
  const set = RowSet.fromIntervals(decided)
  const parts = new Set<number>()
  const seeks = [
    'SELECT min(row) AS row FROM cell WHERE row >= ?',
    'SELECT min(row) AS row FROM failure WHERE row >= ?',
  ]
  for (const seek of seeks) {
    for (let from = 0; ;) {
      const found = ledger.get(seek, from)?.['row']
      if (typeof found !== 'number') break
      const position = set.positionOf(found)
      if (set.startOf(position) <= found) {
        from = set.endOf(position)
      } else {
        const part = Math.floor(found / partRows)
        parts.add(part)
        from = (part + 1) * partRows
      }
    }
  }
  return [...parts].sort((one, other) => one - other)
}

/** Usage of all sessions, by route. */
export function readUsage(ledger: LedgerFile): RouteUsage[] {
  const rows = ledger.all(`
    SELECT route, sum(ok) AS ok, sum(throttled) AS throttled, sum(failed) AS failed,
      sum(input_tokens) AS input, sum(output_tokens) AS output, sum(reasoning_tokens) AS reasoning
    FROM usage GROUP BY route ORDER BY route`)
  return rows.map((row) => ({
    route: readText(row, 'route', 'usage.route'),
    ok: readCount(row, 'ok', 'usage.ok'),
    throttled: readCount(row, 'throttled', 'usage.throttled'),
    failed: readCount(row, 'failed', 'usage.failed'),
    inputTokens: readCount(row, 'input', 'usage.input_tokens'),
    outputTokens: readCount(row, 'output', 'usage.output_tokens'),
    reasoningTokens: readCount(row, 'reasoning', 'usage.reasoning_tokens'),
  }))
}

/**
 * All failures that stand, most frequent first.
 *
 * Those of dropped rows are below the target. Those of null-kept rows are sums, which hold rows
 * beyond a target that was shrunk, too.
 */
export function readFailures(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  target: number,
): FailureSummary[] {
  // SQLite takes the bare columns beside min() from the row that has the minimum.
  const rows = ledger.all(
    `
    WITH every AS (
      SELECT column_key, code, outcome, row, message, raw, 1 AS count, input_tokens, output_tokens
      FROM failure WHERE row < ?
      UNION ALL SELECT column_key, code, 'null', row, message, raw, count, input_tokens, output_tokens
      FROM null_failure)
    SELECT column_key, code, outcome, min(row) AS row, message, raw, sum(count) AS count,
      sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens
    FROM every GROUP BY column_key, code, outcome ORDER BY count DESC, column_key, code`,
    target,
  )
  return rows.flatMap((row) => {
    const column = columns.findIndex(({ key }) => key === row['column_key'])
    if (column < 0) return []
    return {
      column,
      name: columnAt(columns, column).settings.name,
      code: readText(row, 'code', 'failure.code'),
      outcome: readOutcome(row),
      count: readCount(row, 'count', 'failure'),
      row: readCount(row, 'row', 'failure.row'),
      message: readText(row, 'message', 'failure.message'),
      raw: readNullableText(row, 'raw', 'failure.raw'),
      inputTokens: readCount(row, 'input_tokens', 'failure.input_tokens'),
      outputTokens: readCount(row, 'output_tokens', 'failure.output_tokens'),
    }
  })
}

function columnAt(columns: readonly KeyedColumn[], position: number): KeyedColumn {
  const column = columns[position]
  if (column === undefined) throw new RangeError(`the run has no column ${position}`)
  return column
}
