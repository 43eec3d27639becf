import type { RecordValues } from './records.ts'

/** A text form of records: a file that is written line by line. */
export interface Exporter {
  /** The value of `--format`. */
  readonly name: string
  /** Endings of file names, lower case with the dot. */
  readonly endings: readonly string[]
  /** One line for people. */
  readonly description?: string
  /** The first line, or null for none. */
  header(columns: readonly string[]): string | null
  line(record: RecordValues): string
}

/** Returns its argument; adds types only. */
export function defineExporter(exporter: Exporter): Exporter {
  return exporter
}
