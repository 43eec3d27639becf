/**
 * A table of the package `apache-arrow`, as far as it is described here: rowsmith's types don't need the
 * package. Cast it to its `Table` for the rest.
 */
export interface ArrowTable extends Iterable<ArrowRow | null> {
  readonly numRows: number
  readonly numCols: number
  readonly schema: { readonly fields: readonly ArrowField[] }
  getChild(name: string): ArrowVector | null
  get(row: number): ArrowRow | null
}

/** What a table says of a column. */
export interface ArrowField {
  readonly name: string
  readonly nullable: boolean
  /** Its text is the type: `Utf8`, `Int64`, `Timestamp<MICROSECOND, UTC>`. */
  readonly type: { toString(): string }
}

/** A column. */
export interface ArrowVector extends Iterable<unknown> {
  readonly length: number
  readonly nullCount: number
  get(row: number): unknown
  toArray(): unknown
}

/** A row, with its values by the names of the columns. */
export interface ArrowRow {
  toJSON(): Record<string, unknown>
}
