import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { FoundMode } from '../graph/found-mode.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import type { DatasetFile } from './ledger-dataset.ts'
import {
  besideFolder,
  datasetFolder,
  readBesideFolders,
  readDataset,
  readProcessors,
} from './ledger-dataset.ts'
import {
  ledgerName,
  missing,
  openLedgerForReading,
  readCount,
  readNullableText,
  type LedgerFile,
} from './ledger-file.ts'
import { readAssumed } from './ledger-assumed.ts'
import { type LargestRequest, readLargest } from './ledger-largest.ts'
import { readKeptColumns } from './ledger-columns.ts'
import { ledgerError } from './ledger-error.ts'
import { type Batch, readOpenBatches } from './ledger-batch.ts'
import { readMediaTotals } from './ledger-media.ts'
import { readOutputModes } from './ledger-modes.ts'
import { keyList } from './ledger-config.ts'
import { mimeOf } from '../graph/media.ts'
import { readFailures, type FailureSummary } from './ledger-journal.ts'
import { readRejections, readTotals, type RejectionSummary } from './ledger-parts.ts'
import { readSettings } from './ledger-run.ts'
import { readReopened } from './ledger-reopen.ts'
import { readSuperseded, type SupersededColumn } from './ledger-superseded.ts'
import { readUnwritten, type UnwrittenRows } from './ledger-unwritten.ts'
import { readSummaries, type StoredJudgeSummary } from './ledger-summaries.ts'
import { readColumnUsage, readUsage, type ColumnUsage, type RouteUsage } from './ledger-usage.ts'
import { readHolder, type LockHolder } from './lock.ts'
import { movedFolders } from './moved-folders.ts'
import type { RememberedPlugin, RunSettings } from './run-settings.ts'

/** One opening of the run. Times are milliseconds since 1970. */
interface SessionSummary {
  number: number
  started: number
  /** Null while it runs and for one that was killed. */
  ended: number | null
}

/** Files of one kind. */
interface MediaTotal {
  mime: string
  files: number
  bytes: number
}

interface BesideSummary {
  name: string
  files: readonly DatasetFile[]
  /** Null of one that an older version or another config made. */
  columns: readonly RecordColumn[] | null
}

/** What a run folder holds, read from outside. */
export interface StoreSummary {
  directory: string
  settings: RunSettings
  /** Rows below the target by outcome; what is missing to the target remains. */
  totals: OutcomeTotals
  parts: { count: number; bytes: number }
  /** Files of the run's own dataset when they are as new as the parts; empty otherwise. */
  dataset: readonly DatasetFile[]
  /** What processors did to its records; empty for nothing. */
  processors: string
  /** Its columns where processors made it by the config in force; null otherwise. */
  madeColumns: readonly RecordColumn[] | null
  /** Datasets next to it that are as new as the parts, by name. */
  besides: readonly BesideSummary[]
  /** Files that cells name, by what they are. */
  media: readonly MediaTotal[]
  usage: readonly RouteUsage[]
  /** The same by column, of those the config has. */
  columnUsage: readonly ColumnUsage[]
  /** The largest requests, by route. */
  largest: ReadonlyMap<string, LargestRequest>
  /** Dollars that requests of unknown cost count with against `max_cost`. */
  assumed: number
  /** How models are held to the form of their answers, as far as it was determined. */
  outputModes: readonly FoundMode[]
  failures: readonly FailureSummary[]
  /** What models wrote of judgements. */
  summaries: readonly StoredJudgeSummary[]
  rejections: readonly RejectionSummary[]
  sessions: readonly SessionSummary[]
  /** The living process that has the run open. */
  holder: LockHolder | null
  /** Cells in the ledger that no part holds. */
  waitingCells: number
  unwritten: UnwrittenRows
  /** What is kept of columns that are no longer in the config. */
  superseded: readonly SupersededColumn[]
  /** Parts whose rows are undecided because the config changed, and were not worked on since. */
  reopenedParts: number
  /** Batches that providers have, as far as is known. */
  batches: readonly Batch[]
}

/** Reads what a run folder holds without locking it, also while another process runs it. */
export async function inspectStore(directory: string): Promise<StoreSummary> {
  const path = resolve(directory)
  const ledgerPath = resolve(path, ledgerName)
  const found = await stat(ledgerPath).catch(() => null)
  if (found === null) throw missing(ledgerPath)
  const ledger = openLedgerForReading(ledgerPath)
  try {
    // One snapshot: a part committed in between would be counted in one figure only.
    return ledger.read(() => summarise(path, ledger))
  } catch (error) {
    throw ledgerError(error, `reading ${ledgerPath}`, ledgerPath)
  } finally {
    ledger.close()
  }
}

function summarise(directory: string, ledger: LedgerFile): StoreSummary {
  const { settings, columns, config } = readSettings(ledger)
  const parts =
    ledger.get('SELECT count(*) AS count, ifnull(sum(bytes), 0) AS bytes FROM part') ?? {}
  const cells =
    ledger.get(`SELECT count(*) AS count FROM cell WHERE column_key IN (${keyList(columns)})`) ?? {}
  return {
    directory,
    settings,
    totals: readTotals(ledger, columns, settings.partRows, settings.rows),
    parts: {
      count: readCount(parts, 'count', 'part'),
      bytes: readCount(parts, 'bytes', 'part.bytes'),
    },
    dataset: filesIn(directory, ledger, datasetFolder),
    processors: readProcessors(ledger),
    madeColumns: readKeptColumns(ledger, datasetFolder, config),
    besides: readBesideFolders(ledger).flatMap((folder) => {
      const files = filesIn(directory, ledger, folder)
      if (files.length === 0) return []
      const name = folder.slice(besideFolder.length + 1)
      return [{ name, files, columns: readKeptColumns(ledger, folder, config) }]
    }),
    media: readMediaTotals(ledger).map(({ ending, files, bytes }) => ({
      mime: mimeOf(`.${ending}`),
      files,
      bytes,
    })),
    usage: readUsage(ledger),
    columnUsage: readColumnUsage(ledger, columns),
    largest: readLargest(ledger),
    assumed: readAssumed(ledger),
    outputModes: readOutputModes(ledger),
    failures: readFailures(ledger, columns, settings.rows),
    summaries: readSummaries(ledger),
    rejections: readRejections(ledger, columns, settings.rows),
    sessions: ledger.all('SELECT * FROM session ORDER BY number').map((row) => ({
      number: readCount(row, 'number', 'session.number'),
      started: Number(row['started']),
      ended: row['ended'] === null ? null : Number(row['ended']),
    })),
    holder: readHolder(directory),
    waitingCells: readCount(cells, 'count', 'cell'),
    unwritten: readUnwritten(ledger, columns, settings.rows),
    superseded: readSuperseded(ledger, columns),
    reopenedParts: readReopened(ledger).length,
    batches: readOpenBatches(ledger),
  }
}

function filesIn(directory: string, ledger: LedgerFile, folder: string): DatasetFile[] {
  return (readDataset(ledger, folder) ?? []).map(({ file, ...rest }) => ({
    path: resolve(directory, folder, file),
    ...rest,
  }))
}

/** A part as it is on disk. */
export interface WrittenPart {
  part: number
  /** Relative to the run folder; null where no row of it was accepted. */
  file: string | null
  /** Whether all of its rows are decided. */
  isComplete: boolean
}

/** The first part from a number on that is written; reads without a lock. */
export function readPartFrom(directory: string, from: number): WrittenPart | null {
  const ledgerPath = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(ledgerPath)
  try {
    const row = ledger.get(
      'SELECT number, file, decided FROM part WHERE number >= ? ORDER BY number LIMIT 1',
      from,
    )
    if (row === undefined) return null
    return {
      part: readCount(row, 'number', 'part.number'),
      file: readNullableText(row, 'file', 'part.file'),
      isComplete: row['decided'] === null,
    }
  } catch (error) {
    throw ledgerError(error, `reading ${ledgerPath}`, ledgerPath)
  } finally {
    ledger.close()
  }
}

/** A run as it is stored, and where its plugins may be. */
export function readStoredRun(directory: string): {
  settings: RunSettings
  plugins: RememberedPlugin[]
} {
  const ledgerPath = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(ledgerPath)
  try {
    const { settings } = readSettings(ledger)
    const plugins = (settings.plugins ?? []).map(({ name, reference }) => ({
      name,
      reference:
        reference === null
          ? null
          : { written: reference.written, folders: movedFolders(directory, reference) },
    }))
    return { settings, plugins }
  } catch (error) {
    throw ledgerError(error, `reading ${ledgerPath}`, ledgerPath)
  } finally {
    ledger.close()
  }
}
