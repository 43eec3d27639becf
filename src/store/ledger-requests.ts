import { addUsage, noUsage, type Usage } from '../graph/request.ts'
import { columnAt, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readCount, type SqlRow } from './ledger-file.ts'
import { type LoggedRequest, type LoggedRequests, readRequests } from './request-log.ts'
import { longestVarint, readVarint, writeVarint } from './varint.ts'

/** What a cell cost, over all sessions: failed and second requests are in it. */
export interface CellUsage extends Usage {
  /** Those that left this machine; a request that several cells share is one of each by a fraction. */
  requests: number
  answers: number
  /** Answers from the cache, for which none left. */
  cached: number
}

/** The requests that were logged last, to which more may be added. */
export interface LogTail {
  /** Null before the first of a session. */
  id: number | null
  bytes: Uint8Array
}

export function createLogTail(): LogTail {
  return { id: null, bytes: new Uint8Array(0) }
}

export const noCellUsage: CellUsage = { requests: 0, answers: 0, cached: 0, ...noUsage }

/** Bytes of an entry beyond which the next one begins: with them it still fits into a page. */
const fullEntry = 6_000

/**
 * There is none before the first request is logged, and in runs of earlier versions. `first` and `last` are
 * the rows of its requests; `bytes` are chunks of a column's key, their length and `request-log.ts`.
 */
const table = `CREATE TABLE IF NOT EXISTS request_log (
  id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT`

/** Keeps what requests of cells used; inside a transaction. */
export function logRequests(
  ledger: LedgerFile,
  { columns, logged }: { columns: readonly KeyedColumn[]; logged: LogTail },
  log: readonly LoggedRequests[],
): void {
  if (log.length === 0) return
  const chunks = log.map(({ column, bytes }) => chunkOf(columnAt(columns, column).key, bytes))
  const first = Math.min(...log.map((one) => one.first))
  const last = Math.max(...log.map((one) => one.last))
  const more = Buffer.concat(chunks)
  if (logged.id !== null && logged.bytes.length + more.length <= fullEntry) {
    logged.bytes = Buffer.concat([logged.bytes, more])
    ledger.run(
      'UPDATE request_log SET first = min(first, ?), last = max(last, ?), bytes = ? WHERE id = ?',
      first,
      last,
      logged.bytes,
      logged.id,
    )
    return
  }
  if (logged.id === null) ledger.run(table)
  const made = ledger.get(
    'INSERT INTO request_log (first, last, bytes) VALUES (?, ?, ?) RETURNING id',
    first,
    last,
    more,
  )
  logged.id = readCount(made ?? {}, 'id', 'request_log.id')
  logged.bytes = more
}

function chunkOf(key: number, bytes: Uint8Array): Buffer {
  const head = { bytes: new Uint8Array(2 * longestVarint), at: 0 }
  writeVarint(head, key)
  writeVarint(head, bytes.length)
  return Buffer.concat([head.bytes.subarray(0, head.at), bytes])
}

/** What the cells of a row cost, by position of their columns; those of which nothing is logged are left out. */
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
    for (const { key, requests } of chunksOf(entry)) {
      const position = positions.get(key)
      if (position === undefined) continue
      for (const request of requests) {
        const at = request.rows.indexOf(row)
        if (at < 0) continue
        const sum = sums.get(position) ?? noCellUsage
        sums.set(position, addRequest(sum, request, at))
      }
    }
  }
  return sums
}

function hasLog(ledger: LedgerFile): boolean {
  return ledger.get("SELECT 1 FROM sqlite_schema WHERE name = 'request_log'") !== undefined
}

function* chunksOf(
  entry: SqlRow,
): Generator<{ key: number; requests: readonly LoggedRequest[] }, void, undefined> {
  const field = `request_log ${String(entry['id'])}`
  const { bytes } = entry
  if (!(bytes instanceof Uint8Array)) throw corrupt(field, bytes, 'bytes')
  const cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const key = readVarint(cursor)
    const length = readVarint(cursor)
    const end = cursor.at + (length ?? Number.POSITIVE_INFINITY)
    const requests = end > bytes.length ? null : readRequests(bytes.subarray(cursor.at, end))
    if (key === null || requests === null) throw corrupt(field, 'unreadable', 'requests')
    cursor.at = end
    yield { key, requests }
  }
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
