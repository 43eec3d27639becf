import type { z } from 'zod'
import type { ColumnConfig, ModelConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Random } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import type { Distribution } from './distribution.ts'
import type { ModelReply, ModelRequest, Operation } from './request.ts'

/** The type a column declares before the first cell; every part has it. */
export type ColumnType = 'string' | 'int64' | 'float64' | 'bool' | 'json'

/** One row as a generator sees it: only columns it refers to may be read. */
export interface Row {
  /** Absolute, from 0; the same for ever. */
  readonly index: number
  /** The value of a column by its id in the graph; a float64 column gives `Double`s. */
  get(column: number): Value
}

/** A name another column (or the seed) has to provide. */
export interface Reference {
  name: string
  /** Where it was written. */
  path: ConfigPath
  within?: { line: number; column: number }
}

/** A model alias a column's requests go to, and what it is asked for there. */
export interface ColumnRoute {
  /** The alias. */
  readonly name: string
  /** The alias has to be of a model that does it. */
  readonly operation: Operation
  /**
   * Requests of one cell: exactly one, any number, or one that is shared with other rows. It is
   * the generator's `requests`.
   */
  readonly requests: 'one' | 'many' | 'shared'
}

/** What a kind says of one of its columns, before anything runs. */
export interface ColumnDescription {
  /** The unit of work: a row's inputs at once (synchronous), one cell (asynchronous), a frame. */
  by: 'row' | 'cell' | 'column'
  /** Pure cells are recomputed, never journaled: same row, same seed, same value, no cost. */
  pure: boolean
  output: ColumnType
  /** Columns whose value it reads; a skipped one skips this too. */
  references: readonly Reference[]
  /** Where its requests may go; empty for work that stays here. */
  routes: readonly ColumnRoute[]
  /** Further columns its cells fill: traces, reasoning. */
  sides?: readonly { name: string; output: ColumnType }[]
  /** What else decides its values beside its own config: content of files, code, models. */
  identity?: unknown
  /** What its cells are drawn from; reports compare them with it. */
  distribution?: Distribution | null
  problems?: readonly Problem[]
}

/** What a kind may look at while describing a column. */
export interface DescribeContext {
  /** Path of the column in the config. */
  readonly path: ConfigPath
  /** The column as the config has it, before its kind's schema read it. */
  readonly written: Readonly<Record<string, unknown>>
  /** All column objects of the config, parsed by their kinds where that worked. */
  readonly columns: ReadonlyMap<string, ColumnConfig>
  /** Type of a seed column, when there is a seed and it has that column. */
  seedColumn(name: string): ColumnType | undefined
  /** What a model alias stands for, as fingerprint material; undefined when it is not configured. */
  modelIdentity(alias: string): unknown
}

/** What a generator may use; made once per run. */
export interface BindContext {
  /** Id of a column in the graph. Throws for names the description did not refer to. */
  columnId(name: string): number
  columnType(id: number): ColumnType
  /** All columns by name, as their kinds parsed them. */
  readonly columns: ReadonlyMap<string, ColumnConfig>
  /** Whether the description referred to a name; a template's own functions are none. */
  refersTo(name: string): boolean
  /** What a model alias stands for. Throws for aliases the description did not name as a route. */
  model(alias: string): ModelConfig
  /** Randomness addressed by (run seed, stream, row, draw); the column's own stream by default. */
  random(stream?: string): Random
  /** Reads one seed row's value; only for the seed-dataset kind. */
  readonly seed: SeedWindow | null
}

/** Seed rows that were read ahead for the rows being worked on. */
export interface SeedWindow {
  value(row: number, column: string): Value
}

export type CellResult = {
  value: Value
  /** Values of the described side columns, in their order. */
  sides?: readonly Value[]
}

export interface RowGenerator {
  by: 'row'
  /** The row is moved on after the call: it is not to be kept. */
  generate(row: Row): Value
}

/** A cell of exactly one request: prepared without waiting, in the tick a slot is free. */
export interface RequestGenerator {
  by: 'cell'
  requests: 'one'
  route: string
  prepare(row: Row): ModelRequest
  finish(reply: ModelReply, row: Row): CellResult
}

export interface TaskContext {
  signal: AbortSignal
  /** Waits in the line of `route`, sends, retries by the engine's rules. */
  readonly request: (route: string, request: ModelRequest) => Promise<ModelReply>
}

/** A cell of any number of requests, or of none (a custom function, a remote call). */
export interface TaskGenerator {
  by: 'cell'
  requests: 'many' | 'none'
  run(row: Row, context: TaskContext): Promise<CellResult>
}

/**
 * A whole frame at once; answers in the order of the rows, a failure per row where one failed.
 *
 * A pure one is called again when the part is written, for the rows that are left then: its answer
 * for a row must not depend on the other rows. One that does (a rank, a dedupe) is not pure; a
 * retry gives it the retried rows only.
 */
export interface ColumnGenerator {
  by: 'column'
  generate(rows: readonly Row[], signal: AbortSignal): Promise<readonly (CellResult | Error)[]>
}

export type Generator = RowGenerator | RequestGenerator | TaskGenerator | ColumnGenerator

/**
 * A column kind: schema, references, declared properties and generator in one module.
 *
 * Built-ins and plugins are registered the same way; the engine asks only what stands here.
 */
export interface ColumnKind<Config extends ColumnConfig = ColumnConfig> {
  /** The value of `column_type`. */
  readonly type: string
  /** The whole column object; unknown keys are refused by it. */
  readonly schema: z.ZodType<Config>
  /** Fields that hold a template, in the order in which a person would read their texts. */
  readonly templates?: readonly string[]
  describe(config: Config, context: DescribeContext): ColumnDescription
  bind(config: Config, context: BindContext): Generator
}

/** Returns its argument; it exists for the types. */
export function defineColumn<Config extends ColumnConfig>(
  kind: ColumnKind<Config>,
): ColumnKind<Config> {
  return kind
}
