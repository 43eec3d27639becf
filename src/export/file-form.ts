import type { RecordColumn } from '../graph/processor-kind.ts'
import type { Exporter } from './define.ts'
import type { RecordValues } from './records.ts'

/** Records of a dataset, read as often as a form needs them. */
export interface RecordSource {
  readonly columns: readonly RecordColumn[]
  /** Of some columns only, where they are named. */
  readonly read: (columns?: readonly string[]) => AsyncIterable<RecordValues>
}

/** The content of one file with records. */
export interface FileForm {
  readonly name: string
  /** Endings of file names, lower case with the dot. */
  readonly endings: readonly string[]
  /** `onRecord` is called for every record that is written. */
  content(
    source: RecordSource,
    onRecord: () => void,
  ): AsyncIterable<string> | AsyncIterable<Uint8Array>
}

/** A text form, line by line. */
export function textForm(exporter: Exporter): FileForm {
  return {
    name: exporter.name,
    endings: exporter.endings,
    async *content({ columns, read }, onRecord) {
      const header = exporter.header(columns.map(({ name }) => name))
      if (header !== null) yield `${header}\n`
      for await (const record of read()) {
        onRecord()
        yield `${exporter.line(record)}\n`
      }
    },
  }
}
