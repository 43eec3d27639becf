import type { z } from 'zod'
import type { ColumnConfig, ModelConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Random } from '../random/random.ts'
import type { TemplatePlace } from '../templates/template.ts'
import type { Cell, Value } from '../util/value.ts'
import type { ColumnType } from './column-type.ts'
import type { Distribution } from './distribution.ts'
import type { MediaStore } from './media.ts'
import type { ModelReply, ModelRequest, Operation } from './request.ts'
import type { ToolBox } from './tool-box.ts'

/** One row as a generator sees it: it may read only the columns it references. */
export interface Row {
  /** Absolute, from 0; the same for ever. */
  readonly index: number
  /**
   * The value of a column by its id in the graph; a float64 column gives `Double`s, a vector column
   * lists of them.
   */
  get(column: number): Value
}

/** A name another column (or the seed) has to provide. */
export interface Reference {
  name: string
  /** Where it was written. */
  path: ConfigPath
  within?: { line: number; column: number }
  /** Fields of its values that are read. */
  places?: readonly TemplatePlace[]
}

/** A service over HTTP that is not a model. */
export interface Service {
  readonly url: string
  readonly timeoutSeconds: number
  readonly requestsAtOnce: number
}

/** A model alias that receives a column's requests, and the operation. */
export interface ColumnRoute {
  /** The alias; any name for a service. */
  readonly name: string
  /** What is asked in the place of a model. */
  readonly service?: Service
  /** The alias must be of a model that does it. */
  readonly operation: Operation
  /**
   * Asked only after an answer of another route: whether a cell may begin does not depend on the work that
   * waits for it, and none begins once it has stopped.
   */
  readonly isFollowUp?: true
  /**
   * Requests of one cell: exactly one, any number, or one that is shared with other rows. It is
   * the generator's `requests`.
   */
  readonly requests: 'one' | 'many' | 'shared'
}

/** A bound of a column's values: a number, or another column's value in the same row. */
export interface Constraint {
  readonly operator: 'lt' | 'le' | 'gt' | 'ge'
  /** The other column's name where it is text. */
  readonly rhs: number | string
}

/** A kind's description of one of its columns, before anything runs. */
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
  /** Aliases of the tools that its models may call. */
  tools?: readonly string[]
  /** Further columns its cells fill: traces, reasoning. */
  sides?: readonly { name: string; output: ColumnType }[]
  /** What else decides its values in addition to its own config: content of files, code, models. */
  identity?: unknown
  /** What its cells are drawn from; reports compare them with it. */
  distribution?: Distribution | null
  /**
   * Names of the fields that an object at a place of its values can have; null where it may have any,
   * and where there is no object. A place is a list of fields' names, null for any item of a list.
   */
  fieldsAt?: (place: readonly (string | null)[]) => readonly string[] | null
  /**
   * Of a pure, row-wise column of booleans: where it is false, the row is rejected with this code, and
   * nothing more is made of it. What such a column does not read waits for it.
   */
  rejects?: { code: string }
  /**
   * Of a column of judgements: objects that have an object with a `score` for each of these, or with
   * `is_valid`, which of a single verdict may stand in the object itself.
   */
  scores?: readonly Score[]
  problems?: readonly Problem[]
}

/** One thing that is judged. */
export interface Score {
  readonly name: string
  readonly description: string
  /** From the lowest to the highest where they are a scale. */
  readonly options: readonly { readonly value: string; readonly meaning: string }[]
  /** Given without a reason: no model is asked to sum these up. */
  readonly isBare?: true
}

/** What a kind read before it describes a column: files, folders, code. */
export interface Loaded {
  /** Decides the column's values next to its config: a hash of the content, never of its place. */
  readonly identity: unknown
}

/** Of a kind that loads nothing. */
export const nothingLoaded: Loaded = { identity: undefined }

/** What a column kind has while it loads files, folders or code. */
export interface LoadContext {
  /** Where relative paths start: the folder of the config, the working directory without a file. */
  readonly directory: string
  /** Functions of a config that a program gave, by what stands for them in its text. */
  readonly functions: ReadonlyMap<string, unknown>
  /** Variables that say where files are; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  readonly signal: AbortSignal
  /** Called while a large file is read. */
  readonly onProgress?:
    | ((progress: { path: string; bytes: number; totalBytes: number }) => void)
    | undefined
}

/** What a `LoadFault` says beyond its message. */
export interface LoadFaultOptions {
  cause?: unknown
  /** Kebab-case and stable; `column-not-loaded` by default. */
  code?: string
  /** The way out, one sentence. */
  suggestion?: string
  /** The field of the column it is about. */
  field?: string
}

/** Why a column can't be loaded, as its user can put it right. */
export class LoadFault extends Error {
  readonly code: string
  readonly suggestion: string | null
  readonly field: string | null

  constructor(
    message: string,
    { cause, code = 'column-not-loaded', suggestion, field }: LoadFaultOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LoadFault'
    this.code = code
    this.suggestion = suggestion ?? null
    this.field = field ?? null
  }
}

/** The context of `describe`. */
export interface DescribeContext {
  /** Path of the column in the config. */
  readonly path: ConfigPath
  /** The column as the config has it, before its kind's schema read it. */
  readonly written: Readonly<Record<string, unknown>>
  /** Paths of the column's constraints, in their order. */
  readonly constraintPaths: readonly ConfigPath[]
  /** All column objects of the config, parsed by their kinds where that worked. */
  readonly columns: ReadonlyMap<string, ColumnConfig>
  /** Type of a seed column, when there is a seed and it has that column. */
  seedColumn(name: string): ColumnType | undefined
  /** What a model alias stands for; undefined when it is not configured. */
  model(alias: string): ModelConfig | undefined
  /** The same as fingerprint material. */
  modelIdentity(alias: string): unknown
  /** The same of a tool alias. */
  toolIdentity(alias: string): unknown
  /** Names of the MCP providers of a tool alias; none for one that is not configured. */
  toolServers(alias: string): readonly string[]
}

/** The context of a generator; made once per run. */
export interface BindContext {
  /** Id of a column in the graph. Throws for names the description did not refer to. */
  columnId(name: string): number
  columnType(id: number): ColumnType
  /** The column's own type, as the description has it. */
  readonly output: ColumnType
  /** Where relative paths of its values start: the folder of the config. */
  readonly directory: string
  /** All columns by name, as their kinds parsed them. */
  readonly columns: ReadonlyMap<string, ColumnConfig>
  /** Whether the description referred to a name; a template's own functions are none. */
  refersTo(name: string): boolean
  /** What a model alias stands for. Throws for aliases the description did not name as a route. */
  model(alias: string): ModelConfig
  /** The tools of an alias. Throws for aliases the description did not name among its tools. */
  tools(alias: string): ToolBox
  /** Randomness addressed by (run seed, stream, row, draw); the column's own stream by default. */
  random(stream?: string): Random
  /** Files that cells name: images, sounds. Only for columns that are not pure. */
  readonly media: MediaStore
  /**
   * Gets a file at an address of the web, through the run's proxies and within bounds of time and
   * size; rejects with why it can't be had.
   */
  readonly download: (url: string, signal: AbortSignal) => Promise<Uint8Array>
  /** How often an unusable answer is requested again. */
  readonly corrections: Corrections
  /** Registers something to close when the run ends; checking a config never closes it. */
  onClose(close: () => Promise<void>): void
  /** Reads one seed row's value; only for the seed-dataset kind. */
  readonly seed: SeedWindow | null
}

/** How often an answer that can't be used is asked for again, by the run config. */
export interface Corrections {
  /** Times in one conversation that the model receives the mistake. */
  readonly steps: number
  /** Times that the conversation begins anew afterwards. */
  readonly restarts: number
}

/** Seed rows that were read ahead for the rows being worked on. */
export interface SeedWindow {
  value(row: number, column: string): Value
}

/** The result of a generator for a cell: its value, alone or with those of its side columns. */
export type CellResult = {
  value: Cell
  /** Values of the described side columns, in their order. */
  sides?: readonly Cell[]
}

/** Makes the cells of a column synchronously, one row at a time. */
export interface RowGenerator {
  by: 'row'
  /** The row is moved on after the call: it is not to be kept. */
  generate(row: Row): Cell
}

/** A request of a cell with its reply. */
export interface Turn {
  readonly request: ModelRequest
  readonly reply: ModelReply
}

/** A follow-up request of a cell whose reply can't be used. */
export interface Again {
  readonly again: ModelRequest
}

/** The conversation before a reply to an `again`. */
export interface Correction {
  /** Requests before this one, at least 1: the kind's own bound goes by it. */
  readonly number: number
  /** The request that the reply answers. */
  readonly request: ModelRequest
  readonly earlier: readonly Turn[]
}

/** A cell of exactly one request: prepared without waiting, in the tick a slot is free. */
export interface RequestGenerator {
  by: 'cell'
  requests: 'one'
  route: string
  prepare(row: Row): ModelRequest
  /**
   * Makes the cell, or asks again. Then the cell is a conversation: its replies are durable, and
   * `correction` tells what was said; null for the first reply. How often it asks is its own bound.
   */
  finish(reply: ModelReply, row: Row, correction: Correction | null): CellResult | Again
}

/**
 * Cells of several rows in one request: up to `most` that wait are put into one when it can leave.
 *
 * The request is tried again as any other; one that is refused is halved, so that one row does not
 * fail its neighbours. A cell must not depend on the rows that happen to be next to it.
 */
export interface SharedGenerator {
  by: 'cell'
  requests: 'shared'
  route: string
  most: number
  prepare(rows: readonly Row[]): ModelRequest
  /** One for each row, in their order: a cell, or why there is none. */
  finish(reply: ModelReply, rows: readonly Row[]): readonly (CellResult | Error)[]
}

/**
 * The context of a cell's function. Its requests are durable: a reply is stored before
 * `request` resolves, and when the run goes on after a crash the function runs again and gets the
 * stored replies, as long as it sends the same requests, without sending anything.
 *
 * Checking a config and `rowsmith render` run a function until its first request, to see what that
 * is: the code before its first `request` or `step` should cost nothing.
 *
 * `request` and `step` always settle: when nothing more is sent for the cell they reject with a
 * `CellInterrupted`. What the function throws then is no failure of its cell.
 */
export interface TaskContext {
  /** Of this cell: aborts, with the `CellInterrupted`, when nothing more is wanted of it. */
  readonly signal: AbortSignal
  /**
   * Waits in the line of `route`, sends, retries by the engine's rules. Rejects with a
   * `CellFailure` when the request failed permanently.
   */
  readonly request: (
    route: string,
    request: ModelRequest,
    about?: RequestPurpose,
  ) => Promise<ModelReply>
  /**
   * Local work that costs something or can't be repeated, such as a tool: made once for the same
   * name and input (plain data), its result kept as a reply is.
   */
  readonly step: (
    name: string,
    input: unknown,
    run: (signal: AbortSignal) => Promise<Value>,
  ) => Promise<Value>
}

/** What a request is for; decides nothing of its answer. */
export interface RequestPurpose {
  /** It asks again, because an answer could not be used: usage tells how many did. */
  readonly isCorrection?: boolean
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

/** Makes the cells of a column: row by row, cell by cell, by shared requests or by whole columns. */
export type Generator =
  | RowGenerator
  | RequestGenerator
  | SharedGenerator
  | TaskGenerator
  | ColumnGenerator

/**
 * A column kind: schema, references, declared properties and generator in one module.
 *
 * Built-in kinds and plugins are registered in the same way; the engine uses only these properties.
 */
export interface ColumnKind<
  Config extends ColumnConfig = ColumnConfig,
  Own extends Loaded = Loaded,
> {
  /** The value of `column_type`. */
  readonly type: string
  /** The whole column object; unknown keys are refused by it. */
  readonly schema: z.ZodType<Config>
  /** Fields that hold a template, in the order in which a person would read their texts. */
  readonly templates?: readonly string[]
  /** What is said behind the first message of a cell, whatever the row; null for nothing. */
  instructions?(config: Config): string | null
  /**
   * Reads what the column needs from outside before anything is described: files, schemas, code. What
   * it throws is reported with the column's place, a `LoadFault` with its field and the way out.
   */
  load?(config: Config, context: LoadContext): Promise<Own>
  /** Whether a column has anything to load; each has, where this is omitted. One that has not gets `nothingLoaded`. */
  loads?(config: Config): boolean
  /**
   * Whether the rows of such a column may be rejected by its cells: by a column behind it, which no
   * dataset and no template has (see `rejects` of a description). Its fields in addition to the common ones;
   * null where no row is rejected.
   */
  readonly gate?: {
    readonly kind: ColumnKind
    fields(config: Config): object | null
  }
  /** The config of a column whose values have bounds; without it, none of its columns may have any. */
  constrain?(config: Config, constraints: readonly Constraint[]): Config
  /** Twice the same for the same config and what was loaded; reads nothing itself. */
  describe(config: Config, context: DescribeContext, loaded: Own): ColumnDescription
  bind(config: Config, context: BindContext, loaded: Own): Generator
}

/** Returns its argument; adds types only. */
export function defineColumn<Config extends ColumnConfig, Own extends Loaded = Loaded>(
  kind: ColumnKind<Config, Own>,
): ColumnKind<Config, Own> {
  return kind
}
