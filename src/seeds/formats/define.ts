import type { SeedColumn, SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'

/** A file whose columns and size are known. */
export interface FormatReading {
  readonly columns: readonly SeedColumn[]
  readonly size: number
  /** All rows in stored order, in batches. */
  rows(signal: AbortSignal): AsyncIterable<readonly SeedRow[]>
}

/** A file format of seeds. */
export interface SeedFormat {
  /** Part of a seed's identity: the same bytes read in another way are another seed. */
  readonly name: string
  /** Endings of file names, lower case with the dot. */
  readonly endings: readonly string[]
  open(file: SeedFile, signal: AbortSignal): Promise<FormatReading>
}

/** Rows per batch: enough to make an await cheap, few enough to bound memory. */
export const batchRows = 256
