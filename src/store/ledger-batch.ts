import { RowsmithError } from '../util/errors.ts'
import { columnAt, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { readCount, readNullableText, readText, type LedgerFile } from './ledger-file.ts'

/** A request that is part of a batch, as a provider is asked for it. */
interface BatchRequest {
  /** What its answer is known by: unique in the batch. */
  number: number
  row: number
  column: number
  turn: number
  /** Hex SHA-256 of the request as it was sent. */
  hash: string
}

/** How a batch ended. */
export type BatchEnd = 'completed' | 'failed' | 'expired' | 'cancelled'

/** Requests that a provider answers together, some time later. */
export interface Batch {
  id: number
  route: string
  /** Named by us before it is sent, so that a batch whose sending was cut short can be found. */
  submission: string
  /** The provider's name for it; null until its submission was answered. */
  handle: string | null
  state: 'submitting' | 'submitted'
  /** Milliseconds since 1970. */
  submitted: number
  requests: readonly BatchRequest[]
}

/** Notes a batch before it is sent: it counts as sent from here on. Gives its id. */
export function addBatch(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  batch: Omit<Batch, 'id' | 'handle' | 'state'>,
): number {
  const { route, submission, submitted, requests } = batch
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

/** All that can be had of a batch is in the ledger; its requests are forgotten. */
export function endBatch(ledger: LedgerFile, id: number, end: BatchEnd, wallTimeMs: number): void {
  ledger.write(() => {
    ledger.run('UPDATE batch SET state = ?, ended = ? WHERE id = ?', end, wallTimeMs, id)
    ledger.run('DELETE FROM batch_request WHERE batch = ?', id)
  })
}

/** Batches that have not ended, the oldest first. Requests of columns that are gone are left out. */
export function readOpenBatches(ledger: LedgerFile, columns: readonly KeyedColumn[]): Batch[] {
  const positions = new Map(columns.map(({ key }, position) => [key, position]))
  return ledger.all('SELECT * FROM batch WHERE ended IS NULL ORDER BY id').map((row) => {
    const id = readCount(row, 'id', 'batch.id')
    const { state } = row
    if (state !== 'submitting' && state !== 'submitted') {
      throw corrupt('batch.state', state, "'submitting' or 'submitted'")
    }
    return {
      id,
      route: readText(row, 'route', 'batch.route'),
      submission: readText(row, 'submission', 'batch.submission'),
      handle: readNullableText(row, 'handle', 'batch.handle'),
      state,
      submitted: Number(row['submitted']),
      requests: readRequests(ledger, positions, id),
    }
  })
}

function readRequests(
  ledger: LedgerFile,
  positions: ReadonlyMap<number, number>,
  batch: number,
): BatchRequest[] {
  const rows = ledger.all('SELECT * FROM batch_request WHERE batch = ? ORDER BY number', batch)
  return rows.flatMap((row): BatchRequest[] => {
    const column = positions.get(readCount(row, 'column_key', 'batch_request.column_key'))
    if (column === undefined) return []
    return [
      {
        number: readCount(row, 'number', 'batch_request.number'),
        row: readCount(row, 'row', 'batch_request.row'),
        column,
        turn: readCount(row, 'turn', 'batch_request.turn'),
        hash: readText(row, 'hash', 'batch_request.hash'),
      },
    ]
  })
}
