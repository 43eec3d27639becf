import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { exportFiles, type ExportFormat } from '../export/files.ts'
import type { FieldMap } from '../export/training-forms.ts'
import type { ExportedFile } from '../export/form-writer.ts'
import { plainRecord } from '../export/plain.ts'
import type { ArrowTable } from '../export/arrow-table.ts'
import type { RecordSource } from '../export/file-form.ts'
import { type DatasetRecord, readFiles, type RecordValues } from '../export/records.ts'
import { gatherPlugins, type GivenPlugin } from '../plugins/gather-plugins.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { type FailedCell, type FailureFilter, readFailedCells } from '../store/failed-cells.ts'
import { inspectStore, readStoredRun } from '../store/inspect-store.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { DatasetFile } from '../store/ledger-dataset.ts'
import { recordsOfParts } from './part-records.ts'
import { ledgerName } from '../store/ledger-file.ts'
import { openStore } from '../store/store.ts'
import { verifyDatasetFile } from '../store/verify.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { isRowsmithError, RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { logName, oldLogSuffix } from './log.ts'
import type { Pushed, PushOptions } from '../hub/push.ts'
import type { RowStory } from '../report/inspect-row.ts'
import type { ExportEvent } from './run-event.ts'
import { makeReport, type DatasetReport } from '../report/write-report.ts'
import { storedDataset } from '../check/stored-passes.ts'
import { settle } from './settle.ts'
import { readSummary } from '../report/read-summary.ts'
import type { RunSummary } from '../report/run-summary.ts'

/** Options of `open` and `compareRuns`. */
export interface OpenOptions {
  clock?: Clock
  /** Plugins in the place of those the run was made with, where these are no longer found. */
  plugins?: readonly GivenPlugin[]
}

interface ExportOptions {
  /**
   * A file for JSON Lines, CSV and Arrow; for Parquet a file ending in `.parquet`, or a folder of several.
   * `export` in the run folder by default.
   */
  to?: string
  /** Called with what the export does meanwhile. */
  onEvent?: (event: ExportEvent) => void
  /** The name of a dataset next to the run's own, which `schema_transform` makes. */
  dataset?: string
  /** By the ending of `to`, Parquet otherwise. */
  format?: ExportFormat
  /** For the formats `chat`, `sharegpt`, `alpaca` and `dpo`: which column is which field. */
  map?: FieldMap
  /** A column, such as the one of the processor `split`: files of their own for each value, in a folder. */
  splitBy?: string
  /** Files that are there already are replaced; refused otherwise. */
  force?: boolean
}

interface RecordOptions {
  limit?: number
  /** The name of a dataset next to the run's own. */
  dataset?: string
}

/** A run folder opened for reading: its state, its records, and exports. */
export interface Dataset extends AsyncDisposable {
  readonly directory: string
  /** Reads without a lock, also while another process works on the run. */
  summary(): Promise<RunSummary>
  /** Statistics of every column over all records that are in parts; reads without a lock, too. */
  report(): Promise<DatasetReport>
  /** Every failed cell of a row that has its outcome, row by row; reads without a lock. */
  failures(filter?: FailureFilter): Iterable<FailedCell>
  /** Everything known about one row: cells, requests, failures and their cost. */
  row(row: number): Promise<RowStory>
  /**
   * Records in row order. While rows remain, those that are decided; where processors make the dataset
   * of all of them, it refuses then, and `export` has them.
   */
  records(options?: RecordOptions): AsyncIterable<DatasetRecord>
  /**
   * The same records as a table of Arrow: numbers, dates, vectors and nested values have types of Arrow. It is
   * in memory as a whole. Needs the package `apache-arrow`, whose `Table` it is.
   */
  toArrow(options?: RecordOptions): Promise<ArrowTable>
  /** Every decided row, also of an interrupted run, whose complete rows are settled first. */
  export(options?: ExportOptions): Promise<ExportedFile[]>
  /**
   * Pushes the dataset of a complete run to a repository of the Hugging Face Hub (`owner/name`), with
   * a card; a push that broke goes on where it stopped. Needs the package `@huggingface/hub`.
   */
  push(repository: string, options?: PushOptions): Promise<Pushed>
}

/** Opens a run folder for reading; refuses a folder without a run. */
export async function open(directory: string, options: OpenOptions = {}): Promise<Dataset> {
  const path = resolve(directory)
  const clock = options.clock ?? systemClock
  await inspectStore(path).catch((error: unknown) => refuse(path, error))

  /** Only what needs a kind loads the plugins: much can be read without them. */
  let kinds: Promise<Registry> | null = null
  function registry(): Promise<Registry> {
    kinds ??= gatherPlugins({ given: options.plugins, stored: readStoredRun(path).plugins }).then(
      (gathered) => gathered.registry,
    )
    return kinds
  }

  async function exportTo(how: ExportOptions = {}): Promise<ExportedFile[]> {
    const { to = resolve(path, 'export'), format, onEvent = () => undefined } = how
    onEvent({ type: 'run-opening', dir: path })
    await using store = await openStore(path, { clock, onEvent })
    await settle(store, {
      clock,
      registry,
      onStart: (parts) => onEvent({ type: 'settling', parts }),
    })
    // Awaited here: the store is closed when this function returns.
    return await exportFiles(store, to, {
      format,
      map: how.map,
      splitBy: how.splitBy,
      force: how.force,
      dataset: await storedDataset(path, store.settings, {
        registry,
        name: how.dataset,
        made: await store.made(how.dataset),
      }),
      exporters: async () => (await registry()).exporters,
      onProgress: (rows, totalRows) =>
        onEvent({ type: 'export-progress', path: resolve(to), rows, totalRows }),
    })
  }

  return {
    directory: path,
    summary: async () => readSummary(await inspectStore(path)),
    report: () => makeReport(path, { graph: registry }),
    failures: (filter) => readFailedCells(path, filter),
    row: async (row) => {
      const { inspectRow } = await import('../report/inspect-row.ts')
      return inspectRow(path, row, { registry, logs: [`${logName}${oldLogSuffix}`, logName] })
    },
    records: (recordOptions) => records({ directory: path, clock, registry }, recordOptions),
    toArrow: async ({ limit = Number.POSITIVE_INFINITY, dataset } = {}) => {
      const { columns, read } = await sourceOf({ directory: path, clock, registry }, dataset)
      const { arrowTable } = await import('../export/arrow-form.ts')
      return arrowTable({ columns, read: (names) => firstOf(read(names), limit) })
    },
    export: exportTo,
    push: async (repository, pushOptions = {}) => {
      const hub = await import('../hub/push.ts')
      return hub.push(path, repository, pushOptions, { registry, clock })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** The same refusal, with the run folder that was likely meant when there is none. */
async function refuse(path: string, error: unknown): Promise<never> {
  if (!isRowsmithError(error) || error.code !== 'run-missing') throw error
  const names = await readdir(dirname(path)).catch(() => [])
  const near = nearest(
    basename(path),
    names.filter(
      (name) => name !== basename(path) && existsSync(join(dirname(path), name, ledgerName)),
    ),
  )
  if (near === undefined) throw error
  throw new RowsmithError(error.code, error.message, {
    cause: error,
    hints: [`Did you mean ${join(dirname(path), near)}?`],
  })
}

/** Writes what an interrupted run left in the ledger into its parts. */
async function settleRun({ directory, clock, registry }: Opened): Promise<void> {
  await using store = await openStore(directory, { clock })
  await settle(store, { clock, registry })
}

interface Opened {
  directory: string
  clock: Clock
  registry: () => Promise<Registry>
}

async function* records(
  opened: Opened,
  { limit = Number.POSITIVE_INFINITY, dataset }: RecordOptions = {},
): AsyncGenerator<DatasetRecord> {
  const { read } = await sourceOf(opened, dataset)
  for await (const record of firstOf(read(), limit)) yield plainRecord(record)
}

/** The records of a dataset: of its files, or of the parts while it has none. */
async function sourceOf(opened: Opened, beside: string | undefined): Promise<RecordSource> {
  const { directory, registry } = opened
  const { dataset: own, madeColumns, besides, settings, holder } = await inspectStore(directory)
  const found =
    beside === undefined
      ? { files: own, columns: madeColumns }
      : besides.find(({ name }) => name === beside)
  const files = found?.files ?? []
  if (files.length > 0 && found?.columns) {
    // Processors made it, and nothing of theirs is needed to read it.
    return sourceOfFiles(files, found.columns)
  }
  const { columns, pass } = await storedDataset(directory, settings, {
    registry,
    name: beside,
    made: null,
  })
  if (files.length > 0) return sourceOfFiles(files, columns)
  if (pass !== null) throw notMade(directory)
  // Another process that works on the run writes them itself.
  if (holder === null) await settleRun(opened)
  return { columns, read: (names) => recordsOfParts(directory, typesOf(columns, names)) }
}

function sourceOfFiles(
  files: readonly DatasetFile[],
  columns: readonly RecordColumn[],
): RecordSource {
  return { columns, read: (names) => recordsOfFiles(files, typesOf(columns, names)) }
}

function typesOf(
  columns: readonly RecordColumn[],
  names: readonly string[] | undefined,
): ReadonlyMap<string, ColumnType> {
  const wanted = columns.filter(({ name }) => names === undefined || names.includes(name))
  return new Map(wanted.map(({ name, type }) => [name, type]))
}

async function* recordsOfFiles(
  files: readonly DatasetFile[],
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  for (const file of files) {
    await verifyDatasetFile(file)
    yield* readFiles([file.path], types)
  }
}

async function* firstOf<Item>(items: AsyncIterable<Item>, limit: number): AsyncGenerator<Item> {
  let left = limit
  if (left <= 0) return
  for await (const item of items) {
    yield item
    left -= 1
    if (left <= 0) return
  }
}

function notMade(directory: string): RowsmithError {
  return new RowsmithError(
    'run-missing',
    `the processors of ${directory} make its dataset of all records, and rows remain`,
    { hints: ['Continue the run, or export the decided rows.'] },
  )
}
