import type { JournaledFailure } from '../rows/journal.ts'
import type { Usage } from '../graph/request.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { AnswerCounts } from '../profile/answer-counts.ts'
import { addAnswers } from './ledger-answers.ts'
import { addChoices, type UsageByChoice } from './ledger-choices.ts'
import { addAssumed } from './ledger-assumed.ts'
import { addLargest, type LargestRequest } from './ledger-largest.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import {
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import {
  addUsage,
  readUsageOf,
  usageColumns,
  usagePlaces,
  usageSums,
  usageValues,
  type ColumnUsage,
} from './ledger-usage.ts'
import { type PendingMedia, settleMedia } from './ledger-media.ts'
import { logRequests, type LogTail } from './ledger-requests.ts'
import { toSql } from './sql-value.ts'

export interface StoredCell {
  row: number
  column: number
  value: StoredValue
}

/** Exchanges of a cell that are not to be used again, from a turn on. */
interface ForgottenExchanges {
  row: number
  column: number
  turn: number
  reply: null
}

/** One answered request of a cell of several. */
export interface StoredExchange {
  row: number
  column: number
  turn: number
  /** Hex SHA-256 of the request as it was sent. */
  hash: string
  /** JSON text. */
  reply: string
  usage: Usage
}

export interface StoredFailure {
  row: number
  column: number
  code: string
  message: string
  attempts: number
  raw: string | null
  outcome: JournaledFailure['outcome']
  /** Of the replies that could not be used. */
  usage: Usage
}

/** Records that become durable together. */
export interface JournalBatch {
  cells: readonly StoredCell[]
  /** In the order they were made and forgotten. */
  exchanges: readonly (StoredExchange | ForgottenExchanges)[]
  failures: readonly StoredFailure[]
  usage: readonly ColumnUsage[]
  /** The same request by request, of cells: see `request-buffer.ts`. */
  requests: Float64Array
  /** What answers were, by route. */
  answers: ReadonlyMap<string, AnswerCounts>
  /** Requests that are larger than those before, by route. */
  largest: ReadonlyMap<string, LargestRequest>
  /** Dollars that count against `max_cost` for requests whose cost nobody knows. */
  assumed: number
  /** Requests of routes with several choices. */
  choices: UsageByChoice
}

/** Failures of one column with one code; message and raw text are those of its first row. */
export interface FailureSummary extends Usage {
  column: number
  name: string
  code: string
  outcome: 'dropped' | 'null'
  count: number
  /** The first row, whose words these are. */
  row: number
  message: string
  raw: string | null
}

export interface JournalContext {
  columns: readonly KeyedColumn[]
  session: number
  /** Whether the ledger may hold exchanges: a run without conversations never looks for them. */
  exchanges: boolean
  /** Files that are no cell's yet. */
  media: PendingMedia
  /** The requests that were logged last. */
  logged: LogTail
}

export function writeBatch(ledger: LedgerFile, context: JournalContext, batch: JournalBatch): void {
  ledger.write(() => writeRecords(ledger, context, batch))
}

/** Inside a transaction. */
export function writeRecords(
  ledger: LedgerFile,
  context: JournalContext,
  { cells, exchanges, failures, usage, requests, answers, choices, largest, assumed }: JournalBatch,
): void {
  const { columns, session } = context
  context.exchanges ||= exchanges.length > 0
  for (const exchange of exchanges) {
    if (exchange.reply !== null) insertExchange(ledger, columns, exchange)
    else {
      const { row, column, turn } = exchange
      ledger.run(forgetExchanges, row, columnAt(columns, column).key, turn)
    }
  }
  for (const { row, column, value } of cells) {
    const { key, settings } = columnAt(columns, column)
    const stored = toSql(settings.type, value)
    ledger.run('INSERT OR REPLACE INTO cell VALUES (?, ?, ?)', row, key, stored)
    if (context.exchanges) ledger.run(foldExchanges, row, key)
    if (context.media.size > 0 && settings.type === 'media' && typeof stored === 'string') {
      settleMedia(ledger, context.media, stored)
    }
  }
  insertFailures(ledger, columns, failures)
  for (const sums of usage) addUsage(ledger, columns, session, sums)
  logRequests(ledger, context, requests)
  addAnswers(ledger, answers)
  addLargest(ledger, largest)
  addAssumed(ledger, assumed)
  addChoices(ledger, choices)
}

const forgetExchanges = 'DELETE FROM exchange WHERE row = ? AND column_key = ? AND turn >= ?'

/** A cell that is made needs its exchanges no more. Those of a failed one stay for a retry. */
const foldExchanges = 'DELETE FROM exchange WHERE row = ? AND column_key = ?'

function insertExchange(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  { row, column, turn, hash, reply, usage }: StoredExchange,
): void {
  ledger.run(
    `INSERT OR REPLACE INTO exchange VALUES (?, ?, ?, ?, ?, ${usagePlaces})`,
    row,
    columnAt(columns, column).key,
    turn,
    hash,
    reply,
    ...usageValues(usage),
  )
}

/** Whether any exchange is stored. */
export function hasExchanges(ledger: LedgerFile): boolean {
  return ledger.get('SELECT 1 FROM exchange LIMIT 1') !== undefined
}

/** Inside a transaction. */
export function insertFailures(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  failures: readonly StoredFailure[],
): void {
  for (const failure of failures) {
    ledger.run(
      `INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ${usagePlaces})`,
      failure.row,
      columnAt(columns, failure.column).key,
      failure.code,
      failure.message,
      failure.attempts,
      failure.raw,
      failure.outcome,
      ...usageValues(failure.usage),
    )
  }
}

export function readExchange(row: SqlRow, column: number): StoredExchange {
  return {
    row: readCount(row, 'row', 'exchange.row'),
    column,
    turn: readCount(row, 'turn', 'exchange.turn'),
    hash: readText(row, 'hash', 'exchange.hash'),
    reply: readText(row, 'reply', 'exchange.reply'),
    usage: readUsageOf(row, 'exchange'),
  }
}

export function readOutcome(row: SqlRow): 'dropped' | 'null' {
  const { outcome } = row
  if (outcome === 'dropped' || outcome === 'null') return outcome
  if (outcome === keptOutcome) return 'null'
  throw corrupt('failure.outcome', outcome, "'dropped' or 'null'")
}

/** Parts that hold anything journaled of an undecided row, found by seeking from part to part. */
export function readUnfinishedParts(
  ledger: LedgerFile,
  decided: readonly Interval[],
  partRows: number,
): number[] {
  const set = RowSet.fromIntervals(decided)
  const parts = new Set<number>()
  const seeks = [
    'SELECT min(row) AS row FROM cell WHERE row >= ?',
    'SELECT min(row) AS row FROM exchange WHERE row >= ?',
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

/** Of a null cell that a part holds: it is among the sums of `null_failure`, too. */
export const keptOutcome = 'kept'

/** Of a cell that is made again: what the file of its part holds of it is not taken. */
export const retryOutcome = 'retry'

/** Failures that say what became of a cell. */
export const stands = `outcome IN ('dropped', 'null', '${keptOutcome}')`

/** A null that was kept is none when another cell dropped the row afterwards; in a rejected row it is. */
export function standingOutcome(keys: string): string {
  return `CASE
    WHEN outcome = 'null' AND (row IN (SELECT row FROM absent WHERE outcome = 'dropped') OR EXISTS (
      SELECT 1 FROM failure AS other
      WHERE other.row = failure.row AND other.outcome = 'dropped' AND other.column_key IN (${keys})))
    THEN 'dropped' ELSE outcome END`
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
  // SQLite takes the bare columns in addition to min() from the row that has the minimum.
  const rows = ledger.all(
    `
    WITH every AS (
      SELECT column_key, code, ${standingOutcome(keyList(columns))} AS outcome, row, message, raw, 1 AS count,
        ${usageColumns}
      FROM failure WHERE row < ? AND ${stands} AND outcome <> '${keptOutcome}'
      UNION ALL SELECT column_key, code, 'null', row, message, raw, count, ${usageColumns}
      FROM null_failure)
    SELECT column_key, code, outcome, min(row) AS row, message, raw, sum(count) AS count,
      ${usageSums}
    FROM every GROUP BY column_key, code, outcome HAVING sum(count) > 0
    ORDER BY count DESC, column_key, code, outcome`,
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
      ...readUsageOf(row, 'failure'),
    }
  })
}
