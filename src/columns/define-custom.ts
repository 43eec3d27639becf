import type { ColumnType } from '../graph/column-type.ts'
import type { ChatMessage, ModelReply, ModelRequest } from '../graph/request.ts'

/** The context of a custom column's function. */
export interface CustomContext {
  /** The column's name. */
  readonly column: string
  /** The row's number, from 0, the same for ever; of a whole column the first row's. */
  readonly row: number
  /** `generator_params` of the column. */
  readonly params: Readonly<Record<string, unknown>>
  /** Aborts when nothing more is wanted of the cell. */
  readonly signal: AbortSignal
  /** A number in [0, 1): the next one of the row, the same in every session and in every order. */
  readonly random: () => number
  /**
   * Sends a prompt to a model of `model_aliases` and returns its text. The reply is stored before the promise
   * resolves, so that a run that continues does not ask for it again.
   */
  readonly ask: (
    alias: string,
    prompt: string | readonly ChatMessage[],
    options?: { readonly system?: string },
  ) => Promise<string>
  /** The same with a whole request, for the whole reply. */
  readonly request: (alias: string, request: ModelRequest) => Promise<ModelReply>
  /**
   * Work that costs something or can't be repeated, such as a call of a service: done once for the
   * same name and input, its result (plain data) kept as a reply is.
   */
  readonly step: <Result>(
    name: string,
    input: unknown,
    run: (signal: AbortSignal) => Promise<Result>,
  ) => Promise<Result>
}

/** A custom column's function with its inputs and outputs; the column's config takes precedence. */
export interface CustomColumn<Input = never, Output = unknown> {
  readonly generationStrategy?: 'cell_by_cell' | 'full_column'
  /** Columns that are in the row; no others are. */
  readonly requiredColumns?: readonly string[]
  /** Further columns it fills, with their types. */
  readonly sideEffectColumns?: Readonly<Record<string, ColumnType>>
  /** Aliases of models it asks. */
  readonly modelAliases?: readonly string[]
  /** `string` by default. */
  readonly outputType?: ColumnType
  /**
   * The same row gives the same value, at no cost: cells are computed again instead of stored, and a check of
   * the config makes a few.
   */
  readonly pure?: boolean
  /**
   * Receives a row, or the rows of a whole column, and returns the value, or a list of values. With side
   * columns a value is an object with the name of each column.
   */
  readonly generate: (input: Input, context: CustomContext) => Output
}

/** A function of a custom column by itself. */
export type CustomFunction<Input = never, Output = unknown> = CustomColumn<
  Input,
  Output
>['generate']

/** Returns its argument; adds types only. */
export function defineCustom<Input, Output>(
  column: CustomColumn<Input, Output>,
): CustomColumn<Input, Output> {
  return column
}
