import type { Model } from './model.ts'

/** The compiler's message for a mistake in a program. */
export interface Mistake<Message extends string> {
  readonly mistake: Message
}

/**
 * A column without its name: its config, the row it needs, the value it makes and the columns its
 * templates read. The last three are for the compiler alone.
 */
export interface ColumnSpec<in Needs, out Value, out Reads extends string = never> {
  /** The fields of the column in a config, without its name. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Its model, if passed as an object. */
  readonly model?: Model | undefined
  /** Functions of the row that write a text, by the field they stand for. */
  readonly texts?: Readonly<Record<string, (row: Needs) => string>>
  readonly '~needs'?: (row: Needs) => void
  readonly '~value'?: Value
  readonly '~reads'?: Reads
}

/** A field that every column has in addition to those of its kind. */
export interface ColumnOptions {
  /** Left out of the dataset; other columns may still read it. */
  readonly drop?: boolean
  /** Makes no cell where the condition, a Jinja text, is true. */
  readonly skip?: { readonly when: string; readonly value?: string | number | boolean | null }
  /** Whether a row in which one of its columns was skipped is skipped here, too. */
  readonly propagate_skip?: boolean
  /** What a failed cell does to its row. */
  readonly on_failure?: 'drop' | 'null'
}

/** A Jinja text over columns of the row, or a function of the row that writes it. */
export type Prompt<Needs, Text extends string> = Text | ((row: Needs) => string)
