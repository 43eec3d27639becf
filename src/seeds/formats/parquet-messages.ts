import type { SeedColumn, SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'
import type { Decimal } from './parquet-decimal.ts'

/** What the thread that decodes Parquet is asked, one after the other. */
export type ParquetRequest =
  | { readonly ask: 'describe'; readonly file: SeedFile; readonly isOneOfSeveral: boolean }
  /** Begins with a file's rows, which `next` then fetches batch by batch. */
  | { readonly ask: 'begin'; readonly file: SeedFile; readonly columns: readonly SeedColumn[] }
  | { readonly ask: 'next' }

/** A column of one file, with what decides its type among those of others. */
export interface FileColumn extends SeedColumn {
  /** It has no value here, so its type says nothing. */
  readonly isEmpty: boolean
  /** Of whole numbers, some of which a double would round; only told of one of several files. */
  readonly isLong: boolean
  /** Of a column that is text because no number type holds its decimals. */
  readonly decimal: Decimal | null
}

export interface TableDescription {
  readonly columns: readonly FileColumn[]
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
