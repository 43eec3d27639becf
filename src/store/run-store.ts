import type { Problem } from '../config/problem.ts'
import type { FoundMode } from '../graph/found-mode.ts'
import type { Interval } from '../plan/interval.ts'
import { partOf } from '../plan/part.ts'
import type { PartContent } from '../rows/part-content.ts'
import type { JournaledExchange, JournaledFailure, RequestRecord } from '../rows/journal.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import type { DatasetPass } from '../processors/dataset-pass.ts'
import type { PartStore } from '../scheduler/part-store.ts'
import type { Clock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { startWorker, type WorkerClient } from '../threads/worker-calls.ts'
import {
  joinDataset,
  type JoinOptions,
  madeDataset,
  removeBesides,
  type StoredRecords,
  withJoined,
  type WithJoinedOptions,
} from './join.ts'
import {
  type BatchingJournal,
  createJournal,
  storedExchange,
  storedFailure,
  sumOfRequests,
} from './batching-journal.ts'
import type { DatasetFile } from './ledger-dataset.ts'
import { writeConfigFile } from './config-file.ts'
import type { Batch, BatchEnd, NewBatch, OpenBatchRequest } from './ledger-batch.ts'
import type { ConfigVersion } from './ledger-config.ts'
import type { ForeseenChange } from './ledger-foresee.ts'
import type { FailureSummary } from './ledger-journal.ts'
import type { KeptSearch, StoredKeptRows } from './ledger-kept.ts'
import type { PartRecord, RejectionSummary } from './ledger-parts.ts'
import { checkColumns } from './ledger-run.ts'
import type { Retry } from './ledger-retry.ts'
import type { StoredJudgeSummary } from './ledger-summaries.ts'
import type { ColumnUsage, RouteUsage } from './ledger-usage.ts'
import type { LedgerCalls, OpenLedger } from './ledger.worker.ts'
import { findDamage, type Damage } from './find-damage.ts'
import type { FolderLock } from './lock.ts'
import { createMediaFiles, type MediaFiles } from './media-files.ts'
import { completeProfiles } from './profiles.ts'
import type { StoreEvent } from './open-run.ts'
import type { RunSettings, RunSources } from './run-settings.ts'
import { type ReadPage, readRows } from './read-rows.ts'
import { commitPart, streamPart } from './write-part.ts'
import type { MediaCount } from './unnamed-media.ts'
import { passRows } from './write-pass.ts'
import type { WriterCalls } from './writer.worker.ts'
import { removeMediaOfNoCell, removeOrphans } from './orphans.ts'

export interface StoreOptions {
  clock: Clock
  onEvent?: (event: StoreEvent) => void
}

/** An open run folder. Every method rejects once the ledger could not be written. */
export interface RunStore extends PartStore, AsyncDisposable {
  readonly directory: string
  readonly settings: RunSettings
  /** Counts from 1, one per opening. */
  readonly session: number
  /** As of opening; rows beyond a shrunk target are among them. */
  readonly decided: readonly Interval[]
  /** Rows that are decided by now. */
  decidedNow(): Promise<Interval[]>
  /** How models are held to the form of their answers, as far as it was determined. */
  readonly outputModes: readonly FoundMode[]
  /** Files that cells name. */
  readonly media: MediaFiles
  partRecord(part: number): Promise<PartRecord | null>
  /** Makes rows with failed cells undecided again and gives them; their paid cells are still there. */
  retryFailed(retry: Retry): Promise<Interval[]>
  /**
   * Continues with another version of the config and returns the rows that are undecided again.
   *
   * Only parts that lack one of its columns are made again; what they hold of the others is known.
   */
  changeConfig(version: ConfigVersion): Promise<Interval[]>
  /** What that would do to the rows below a target; nothing is changed. */
  foreseeChange(version: ConfigVersion, target: number): Promise<ForeseenChange>
  /** Forgets what is kept of columns that are no longer in the config; gives the media files that went with it. */
  forgetSuperseded(): Promise<MediaCount>
  /** Reads every part and the dataset, and tells which are missing or have other bytes. */
  findDamage(): Promise<Damage>
  /** Makes the rows of damaged parts undecided and gives them; they are paid for again. */
  forgetDamaged(damage: Damage): Promise<Interval[]>
  /** Makes the statistics of parts that were reopened and made again, where they are missing. */
  completeProfiles(): Promise<void>
  /** Keeps what a model wrote of judgements; durable once it resolves. */
  keepSummary(summary: StoredJudgeSummary): Promise<void>
  forgetSummaries(summaries: readonly StoredJudgeSummary[]): Promise<void>
  summaries(): Promise<StoredJudgeSummary[]>
  /** Rows beyond a smaller target stay in their parts and out of the dataset. */
  setTarget(rows: number): Promise<void>
  /** Remembers where the config and the plugins are now. */
  setSources(sources: RunSources): Promise<void>
  /** Remembers what was found of how models are held to the form of their answers. */
  setOutputModes(found: readonly FoundMode[]): Promise<void>
  /** Makes the dataset of all accepted rows below the target, or finds it made. */
  join(options?: JoinOptions): Promise<DatasetFile[]>
  /**
   * A dataset that processors made, the run's own or one next to it; null where it is older than the parts
   * or damaged, and must be made again.
   */
  made(beside?: string): Promise<StoredRecords | null>
  /** Removes datasets next to the run's own, but those of these names. */
  removeBesides(kept: readonly string[]): Promise<void>
  /** What processors did to the records of the run's own dataset; empty for nothing. */
  processors(): Promise<string>
  /** Gives all accepted rows below the target as files that are there until `use` is done. */
  withJoined<Result>(
    options: WithJoinedOptions,
    use: (files: readonly DatasetFile[]) => Promise<Result>,
  ): Promise<Result>
  readonly batches: Batches
  /** Rows below the target by outcome. */
  totals(): Promise<OutcomeTotals>
  /** Which candidates have a record, where so many are looked for. */
  keptRows(search: KeptSearch): Promise<StoredKeptRows>
  /** Sends records of the rows below one through a pass, and gives the rows of those that come out. */
  passRows(pass: DatasetPass, endRow: number): AsyncIterable<Float64Array>
  rejections(): Promise<RejectionSummary[]>
  usage(): Promise<RouteUsage[]>
  /** The same by column and route. */
  columnUsage(): Promise<ColumnUsage[]>
  failures(): Promise<FailureSummary[]>
  /** Resolves when everything journaled so far is durable. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Batches of requests that a provider answers some time later; each call is durable. */
export interface Batches {
  /** To be called before the batch is sent; gives its id. */
  add(batch: NewBatch): Promise<number>
  /** The provider took it, under this name. */
  setHandle(id: number, handle: string): Promise<void>
  /** All that can be had of it is journaled. */
  end(id: number, end: BatchEnd): Promise<void>
  /** Those that have not ended, the oldest first. */
  open(): Promise<Batch[]>
  /** Rows that wait for one of their results. */
  rows(): Promise<Interval[]>
  /** Of these numbers of a batch, the requests that have no result yet. */
  requests(id: number, numbers: readonly number[]): Promise<OpenBatchRequest[]>
  /** Numbers from one on that have none yet. */
  numbers(id: number, from: number, most: number): Promise<number[]>
  /** Keeps results, and what they cost, in one step: the requests of these numbers have one then. */
  collect(id: number, results: BatchResults): Promise<void>
}

/** Results of some requests of a batch; those that are asked again have nothing but their number. */
export interface BatchResults {
  numbers: readonly number[]
  exchanges: readonly JournaledExchange[]
  failures: readonly JournaledFailure[]
  requests: readonly RequestRecord[]
}

/** The methods of a run folder that was opened. */
export function createRunStore(
  directory: string,
  { clock, onEvent = () => {} }: StoreOptions,
  lock: FolderLock,
  ledger: WorkerClient<LedgerCalls>,
  { settings, session, decided, outputModes, reopened }: OpenLedger,
): RunStore {
  let writer: WorkerClient<WriterCalls> | null = null
  const batching = createJournal({
    clock,
    settings,
    commit: (batch) => ledger.call('writeBatch', batch),
    onCommitted: (records, bytes) => onEvent({ type: 'ledger-committed', records, bytes }),
  })
  /** Parts are streamed one after the other, each while the one before it is finished. */
  const streaming = createQueue()
  const exclusive = createQueue()
  const media = createMediaFiles(directory, ledger)
  /** Parts whose commit is awaited. */
  const committing = new Map<number, Promise<void>>()
  let reopenedParts = new Set(reopened)
  let knownModes: readonly FoundMode[] = outputModes
  let attempts = 0
  let closing: Promise<void> | null = null
  const run = {
    directory,
    settings,
    clock,
    ledger,
    writer: () => (writer ??= startWorker<WriterCalls>('writer.worker', import.meta.url)),
    onEvent,
    nextAttempt: () => `s${session}-${(attempts += 1)}`,
  }

  /** Runs something that has to see all that was journaled before. */
  async function after<Result>(work: () => Promise<Result>): Promise<Result> {
    if (closing !== null) throw new RowsmithError('internal', `the run ${directory} is closed`)
    if (batching.failure !== null) throw batching.failure
    batching.post()
    const posted = batching.whenPosted()
    if (posted !== null) {
      await posted
      if (batching.failure !== null) throw batching.failure
    }
    return work()
  }

  /** What a part's file holds of undecided rows must be in the ledger before they are made. */
  async function takeReopened(part: number): Promise<void> {
    if (!reopenedParts.has(part)) return
    const file = await ledger.call('takeReopened', directory, part)
    reopenedParts.delete(part)
    if (file !== null) await removeOrphans(directory, ledger, [file])
  }

  const readPage: ReadPage = (rows, page) =>
    after(async () => {
      const [first] = rows
      if (first !== undefined) await takeReopened(partOf(first.start, settings.partRows))
      return ledger.call('readRows', rows, page)
    })

  function writePart(content: PartContent): Promise<void> {
    const { part } = content
    const before = committing.get(part)
    const streamed = streaming(async () => {
      // Further rows of a part are merged with the file that the first ones are in.
      await before
      return streamPart(run, content)
    })
    // Its error is reported by the commit, whose turn may come later.
    streamed.catch(() => undefined)
    const committed = exclusive(async () => commitPart(run, await streamed))
    const over = committed
      .catch(() => undefined)
      .finally(() => {
        if (committing.get(part) === over) committing.delete(part)
      })
    committing.set(part, over)
    return committed
  }

  async function unfinishedParts(): Promise<number[]> {
    const parts = new Set(await ledger.call('unfinishedParts'))
    for (const part of reopenedParts) parts.add(part)
    return [...parts].sort((one, other) => one - other)
  }

  async function changeConfig(version: ConfigVersion): Promise<Interval[]> {
    checkColumns(version.columns)
    const changed = await ledger.call('changeConfig', version)
    settings.config = version.config
    settings.columns = changed.columns
    settings.compared = version.compared ?? []
    if (version.seedIdentity !== undefined) settings.seedIdentity = version.seedIdentity
    if (version.kept !== undefined) settings.kept = version.kept
    reopenedParts = new Set(changed.reopened)
    await writeConfigFile(directory, version.config)
    return changed.undecided
  }

  async function retryFailed(retry: Retry): Promise<Interval[]> {
    const { undecided, reopened: left } = await ledger.call('retryFailed', retry)
    reopenedParts = new Set(left)
    return undecided
  }

  async function forgetDamaged({ parts }: Damage): Promise<Interval[]> {
    const { undecided, reopened: left } = await ledger.call('forgetFiles', parts)
    reopenedParts = new Set(left)
    await removeOrphans(directory, ledger, await ledger.call('intents'))
    return undecided
  }

  return {
    directory,
    get settings() {
      return settings
    },
    session,
    decided,
    decidedNow: () => after(() => ledger.call('decided')),
    get outputModes() {
      return knownModes
    },
    journal: batching.journal,
    media,
    unfinishedParts: () => after(unfinishedParts),
    readRows: (rows, readOptions) => readRows(readPage, rows, readOptions),
    readKnownRows: (rows) =>
      after(async () => {
        await takeReopened(partOf(rows.start, settings.partRows))
        return ledger.call('readKnownRows', rows)
      }),
    writePart: (content) =>
      after(async () => {
        await takeReopened(content.part)
        await ledger.call('keepOutdated', directory, content.part)
        return writePart(content)
      }),
    partRecord: (part) => after(() => ledger.call('partRecord', part)),
    retryFailed: (retry) => after(() => exclusive(() => retryFailed(retry))),
    changeConfig: (version) => after(() => exclusive(() => changeConfig(version))),
    foreseeChange: (version, target) => after(() => ledger.call('foreseeChange', version, target)),
    forgetSuperseded: () =>
      after(() => exclusive(() => ledger.call('forgetSuperseded', directory))),
    findDamage: () => after(() => exclusive(() => findDamage(run, media))),
    forgetDamaged: (damage) => after(() => exclusive(() => forgetDamaged(damage))),
    completeProfiles: () => after(() => exclusive(() => completeProfiles(run))),
    keepSummary: (summary) => after(() => ledger.call('keepSummary', summary)),
    forgetSummaries: (summaries) => after(() => ledger.call('forgetSummaries', summaries)),
    summaries: () => after(() => ledger.call('summaries')),
    setTarget: (rows) =>
      after(() =>
        exclusive(async () => {
          await ledger.call('setTarget', rows)
          settings.rows = rows
        }),
      ),
    setSources: (sources) => after(() => ledger.call('setSources', sources)),
    setOutputModes(found) {
      knownModes = found
      return after(() => ledger.call('setOutputModes', found))
    },
    join: (options = {}) => after(() => exclusive(() => joinDataset(run, options))),
    processors: () => after(() => ledger.call('processors')),
    made: (beside) => after(() => exclusive(() => madeDataset(run, beside))),
    removeBesides: (kept) => after(() => exclusive(() => removeBesides(run, kept))),
    withJoined: (how, use) => after(() => exclusive(() => withJoined(run, how, use))),
    batches: {
      add: (batch) => after(() => ledger.call('addBatch', batch)),
      setHandle: (id, handle) => after(() => ledger.call('setBatchHandle', id, handle)),
      end: (id, end) => after(() => ledger.call('endBatch', id, end, clock.wallTime())),
      open: () => after(() => ledger.call('openBatches')),
      rows: () => after(() => ledger.call('batchedRows')),
      requests: (id, numbers) => after(() => ledger.call('batchRequests', id, numbers)),
      numbers: (id, from, most) => after(() => ledger.call('openNumbers', id, from, most)),
      collect: (id, { numbers, exchanges, failures, requests }) =>
        after(() =>
          ledger.call('collectBatch', id, {
            numbers,
            cells: [],
            exchanges: exchanges.map(storedExchange),
            failures: failures.map(storedFailure),
            ...sumOfRequests(requests),
          }),
        ),
    },
    totals: () => after(() => ledger.call('totals')),
    keptRows: (search) => after(() => ledger.call('keptRows', search)),
    passRows: (pass, endRow) => passRows(run, pass, endRow),
    rejections: () => after(() => ledger.call('rejections')),
    usage: () => after(() => ledger.call('usage')),
    columnUsage: () => after(() => ledger.call('columnUsage')),
    failures: () => after(() => ledger.call('failures')),
    flush: () => after(() => batching.flush()),
    close,
    [Symbol.asyncDispose]: close,
  }

  function close(): Promise<void> {
    closing ??= closeAll({
      directory,
      batching,
      exclusive,
      clock,
      ledger,
      writer: () => writer,
      lock,
      onEvent,
    })
    return closing
  }
}

interface OpenThings {
  directory: string
  batching: BatchingJournal
  exclusive: Queue
  clock: Clock
  ledger: WorkerClient<LedgerCalls>
  writer: () => WorkerClient<WriterCalls> | null
  lock: FolderLock
  onEvent: (event: StoreEvent) => void
}

/** Writes what is still open and releases everything, whatever fails on the way. */
async function closeAll(open: OpenThings): Promise<void> {
  const { directory, batching, exclusive, clock, ledger, writer, lock, onEvent } = open
  // An earlier failure of the journal was reported already; only a new one is thrown.
  const known = batching.failure !== null
  try {
    await exclusive(() => Promise.resolve())
    if (!known) {
      await batching.flush()
      await removeMediaOfNoCell(directory, ledger)
    }
    const notCopied = await ledger.call('close', clock.wallTime())
    if (notCopied !== null) onEvent({ type: 'warning', problem: noCopy(directory, notCopied) })
  } catch (error) {
    if (!known) throw error
  } finally {
    await writer()?.leave()
    await ledger.leave()
    lock.release()
  }
}

function noCopy(directory: string, reason: string): Problem {
  return {
    level: 'warning',
    code: 'ledger-not-copied',
    path: [],
    message: `The ledger of ${directory} is whole, but has no copy of its latest state: ${reason}`,
    suggestion: 'Free space on the disk; the next session that ends copies it.',
  }
}

/** Runs one thing after another; one that fails does not stop the next. */
type Queue = <Result>(work: () => Promise<Result>) => Promise<Result>

function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
