import { resolve } from 'node:path'
import type { FoundMode } from '../graph/found-mode.ts'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { KnownRows } from '../rows/known-rows.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import type { PartProfile } from '../profile/part-profile.ts'
import { RowsmithError } from '../util/errors.ts'
import { serve } from '../threads/worker-calls.ts'
import type { ConfigVersion, KeyedColumn } from './ledger-config.ts'
import { keepCopy, noteOpened } from './ledger-copy.ts'
import * as batches from './ledger-batch.ts'
import * as datasets from './ledger-dataset.ts'
import { readDecided } from './ledger-decided.ts'
import { openLedger, type LedgerFile } from './ledger-file.ts'
import { foreseeChange, type ForeseenChange } from './ledger-foresee.ts'
import { ledgerError } from './ledger-error.ts'
import * as journal from './ledger-journal.ts'
import { type KeptSearch, readKeptRows, type StoredKeptRows } from './ledger-kept.ts'
import * as modes from './ledger-modes.ts'
import { createLogTail } from './ledger-requests.ts'
import * as media from './ledger-media.ts'
import * as parts from './ledger-parts.ts'
import { readKnownRows, readRowPage, type PageOptions, type RowPage } from './ledger-rows.ts'
import * as profiles from './ledger-profiles.ts'
import * as reopening from './ledger-reopen.ts'
import { retryFailed, type Retry } from './ledger-retry.ts'
import * as runs from './ledger-run.ts'
import {
  forgetSummaries,
  keepSummary,
  readSummaries,
  type StoredJudgeSummary,
} from './ledger-summaries.ts'
import { forgetSuperseded } from './ledger-superseded.ts'
import * as usage from './ledger-usage.ts'
import type { RunSettings, RunSources } from './run-settings.ts'
import type { MediaCount } from './unnamed-media.ts'
import { sqliteCode } from '../threads/storage-error.ts'
import { verifyPart } from './verify.ts'

export interface OpenLedger {
  settings: RunSettings
  session: number
  decided: Interval[]
  outputModes: FoundMode[]
  /** What a crash left behind. */
  orphans: string[]
  /** Parts whose rows are undecided again and whose files are there: see `takeReopened`. */
  reopened: number[]
}

/** The thread that owns the ledger of an open run: all writes and reads, in the order asked. */
export interface LedgerCalls {
  create(path: string, settings: RunSettings, wallTimeMs: number): OpenLedger
  open(path: string, wallTimeMs: number): OpenLedger
  /** Null, or why the ledger could not be copied. */
  close(wallTimeMs: number): string | null

  writeBatch(batch: journal.JournalBatch): void
  decided(): Interval[]
  unfinishedParts(): number[]
  readRows(rows: readonly Interval[], options: PageOptions): RowPage
  readKnownRows(rows: Interval): KnownRows
  usage(): usage.RouteUsage[]
  columnUsage(): usage.ColumnUsage[]
  failures(): journal.FailureSummary[]

  beginPart(part: number, fresh: readonly Interval[], file: string | null): parts.OldPart
  commitPart(commit: parts.PartCommit): void
  partRecord(part: number): parts.PartRecord | null
  retryFailed(retry: Retry): RetriedRun
  changeConfig(version: ConfigVersion): ChangedRun
  /** What that would do to the rows below a target; nothing is changed. */
  foreseeChange(version: ConfigVersion, target: number): ForeseenChange
  /** Takes what the file of a reopened part holds into the ledger; gives the file, an orphan now. */
  takeReopened(directory: string, part: number): Promise<string | null>
  /** Forgets what is there of columns that are no longer in the config, and removes media that only they named. */
  forgetSuperseded(directory: string): Promise<MediaCount>
  /** Takes what the file of a part has of columns that are no longer in the config into the ledger. */
  keepOutdated(directory: string, part: number): Promise<void>
  partFiles(from: number, most: number): { part: number; file: string; sha256: string }[]
  forgetFiles(parts: readonly number[]): ChangedRun
  unprofiledParts(from: number, most: number): number[]
  storeProfile(part: number, profile: PartProfile): void
  keepSummary(summary: StoredJudgeSummary): void
  forgetSummaries(summaries: readonly StoredJudgeSummary[]): void
  summaries(): StoredJudgeSummary[]
  setTarget(rows: number): void
  setSources(sources: RunSources): void
  setOutputModes(found: readonly FoundMode[]): void
  totals(): OutcomeTotals
  keptRows(search: KeptSearch): StoredKeptRows
  rejections(): parts.RejectionSummary[]

  addBatch(batch: batches.NewBatch): number
  setBatchHandle(id: number, handle: string): void
  endBatch(id: number, end: batches.BatchEnd, wallTimeMs: number): void
  openBatches(): batches.Batch[]
  batchedRows(): Interval[]
  batchRequests(id: number, numbers: readonly number[]): batches.OpenBatchRequest[]
  openNumbers(id: number, from: number, most: number): number[]
  collectBatch(id: number, results: journal.JournalBatch & { numbers: readonly number[] }): void

  beginMedia(file: media.StoredMedia): void
  media(behind: string, most: number): media.StoredMedia[]

  intents(): string[]
  addIntent(path: string): void
  removeIntents(paths: readonly string[]): void
  planJoin(): number[]
  joinParts(from: number, to: number): datasets.JoinPart[]
  dataset(directory: string, processors: string | null): datasets.DatasetEntry[] | null
  /** What was done to the records of the run's own dataset. */
  processors(): string
  ownFiles(directory: string): string[]
  besideFolders(): string[]
  forgetDataset(directory: string): void
  beginSwap(directory: string, files: readonly string[]): void
  commitDataset(
    directory: string,
    files: readonly datasets.DatasetEntry[],
    made: Omit<datasets.MadeDataset, 'config'>,
  ): void
  /** One that processors made, in a folder of the run; null where it must be made (again). */
  madeDataset(directory: string): datasets.ReadableDataset | null
}

/** What taking up failed cells did, as the thread of the run sees it. */
interface RetriedRun {
  undecided: Interval[]
  /** Parts they are of whose files are there. */
  reopened: number[]
}

/** What the reopening of parts did, as the thread of the run sees it. */
export interface ChangedRun {
  columns: RunSettings['columns']
  /** Rows that are undecided again. */
  undecided: Interval[]
  /** Parts they are of whose files are there. */
  reopened: number[]
}

interface OpenRun extends parts.ConfigInForce, journal.JournalContext {
  ledger: LedgerFile
  settings: RunSettings
  columns: readonly KeyedColumn[]
}

let open: OpenRun | null = null

function run(): OpenRun {
  if (open === null) throw new RowsmithError('internal', 'the ledger is not open')
  return open
}

function begin(ledger: LedgerFile, wallTimeMs: number): OpenLedger {
  try {
    const { settings, config, columns } = runs.readSettings(ledger)
    const decided = readDecided(ledger, settings.partRows)
    const session = runs.beginSession(ledger, wallTimeMs)
    const exchanges = journal.hasExchanges(ledger)
    const logged = createLogTail()
    open = { ledger, settings, config, columns, session, exchanges, media: new Map(), logged }
    return {
      settings,
      session,
      decided,
      outputModes: modes.readOutputModes(ledger),
      orphans: datasets.readIntents(ledger),
      reopened: reopening.readReopened(ledger),
    }
  } catch (error) {
    ledger.close()
    throw readError(error, ledger)
  }
}

/** What SQLite says of a call that only reads; a defect of ours stays one. */
function readError(thrown: unknown, { path }: LedgerFile): unknown {
  return sqliteCode(thrown) === null ? thrown : ledgerError(thrown, `reading ${path}`, path)
}

/** Row group by row group, so that no transaction is larger than one. */
async function takeReopened(directory: string, part: number): Promise<string | null> {
  const {
    ledger,
    settings: { partRows },
  } = run()
  const reopened = reopening.readReopenedPart(ledger, partRows, part)
  if (reopened === null) return null
  await takeFile(directory, reopened)
  reopening.forgetReopened(ledger, partRows, reopened)
  return reopened.file
}

async function takeFile(directory: string, reopened: reopening.ReopenedPart): Promise<void> {
  const { ledger } = run()
  const path = resolve(directory, reopened.file)
  verifyPart({ path, sha256: reopened.sha256 })
  // Only a run whose config was edited needs a Parquet reader in this thread.
  const { readPartFile } = await import('./part-file.ts')
  const fileColumns = reopened.columns.map(({ settings }) => settings)
  for await (const block of readPartFile(path, fileColumns)) {
    reopening.takeCells(ledger, reopened, block)
  }
}

const calls: LedgerCalls = {
  create(path, settings, wallTimeMs) {
    return begin(
      openLedger(path, (ledger) => runs.fillLedger(ledger, settings)),
      wallTimeMs,
    )
  },
  open(path, wallTimeMs) {
    noteOpened(path)
    return begin(openLedger(path, null), wallTimeMs)
  },
  close(wallTimeMs) {
    if (open === null) return null
    const { ledger, session } = open
    open = null
    try {
      runs.endSession(ledger, session, wallTimeMs)
      ledger.shrink()
    } finally {
      ledger.close()
    }
    return keepCopy(ledger.path)
  },

  writeBatch(batch) {
    const context = run()
    journal.writeBatch(context.ledger, context, batch)
  },
  decided: () => readDecided(run().ledger, run().settings.partRows),
  unfinishedParts() {
    const { ledger, settings } = run()
    const decided = readDecided(ledger, settings.partRows)
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
  usage: () => usage.readUsage(run().ledger),
  columnUsage: () => usage.readColumnUsage(run().ledger, run().columns),
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
    const context = run()
    parts.commitPart(context.ledger, context, context.settings.partRows, commit)
  },
  partRecord(part) {
    const { ledger, columns, settings } = run()
    return parts.readPartRecord(ledger, columns, settings.partRows, part)
  },
  retryFailed(retry) {
    const { ledger, columns, settings } = run()
    const undecided = retryFailed(ledger, columns, settings.partRows, retry)
    return { undecided, reopened: reopening.readReopened(ledger) }
  },
  changeConfig(version) {
    const current = run()
    const { ledger, settings } = current
    const changed = reopening.changeConfig(ledger, settings.partRows, version)
    current.config = changed.config
    current.columns = changed.columns
    settings.config = version.config
    settings.columns = changed.columns.map((column) => column.settings)
    settings.compared = version.compared ?? []
    if (version.seedIdentity !== undefined) settings.seedIdentity = version.seedIdentity
    if (version.kept !== undefined) settings.kept = version.kept
    return {
      columns: settings.columns,
      undecided: changed.reopened,
      reopened: reopening.readReopened(ledger),
    }
  },
  foreseeChange(version, target) {
    const { ledger, settings } = run()
    return foreseeChange(ledger, settings.partRows, version, target)
  },
  takeReopened,
  async keepOutdated(directory, part) {
    const outdated = reopening.readOutdatedPart(run().ledger, run(), part)
    if (outdated !== null) await takeFile(directory, outdated)
  },
  async forgetSuperseded(directory) {
    const { ledger, columns, settings } = run()
    forgetSuperseded(ledger, columns, settings.partRows)
    const { removeUnnamedMedia } = await import('./unnamed-media.ts')
    return removeUnnamedMedia(ledger, directory, columns)
  },
  partFiles: (from, most) => reopening.readPartFiles(run().ledger, from, most),
  forgetFiles(lost) {
    const { ledger, columns, settings } = run()
    const undecided = reopening.forgetFiles(ledger, columns, settings.partRows, lost)
    return {
      columns: settings.columns,
      undecided,
      reopened: reopening.readReopened(ledger),
    }
  },
  unprofiledParts: (from, most) => profiles.readUnprofiled(run().ledger, from, most),
  storeProfile(part, profile) {
    const { ledger, columns } = run()
    ledger.write(() => {
      profiles.storeProfile(ledger, columns, part, profile)
      profiles.mergeProfiles(ledger, columns, part)
    })
  },
  setTarget(rows) {
    const { ledger, settings } = run()
    runs.storeTarget(ledger, rows)
    settings.rows = rows
  },
  keepSummary: (summary) => keepSummary(run().ledger, summary),
  forgetSummaries: (summaries) => forgetSummaries(run().ledger, summaries),
  summaries: () => readSummaries(run().ledger),
  setSources: (sources) => runs.storeSources(run().ledger, sources),
  setOutputModes: (found) => modes.storeOutputModes(run().ledger, found),
  totals() {
    const { ledger, columns, settings } = run()
    return parts.readTotals(ledger, columns, settings.partRows, settings.rows)
  },
  keptRows(search) {
    const { ledger, settings } = run()
    return readKeptRows(ledger, settings.partRows, search)
  },
  rejections() {
    const { ledger, columns, settings } = run()
    return parts.readRejections(ledger, columns, settings.rows)
  },

  addBatch: (batch) => batches.addBatch(run().ledger, run().columns, batch),
  setBatchHandle: (id, handle) => batches.setBatchHandle(run().ledger, id, handle),
  endBatch: (id, end, wallTimeMs) => batches.endBatch(run().ledger, id, end, wallTimeMs),
  openBatches: () => batches.readOpenBatches(run().ledger),
  batchedRows: () => batches.readBatchedRows(run().ledger, run().columns),
  batchRequests: (id, numbers) =>
    batches.readBatchRequests(run().ledger, run().columns, id, numbers),
  openNumbers: (id, from, most) => batches.readOpenNumbers(run().ledger, id, from, most),
  collectBatch: (id, results) => batches.collectBatch(run().ledger, run(), id, results),

  beginMedia: (file) => media.beginMedia(run().ledger, run().media, file),
  media: (behind, most) => media.readMedia(run().ledger, behind, most),

  intents: () => datasets.readIntents(run().ledger),
  addIntent: (path) => datasets.addIntent(run().ledger, path),
  removeIntents: (paths) => datasets.removeIntents(run().ledger, paths),
  planJoin() {
    const { ledger, settings } = run()
    return datasets.planJoin(ledger, settings.partRows, settings.rows)
  },
  joinParts: (from, to) => datasets.readJoinParts(run().ledger, from, to),
  dataset: (directory, processors) => datasets.readDataset(run().ledger, directory, processors),
  processors: () => datasets.readProcessors(run().ledger),
  ownFiles: (directory) => datasets.readOwnFiles(run().ledger, directory),
  besideFolders: () => datasets.readBesideFolders(run().ledger),
  forgetDataset: (directory) => datasets.forgetDataset(run().ledger, directory),
  beginSwap: (directory, files) => datasets.beginSwap(run().ledger, directory, files),
  commitDataset(directory, files, made) {
    const { ledger, config } = run()
    datasets.commitDataset(ledger, directory, files, { ...made, config })
  },
  madeDataset: (directory) => datasets.readMadeDataset(run().ledger, directory, run().config),
}

serve(calls, { errorOf: (thrown) => (open === null ? thrown : readError(thrown, open.ledger)) })
