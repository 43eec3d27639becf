import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { KnownRows } from '../scheduler/known-rows.ts'
import { RowsmithError } from '../util/errors.ts'
import { serve } from './calls.ts'
import * as datasets from './ledger-dataset.ts'
import { openLedger, type LedgerFile } from './ledger-file.ts'
import * as journal from './ledger-journal.ts'
import * as parts from './ledger-parts.ts'
import { readKnownRows, readRowPage, type PageOptions, type RowPage } from './ledger-rows.ts'
import * as runs from './ledger-run.ts'
import type { RunSettings } from './settings.ts'

export interface OpenLedger {
  settings: RunSettings
  session: number
  decided: Interval[]
  /** What a crash left behind. */
  orphans: string[]
}

/** The thread that owns the ledger of an open run: all writes and reads, in the order asked. */
export interface LedgerCalls {
  create(path: string, settings: RunSettings, wallTimeMs: number): OpenLedger
  open(path: string, wallTimeMs: number): OpenLedger
  close(wallTimeMs: number): void

  writeBatch(batch: journal.JournalBatch): void
  unfinishedParts(): number[]
  readRows(rows: readonly Interval[], options: PageOptions): RowPage
  readKnownRows(rows: Interval): KnownRows
  usage(): journal.RouteUsage[]
  failures(): journal.FailureSummary[]

  beginPart(part: number, fresh: readonly Interval[], file: string | null): parts.OldPart
  commitPart(commit: parts.PartCommit): void
  partRecord(part: number): parts.PartRecord | null
  retryDropped(): Interval[]
  setTarget(rows: number): void
  totals(): parts.RowTotals

  addIntent(path: string): void
  removeIntents(paths: readonly string[]): void
  planJoin(): number[]
  joinParts(from: number, to: number): datasets.JoinPart[]
  dataset(directory: string): datasets.DatasetEntry[] | null
  ownFiles(directory: string): string[]
  beginSwap(directory: string, files: readonly string[]): void
  commitDataset(directory: string, files: readonly datasets.DatasetEntry[], intent: string): void
}

interface OpenRun {
  ledger: LedgerFile
  settings: RunSettings
  columns: journal.KeyedColumn[]
  session: number
}

let open: OpenRun | null = null

function run(): OpenRun {
  if (open === null) throw new RowsmithError('internal', 'the ledger is not open')
  return open
}

function begin(ledger: LedgerFile, wallTimeMs: number): OpenLedger {
  try {
    const settings = runs.readSettings(ledger)
    const columns = runs.readColumns(ledger)
    const decided = runs.readDecided(ledger, settings.partRows)
    const session = runs.beginSession(ledger, wallTimeMs)
    open = { ledger, settings, columns, session }
    return { settings, session, decided, orphans: datasets.readIntents(ledger) }
  } catch (error) {
    ledger.close()
    throw error
  }
}

serve<LedgerCalls>({
  create(path, settings, wallTimeMs) {
    return begin(
      openLedger(path, (ledger) => runs.fillLedger(ledger, settings)),
      wallTimeMs,
    )
  },
  open: (path, wallTimeMs) => begin(openLedger(path, null), wallTimeMs),
  close(wallTimeMs) {
    if (open === null) return
    const { ledger, session } = open
    open = null
    try {
      runs.endSession(ledger, session, wallTimeMs)
      ledger.shrink()
    } finally {
      ledger.close()
    }
  },

  writeBatch(batch) {
    const { ledger, columns, session } = run()
    journal.writeBatch(ledger, columns, session, batch)
  },
  unfinishedParts() {
    const { ledger, settings } = run()
    const decided = runs.readDecided(ledger, settings.partRows)
    return journal.readUnfinishedParts(ledger, decided, settings.partRows)
  },
  readRows(rows, options) {
    const { ledger, columns } = run()
    return readRowPage(ledger, columns, rows, options)
  },
  readKnownRows(rows) {
    const { ledger, columns } = run()
    return readKnownRows(ledger, columns, rows)
  },
  usage: () => journal.readUsage(run().ledger),
  failures() {
    const { ledger, columns, settings } = run()
    return journal.readFailures(ledger, columns, settings.rows)
  },

  beginPart(part, fresh, file) {
    const { ledger, settings } = run()
    const rows = RowSet.fromIntervals(fresh)
    return parts.beginPart(ledger, settings.partRows, part, rows, file)
  },
  commitPart(commit) {
    const { ledger, columns, settings } = run()
    parts.commitPart(ledger, columns, settings.partRows, commit)
  },
  partRecord: (part) => parts.readPartRecord(run().ledger, run().settings.partRows, part),
  retryDropped: () => parts.retryDropped(run().ledger, run().settings.partRows),
  setTarget(rows) {
    const { ledger, settings } = run()
    runs.storeTarget(ledger, rows)
    settings.rows = rows
  },
  totals() {
    const { ledger, settings } = run()
    return parts.readTotals(ledger, settings.partRows, settings.rows)
  },

  addIntent: (path) => datasets.addIntent(run().ledger, path),
  removeIntents: (paths) => datasets.removeIntents(run().ledger, paths),
  planJoin() {
    const { ledger, settings } = run()
    return datasets.planJoin(ledger, settings.partRows, settings.rows)
  },
  joinParts: (from, to) => datasets.readJoinParts(run().ledger, from, to),
  dataset: (directory) => datasets.readDataset(run().ledger, directory),
  ownFiles: (directory) => datasets.readOwnFiles(run().ledger, directory),
  beginSwap: (directory, files) => datasets.beginSwap(run().ledger, directory, files),
  commitDataset(directory, files, intent) {
    datasets.commitDataset(run().ledger, directory, files, intent)
  },
})
