import { addUsage, noUsage, type Usage } from '../graph/request.ts'
import { columnAt, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readCount, type SqlRow } from './ledger-file.ts'
import { requestsIn } from './request-buffer.ts'
import {
  createRequestLog,
  type LoggedRequest,
  readRequests,
  type RequestLog,
} from './request-log.ts'

/** What a cell cost, over all sessions: failed and second requests are in it. */
export interface CellUsage extends Usage {
  /** Those that left this machine; a request that several cells share is one of each by a fraction. */
  requests: number
  answers: number
  /** Answers from the cache, without a request. */
  cached: number
}

/** The requests that were logged last, to which more may be added. */
export interface LogTail {
  /** Null before it is written. */
  id: number | null
  log: RequestLog
}

export function createLogTail(): LogTail {
  return { id: null, log: createRequestLog() }
}

export const noCellUsage: CellUsage = { requests: 0, answers: 0, cached: 0, ...noUsage }

/** Bytes of an entry after which the next one begins: it fills a page. */
const fullEntry = 8_000

/**
 * There is none before the first request is logged, and in runs of earlier versions. `first` and `last` are
 * the rows of its requests; `request-log.ts` reads the bytes.
 */
const table = `CREATE TABLE IF NOT EXISTS request_log (
  id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT`

/** Keeps what requests of cells used; inside a transaction. */
export function logRequests(
  ledger: LedgerFile,
  { columns, logged }: { columns: readonly KeyedColumn[]; logged: LogTail },
  requests: Float64Array,
): void {
  if (requests.length === 0) return
  for (const { column, ...request } of requestsIn(requests)) {
    if (logged.log.length >= fullEntry) {
      writeTail(ledger, logged)
      Object.assign(logged, createLogTail())
    }
    logged.log.add({ key: columnAt(columns, column).key, ...request })
  }
  writeTail(ledger, logged)
}

function writeTail(ledger: LedgerFile, logged: LogTail): void {
  const { id, log } = logged
  const { first, last } = log
  if (id !== null) {
    const sql = 'UPDATE request_log SET first = ?, last = ?, bytes = ? WHERE id = ?'
    ledger.run(sql, first, last, log.bytes(), id)
    return
  }
  ledger.run(table)
  const made = ledger.get(
    'INSERT INTO request_log (first, last, bytes) VALUES (?, ?, ?) RETURNING id',
    first,
    last,
    log.bytes(),
  )
  logged.id = readCount(made ?? {}, 'id', 'request_log.id')
}

/** What the cells of a row cost, by position of their columns; those of which nothing is logged are omitted. */
export function readRowUsage(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  row: number,
): Map<number, CellUsage> {
  const positions = new Map(columns.map(({ key }, position) => [key, position]))
  const sums = new Map<number, CellUsage>()
  if (!hasLog(ledger)) return sums
  const sql = 'SELECT id, bytes FROM request_log WHERE first <= ? AND last >= ?'
  for (const entry of ledger.each(sql, row, row)) {
    for (const request of requestsOf(entry)) {
      const position = positions.get(request.key)
      const at = request.rows.indexOf(row)
      if (position === undefined || at < 0) continue
      sums.set(position, addRequest(sums.get(position) ?? noCellUsage, request, at))
    }
  }
  return sums
}

function hasLog(ledger: LedgerFile): boolean {
  return ledger.get("SELECT 1 FROM sqlite_schema WHERE name = 'request_log'") !== undefined
}

function requestsOf({ id, bytes }: SqlRow): readonly LoggedRequest[] {
  const requests = bytes instanceof Uint8Array ? readRequests(bytes) : null
  if (requests === null) throw corrupt(`request_log ${String(id)}`, 'unreadable', 'requests')
  return requests
}

/** Of one that cells share each has its part, so that the parts add up to the whole. */
function addRequest(
  sum: CellUsage,
  { outcome, rows, usage }: LoggedRequest,
  at: number,
): CellUsage {
  const share = 1 / rows.length
  const part = (count: number): number =>
    Math.floor((count * (at + 1)) / rows.length) - Math.floor((count * at) / rows.length)
  const own: Usage = {
    inputTokens: part(usage.inputTokens),
    cachedInputTokens: part(usage.cachedInputTokens),
    outputTokens: part(usage.outputTokens),
    reasoningTokens: part(usage.reasoningTokens),
    images: part(usage.images),
    cost: usage.cost === null ? null : usage.cost * share,
  }
  return addCellUsage(sum, {
    requests: outcome === 'cached' ? 0 : share,
    answers: outcome === 'ok' ? share : 0,
    cached: outcome === 'cached' ? 1 : 0,
    ...own,
  })
}

export function addCellUsage(one: CellUsage, other: CellUsage): CellUsage {
  return {
    requests: one.requests + other.requests,
    answers: one.answers + other.answers,
    cached: one.cached + other.cached,
    ...addUsage(one, other),
  }
}
