import type { z } from 'zod'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { ColumnConfig } from '../config/dataset.ts'
import type { ColumnType } from './column-type.ts'
import type { Random } from '../random/random.ts'
import type { Cell } from '../util/value.ts'
import type { ColumnKind } from './kind.ts'

/** What every processor of a config has, as its kind read it. */
export interface ProcessorConfig {
  /** Null for one that needs no name. */
  name: string | null
  processor_type: string
}

/** A column of the records on their way through the processors. */
export interface RecordColumn {
  name: string
  type: ColumnType
}

/** What a processor may look at before anything runs. */
export interface ProcessorContext {
  /** Path of the processor in the config. */
  readonly path: ConfigPath
  /** Columns that were omitted by processors before it, with their titles. */
  readonly leftOut: ReadonlyMap<string, string>
  /** Whether a name may be one that a column with a mistake would have brought. */
  readonly isUncertain: (name: string) => boolean
}

/** What a processor makes of the columns that come in. */
export interface ProcessorOutput {
  columns: readonly RecordColumn[]
  /** Columns it reads, where it does not read all of them. */
  reads?: readonly string[]
  /** Columns that continue under another name: new names by old ones. One marked `drop` stays out. */
  renames?: ReadonlyMap<string, string>
  problems?: readonly Problem[]
}

/** Works on one row as soon as the columns it reads are there: it is part of the graph. */
export interface RowProcessorKind<Config extends ProcessorConfig = ProcessorConfig> {
  readonly by: 'row'
  /** The value of `processor_type`. */
  readonly type: string
  /** The whole processor object; unknown keys are refused by it. */
  readonly schema: z.ZodType<Config>
  /** Fields that hold a condition. */
  readonly conditions?: readonly string[]
  /** The column behind it, which no dataset and no template has: see `rejects` of a description. */
  readonly column: {
    readonly kind: ColumnKind
    /** What the kind gets in addition to the fields every column has. */
    fields(config: Config): object
  }
}

/** Records in the order of the dataset, column by column. */
export interface RecordBatch {
  /** The row from which each record was made; a record that is made twice has the row of the first. */
  readonly rows: Float64Array
  /** Values by position in the columns, aligned with `rows`. */
  readonly columns: readonly (readonly Cell[])[]
}

/** What a processor may use while it runs. */
export interface ProcessContext {
  /** The columns of the records that come in. */
  readonly columns: readonly RecordColumn[]
  /** Randomness of the run's seed, of the processor's own stream. */
  readonly random: Random
  /** Where each of so many positions goes in an order that the run's seed decides; of a name of its own. */
  readonly permutation: (size: number, name?: string) => (position: number) => number
  /** Tells the user of something once, however many records it happens to. */
  readonly warn: (message: string) => void
  /** Adds to a figure of the report: what was done, and how often. */
  readonly count: (what: string, times?: number) => void
  /** An empty folder for what memory should not hold; it is missing once the pass has ended. */
  readonly scratch: () => Promise<string>
}

interface RecordKindBase<Config extends ProcessorConfig> {
  readonly by: 'records'
  /** The value of `processor_type`. */
  readonly type: string
  /** The whole processor object; unknown keys are refused by it. */
  readonly schema: z.ZodType<Config>
  /** The columns of its records, from those that come in. */
  output(
    config: Config,
    columns: readonly RecordColumn[],
    context: ProcessorContext,
  ): ProcessorOutput
}

/** Leaves out the columns that its `output` lacks, and changes nothing else: no record is read for it. */
export interface LeavingKind<
  Config extends ProcessorConfig = ProcessorConfig,
> extends RecordKindBase<Config> {
  readonly keepsRecords: true
}

/** Makes other records of the records of a dataset: more, fewer, in another order. */
export interface RunningKind<
  Config extends ProcessorConfig = ProcessorConfig,
> extends RecordKindBase<Config> {
  readonly keepsRecords?: undefined
  /** Its records are a separate dataset, by its name; those that come in continue as they are. */
  readonly beside?: true
  /**
   * Goes record by record: what it gives for the first records depends on these alone. It keeps all
   * of them, or leaves some out; `select` then counts those it keeps.
   */
  readonly inOrder?: 'keeps-all' | 'leaves-out'
  /** What else decides its records next to its config: content of files, code. Plain data. */
  identity?(config: Config): unknown
  /**
   * Reads the records in their order, and gives others. It holds a bounded number of them, and
   * gives the same for the same: a run that continues makes the dataset again from its beginning.
   * Every loop over the records reads them from the first: twice costs twice.
   */
  run(
    config: Config,
    records: AsyncIterable<RecordBatch>,
    context: ProcessContext,
  ): AsyncIterable<RecordBatch>
}

/** Works on the records of the whole dataset, once every row has its outcome. */
export type RecordProcessorKind = LeavingKind | RunningKind

/** A kind of processor: of records, of rows, or one that only omits columns. */
export type ProcessorKind = RowProcessorKind | RecordProcessorKind

/** The columns behind row-wise processors: what the common fields are for them. */
export function filterConfig(name: string, type: string): ColumnConfig {
  return {
    name,
    column_type: type,
    drop: true,
    skip: null,
    // A row with a skipped cell is looked at like any other.
    propagate_skip: false,
    on_failure: 'drop',
  }
}
