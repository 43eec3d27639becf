import type { ColumnConfig } from '../config/dataset.ts'
import type { ConfigPath } from '../config/problem.ts'
import type { Template } from '../templates/template.ts'
import type { Distribution } from './distribution.ts'
import type { ColumnType } from './column-type.ts'
import type { Origin } from './origin.ts'
import type { ColumnKind, ColumnRoute, Loaded, Score } from './kind.ts'
import type { ProcessorConfig, RecordColumn, RecordProcessorKind } from './processor-kind.ts'
import type { Cell } from '../util/value.ts'

/** A column of the compiled graph. All numbers are ids: positions in `Graph.columns`. */
export interface GraphColumn {
  readonly id: number
  readonly name: string
  readonly kind: ColumnKind
  readonly config: ColumnConfig
  readonly loaded: Loaded
  readonly by: 'row' | 'cell' | 'column'
  readonly pure: boolean
  readonly type: ColumnType
  /**
   * Columns to finish first: required ones, those its skip condition reads, and the filters it waits
   * for. A reference to a side column is an edge to that column; the side's own one upstream is its
   * producer.
   */
  readonly upstream: readonly number[]
  /** Columns whose skip propagates to this one. */
  readonly required: readonly number[]
  /** Columns that wait for this one. */
  readonly dependants: readonly number[]
  /** Longest way from a column without upstream, in columns; a side is as deep as its producer. */
  readonly depth: number
  readonly routes: readonly ColumnRoute[]
  /** Aliases of the tools that its models may call. */
  readonly tools: readonly string[]
  /** How a cell sends its requests; `none` for work that stays here. */
  readonly requests: 'none' | 'one' | 'many' | 'shared'
  /** Side columns this one fills, in the order of its results. */
  readonly sides: readonly number[]
  /** The column that fills this one, or null for a column of its own. */
  readonly producer: number | null
  readonly skip: { readonly when: Template; readonly value: Cell } | null
  readonly propagateSkip: boolean
  readonly onFailure: 'drop' | 'null' | 'stop'
  /** Generated and stored in parts, absent from the final dataset. */
  readonly drop: boolean
  /** The code with which a row is rejected where this column is false; null for all others. */
  readonly rejects: string | null
  /**
   * Of a column that only rejects rows, the place in the config of what it stands for: a processor or
   * a column. Null for a column of the config.
   */
  readonly filter: ConfigPath | null
  /** What its cells are drawn from, where its config says so. */
  readonly distribution: Distribution | null
  /** What it judges; empty for a column that judges nothing. */
  readonly scores: readonly Score[]
  /** Hash over material and upstream fingerprints; keys its cells in the ledger. */
  readonly fingerprint: string
  /** The same by itself: another one where the cells of an older version are kept. */
  readonly ownFingerprint: string
  /** The canonical text that was hashed, without upstream: a refusal shows both. */
  readonly material: string
}

/** A score that several columns give. */
export interface GraphAgreement {
  /** Names of the columns. */
  readonly columns: readonly string[]
  /** Null where the values of the columns are the scores. */
  readonly score: string | null
  readonly level: 'nominal' | 'ordinal' | 'interval'
  /** What it can be, from the lowest to the highest; empty where nothing says so. */
  readonly options: readonly string[]
}

/** A processor of records with what comes in and what goes out. */
export interface GraphProcessor {
  /** What it is called; of one that makes a separate dataset, the name of that. */
  readonly title: string
  readonly kind: RecordProcessorKind
  readonly config: ProcessorConfig
  /** The plugin its kind is from; null for a built-in one. */
  readonly origin: Origin | null
  readonly input: readonly RecordColumn[]
  readonly output: readonly RecordColumn[]
}

/** What runs: columns in an order in which upstream comes first. Deeply readonly data. */
export interface Graph {
  readonly columns: readonly GraphColumn[]
  /** Ids of the config's columns in its order (seed columns after, sides behind theirs). */
  readonly order: readonly number[]
  /** Processors of records, in the config's order. */
  readonly processors: readonly GraphProcessor[]
  /** The columns of the dataset. */
  readonly output: readonly RecordColumn[]
  /** Scores that several columns give. */
  readonly agreements: readonly GraphAgreement[]
  /** By the name that templates use; a column behind a filter has none. */
  readonly byName: ReadonlyMap<string, number>
}
