import type { SeedColumn, SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'

/** What the thread that decodes Parquet is asked, one after the other. */
export type ParquetRequest =
  | { readonly ask: 'describe'; readonly file: SeedFile }
  /** Begins with a file's rows, which `next` then fetches batch by batch. */
  | { readonly ask: 'begin'; readonly file: SeedFile; readonly columns: readonly SeedColumn[] }
  | { readonly ask: 'next' }

export interface TableDescription {
  readonly columns: readonly SeedColumn[]
  readonly size: number
}

/** Every request gets one answer; `bytes` is told in between. */
export type ParquetAnswer =
  | { readonly kind: 'table'; readonly table: TableDescription }
  | { readonly kind: 'begun' }
  /** Null behind the last. A `Double` arrives as a plain object. */
  | { readonly kind: 'rows'; readonly rows: readonly SeedRow[] | null }
  | { readonly kind: 'fault'; readonly fault: PostedFault }
  | { readonly kind: 'error'; readonly message: string; readonly properties: object }

export type ParquetMessage = ParquetAnswer | { readonly kind: 'bytes'; readonly bytes: number }

interface PostedFault {
  readonly code: string
  readonly message: string
  readonly suggestion: string | undefined
  readonly field: string
}
