import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { StoredValue } from '../graph/stored-value.ts'
import { failedCellsOf, type FailedCell } from './failed-cells.ts'
import type { KeyedColumn } from './ledger-config.ts'
import { readPartRows } from './ledger-decided.ts'
import { ledgerError } from './ledger-error.ts'
import {
  ledgerName,
  openLedgerForReading,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
} from './ledger-file.ts'
import type { StoredExchange } from './ledger-journal.ts'
import { readAbsent, readSkipped } from './ledger-parts.ts'
import { keysOf } from './ledger-reopen.ts'
import { type CellUsage, readRowUsage } from './ledger-requests.ts'
import { readRowPage } from './ledger-rows.ts'
import { readSettings } from './ledger-run.ts'
import { readPartFile } from './part-file.ts'
import type { RunSettings } from './run-settings.ts'
import { verifyPart } from './verify.ts'

/** All that a run folder holds of one row. */
export interface StoredRow {
  settings: RunSettings
  row: number
  /** Whether the row has its outcome. */
  isDecided: boolean
  /** Why it has no record; null for a row with one, and for one that is not decided. */
  absent: { outcome: 'dropped' | 'rejected'; column: string; code: string } | null
  /** The file that has its record; null without one. */
  part: { number: number; file: string; session: RowSession | null } | null
  /** Cells by the column's position: those of its record, or those that are paid for and wait. */
  cells: ReadonlyMap<number, StoredValue>
  /** Positions of columns of the part that were skipped in some of its rows. */
  skippable: ReadonlySet<number>
  failures: readonly FailedCell[]
  /** Answered requests of cells that are not made. */
  exchanges: readonly StoredExchange[]
  /** What its cells cost, by the column's position; those that are not known to have asked are omitted. */
  usage: ReadonlyMap<number, CellUsage>
}

/** The opening of the run in which a file was written; times in ms since 1970. */
export interface RowSession {
  number: number
  started: number
  /** Null while it runs and for one that was killed. */
  ended: number | null
}

/** A part may be replaced by a process that works on the run between two looks at it. */
const mostLooks = 3

/** Reads what a run folder holds of a row, without a lock. */
export async function readStoredRow(directory: string, row: number): Promise<StoredRow> {
  for (let look = 1; ; look += 1) {
    const found = lookUp(directory, row)
    const { file } = found
    if (file === null) return found.stored
    const path = resolve(directory, file.name)
    if (!existsSync(path) && look < mostLooks) continue
    verifyPart({ path, sha256: file.sha256 })
    return { ...found.stored, cells: await recordOf(path, row, file.columns) }
  }
}

interface FoundRow {
  stored: StoredRow
  /** Where its record is, and the columns that are there by their positions. */
  file: {
    name: string
    sha256: string
    columns: readonly { position: number; column: KeyedColumn }[]
  } | null
}

function lookUp(directory: string, row: number): FoundRow {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    return ledger.read(() => lookIn(ledger, row))
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}

function lookIn(ledger: LedgerFile, row: number): FoundRow {
  const { settings, columns } = readSettings(ledger)
  const { partRows } = settings
  const number = Math.floor(row / partRows)
  const page = readRowPage(ledger, columns, [{ start: row, end: row + 1 }], {
    maxBytes: Number.POSITIVE_INFINITY,
    wanted: null,
    exchanges: true,
  })
  const cells = new Map(
    page.values.map((value, at): [number, StoredValue] => [page.columns[at] ?? -1, value]),
  )
  const [absent = null] = readAbsent(ledger, row, row + 1)
  const part = ledger.get('SELECT * FROM part WHERE number = ?', number)
  const isDecided = part !== undefined && readPartRows(part, number, partRows).has(row)
  const stored: StoredRow = {
    settings,
    row,
    isDecided,
    absent:
      absent === null
        ? null
        : {
            outcome: absent.outcome,
            column: nameOf(ledger, absent.key),
            code: absent.code,
          },
    part: null,
    cells,
    skippable: new Set(),
    failures: failedCellsOf(ledger, columns, row, partRows),
    exchanges: page.exchanges,
    usage: readRowUsage(ledger, columns, row),
  }
  if (part === undefined || !isDecided || absent !== null) return { stored, file: null }
  const name = readNullableText(part, 'file', `part ${number}: file`)
  if (name === null) return { stored, file: null }
  const there = new Set(keysOf(ledger, readCount(part, 'config', `part ${number}: config`)))
  const skipped = readSkipped(part, number)
  return {
    stored: {
      ...stored,
      part: { number, file: name, session: sessionOf(ledger, name) },
      skippable: new Set(columns.flatMap(({ key }, at) => (skipped.has(key) ? [at] : []))),
    },
    file: {
      name,
      sha256: readText(part, 'sha256', `part ${number}: sha256`),
      columns: columns
        .map((column, position) => ({ position, column }))
        .filter(({ column }) => there.has(column.key)),
    },
  }
}

function nameOf(ledger: LedgerFile, key: number): string {
  const row = ledger.get('SELECT name FROM column_key WHERE id = ?', key)
  return readText(row ?? {}, 'name', `column_key ${key}: name`)
}

/** The session is in the name of a part's file. */
function sessionOf(ledger: LedgerFile, file: string): RowSession | null {
  const number = Number(/\.s(\d+)-\d+\./.exec(file)?.[1] ?? Number.NaN)
  if (!Number.isSafeInteger(number)) return null
  const row = ledger.get('SELECT * FROM session WHERE number = ?', number)
  if (row === undefined) return null
  const { started, ended } = row
  return { number, started: Number(started), ended: ended === null ? null : Number(ended) }
}

async function recordOf(
  path: string,
  row: number,
  columns: readonly { position: number; column: KeyedColumn }[],
): Promise<Map<number, StoredValue>> {
  const wanted = columns.map(({ column }) => column.settings)
  for await (const block of readPartFile(path, wanted)) {
    const at = block.rows.indexOf(row)
    if (at < 0) continue
    return new Map(
      columns.map(({ position }, id): [number, StoredValue] => [
        position,
        block.columns[id]?.[at] ?? null,
      ]),
    )
  }
  return new Map()
}
