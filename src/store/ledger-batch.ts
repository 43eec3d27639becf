import type { Interval } from '../plan/interval.ts'
import { RowsmithError } from '../util/errors.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readMeta, readCount, readNullableText, readText } from './ledger-file.ts'
import { type JournalBatch, type JournalContext, writeRecords } from './ledger-journal.ts'

/** A request that is part of a batch, as a provider is asked for it. */
export interface BatchRequest {
  /** What its answer is known by: from 0, unique in the batch. */
  number: number
  row: number
  column: number
  turn: number
  /** Hex SHA-256 of the request as it was sent. */
  hash: string
}

/** A request without a result; its column is null if it is no longer in the config. */
export type OpenBatchRequest = Omit<BatchRequest, 'column'> & { column: number | null }

/** How a batch ended; `withdrawn` was never sent, or is not waited for any more. */
export type BatchEnd = 'completed' | 'failed' | 'expired' | 'cancelled' | 'withdrawn'

/** Requests that a provider answers together, some time later. */
export interface Batch {
  id: number
  route: string
  /** The place of the route that has it: its name, or that of one of its choices. */
  place: string
  /** Named by us before it is sent, so that a batch whose sending was cut short can be found. */
  submission: string
  /** The provider's name for it; null until its submission was answered. */
  handle: string | null
  state: 'submitting' | 'submitted'
  /** Milliseconds since 1970. */
  submitted: number
  requests: number
  /** Dollars it may cost. */
  reserved: number
}

/** A batch that is about to be sent. */
export type NewBatch = Omit<Batch, 'id' | 'handle' | 'state' | 'requests'> & {
  requests: readonly BatchRequest[]
}

/** Notes a batch before it is sent: it counts as sent from here on. Gives its id. */
export function addBatch(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  batch: NewBatch,
): number {
  const { route, place, submission, submitted, requests, reserved } = batch
  return ledger.write(() => {
    if (ledger.get('SELECT 1 FROM batch WHERE submission = ?', submission) !== undefined) {
      throw new RowsmithError('internal', `the batch ${submission} was submitted before`)
    }
    const made = ledger.get(
      `INSERT INTO batch (route, submission, state, submitted) VALUES (?, ?, 'submitting', ?)
      RETURNING id`,
      route,
      submission,
      submitted,
    )
    const id = readCount(made ?? {}, 'id', 'batch.id')
    const facts = JSON.stringify({ requests: requests.length, reserved, place })
    ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', keyOf(id), facts)
    for (const { number, row, column, turn, hash } of requests) {
      ledger.run(
        'INSERT INTO batch_request VALUES (?, ?, ?, ?, ?, ?)',
        id,
        number,
        row,
        columnAt(columns, column).key,
        turn,
        hash,
      )
    }
    return id
  })
}

/** The provider has taken a batch, under this name. */
export function setBatchHandle(ledger: LedgerFile, id: number, handle: string): void {
  ledger.write(() => {
    ledger.run("UPDATE batch SET handle = ?, state = 'submitted' WHERE id = ?", handle, id)
  })
}

/** Keeps results of a batch; its requests of these numbers are forgotten with that. */
export function collectBatch(
  ledger: LedgerFile,
  context: JournalContext,
  id: number,
  { numbers, ...records }: JournalBatch & { numbers: readonly number[] },
): void {
  ledger.write(() => {
    writeRecords(ledger, context, records)
    for (const number of numbers) {
      ledger.run('DELETE FROM batch_request WHERE batch = ? AND number = ?', id, number)
    }
  })
}

/** All that can be had of a batch is in the ledger; its requests are forgotten. */
export function endBatch(ledger: LedgerFile, id: number, end: BatchEnd, wallTimeMs: number): void {
  ledger.write(() => {
    ledger.run('UPDATE batch SET state = ?, ended = ? WHERE id = ?', end, wallTimeMs, id)
    ledger.run('DELETE FROM batch_request WHERE batch = ?', id)
    ledger.run('DELETE FROM meta WHERE key = ?', keyOf(id))
  })
}

/** What of a batch its table has no column for, until it has ended. */
function keyOf(id: number): string {
  return `batch:${id}`
}

function readFacts(
  ledger: LedgerFile,
  id: number,
): Pick<Batch, 'requests' | 'reserved'> & { place: string | null } {
  const { text = 'nothing', value: facts } = readMeta(ledger, keyOf(id)) ?? {}
  if (typeof facts === 'object' && facts !== null) {
    const {
      requests,
      reserved,
      place,
    }: { requests?: unknown; reserved?: unknown; place?: unknown } = facts
    if (typeof requests === 'number' && typeof reserved === 'number') {
      return { requests, reserved, place: typeof place === 'string' ? place : null }
    }
  }
  throw corrupt(`meta.${keyOf(id)}`, text, 'the number of its requests and what they may cost')
}

/** Batches that have not ended, the oldest first. */
export function readOpenBatches(ledger: LedgerFile): Batch[] {
  return ledger.all('SELECT * FROM batch WHERE ended IS NULL ORDER BY id').map((row) => {
    const { state } = row
    if (state !== 'submitting' && state !== 'submitted') {
      throw corrupt('batch.state', state, "'submitting' or 'submitted'")
    }
    const id = readCount(row, 'id', 'batch.id')
    const route = readText(row, 'route', 'batch.route')
    const { place, ...facts } = readFacts(ledger, id)
    return {
      id,
      route,
      // Of one that was sent before models with several places had batches.
      place: place ?? route,
      submission: readText(row, 'submission', 'batch.submission'),
      handle: readNullableText(row, 'handle', 'batch.handle'),
      state,
      submitted: Number(row['submitted']),
      ...facts,
    }
  })
}

/** Rows that wait for a result of a batch; requests of columns that are missing keep none. */
export function readBatchedRows(ledger: LedgerFile, columns: readonly KeyedColumn[]): Interval[] {
  const intervals: { start: number; end: number }[] = []
  const sql = `SELECT DISTINCT row FROM batch_request
    WHERE batch > ? AND column_key IN (${keyList(columns)}) ORDER BY row`
  for (const found of ledger.each(sql, -1)) {
    const row = readCount(found, 'row', 'batch_request.row')
    const last = intervals.at(-1)
    if (last?.end === row) last.end = row + 1
    else intervals.push({ start: row, end: row + 1 })
  }
  return intervals
}

/** The given numbers of a batch whose requests have no result yet. */
export function readBatchRequests(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  batch: number,
  numbers: readonly number[],
): OpenBatchRequest[] {
  const positions = new Map(columns.map(({ key }, position) => [key, position]))
  return numbers.flatMap((number): OpenBatchRequest[] => {
    const row = ledger.get(
      'SELECT * FROM batch_request WHERE batch = ? AND number = ?',
      batch,
      number,
    )
    if (row === undefined) return []
    return [
      {
        number,
        row: readCount(row, 'row', 'batch_request.row'),
        column: positions.get(readCount(row, 'column_key', 'batch_request.column_key')) ?? null,
        turn: readCount(row, 'turn', 'batch_request.turn'),
        hash: readText(row, 'hash', 'batch_request.hash'),
      },
    ]
  })
}

/** Numbers of a batch, from a given one on, whose requests have no result yet; a page at a time. */
export function readOpenNumbers(
  ledger: LedgerFile,
  batch: number,
  from: number,
  most: number,
): number[] {
  return ledger
    .all(
      'SELECT number FROM batch_request WHERE batch = ? AND number >= ? ORDER BY number LIMIT ?',
      batch,
      from,
      most,
    )
    .map((row) => readCount(row, 'number', 'batch_request.number'))
}
