import type { z } from 'zod'
import type { ConfigPath } from '../config/problem.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { Value } from '../util/value.ts'
import type { OnSeedProgress } from './read-progress.ts'

/** A column of a seed, with its type. */
export interface SeedColumn {
  readonly name: string
  readonly type: ColumnType
}

/** Values in the order of the columns, each of its column's type or null. */
export type SeedRow = readonly Value[]

/** Where a seed source may look. */
export interface SeedContext {
  /** Relative paths start here. */
  readonly workingDirectory: string
  /** Tried second for relative paths; null when the config is not from a file. */
  readonly configDirectory: string | null
  /** Variables that name tokens, keys and proxies; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** What a program gave for words of the config; nothing by default. */
  readonly given?: ReadonlyMap<string, unknown> | undefined
  /** What the run folder has of `OpenedSeed.pin`. */
  readonly pin?: string | undefined
  readonly signal: AbortSignal
  /** Called while content is read for the first time. */
  readonly onProgress?: OnSeedProgress | undefined
}

/** Something a reader of the seed may not expect; it is reported as a warning. */
export interface SeedNote {
  /** Kebab-case and stable. */
  readonly code: string
  /** One sentence. */
  readonly message: string
  readonly suggestion?: string
}

/** A seed whose columns and size are known; its rows can be read from first to last. */
export interface OpenedSeed {
  readonly columns: readonly SeedColumn[]
  readonly size: number
  /** Hash of the content and of how it is read; the same wherever the content lies. */
  readonly identity: string
  /** Cheap to compare: equal stamps mean equal content, different ones mean nothing. */
  readonly stamp: string
  readonly notes: readonly SeedNote[]
  /** What the source needs to find the same content again when its address has other content by then. */
  readonly pin?: string | undefined
  /** Of a seed that was joined from several: each of these, the first one first. */
  readonly parts?: readonly SeedPart[] | undefined
  /** Of a seed that was joined: what each join found, in their order. */
  readonly joins?: readonly JoinCount[] | undefined
  /** All rows in stored order, in batches; every call starts again at the first. */
  rows(options: RowsOptions): AsyncIterable<readonly SeedRow[]>
  /** Whether the content is no longer the one that was opened. */
  changed(): Promise<boolean>
  /** Gives up what it holds on disk; nothing is read of it afterwards. */
  close?(): Promise<void>
}

/** One of the sources that a seed was joined from. */
export interface SeedPart {
  readonly identity: string
  readonly stamp: string
}

/** How many rows a join received, and how many of them had no partner. */
export interface JoinCount {
  readonly rows: number
  readonly withoutPartner: number
}

/** Options of reading the rows of a seed. */
export interface RowsOptions {
  readonly signal: AbortSignal
  readonly onProgress?: OnSeedProgress | undefined
}

/** What a source is now, without reading its rows. */
interface SeedStamp {
  readonly stamp: string
  /** Reads all of the content, which is reported as the context says. */
  identity(): Promise<string>
}

/**
 * A kind of seed source, by its `seed_type`.
 *
 * What the user can fix is thrown as `SeedFault`.
 */
export interface SeedSource<Source = unknown> {
  readonly type: string
  /** The whole `source` object. */
  readonly schema: z.ZodType<Source>
  open(source: Source, context: SeedContext): Promise<OpenedSeed>
  /** Null when there is nothing at its place any more. */
  stamp(source: Source, context: SeedContext): Promise<SeedStamp | null>
}

export interface SeedFaultOptions {
  cause?: unknown
  /** The way out, one sentence. */
  suggestion?: string
  /** The field of the source it is about. */
  field?: string
  /** Its place in the config, where it is about no field of the source. */
  place?: ConfigPath
}

/** Something about the seed itself that the user has to fix. */
export class SeedFault extends Error {
  /** Kebab-case and stable: it becomes the code of a problem. */
  readonly code: string
  readonly suggestion: string | undefined
  readonly field: string
  readonly place: ConfigPath | undefined

  constructor(
    code: string,
    message: string,
    { cause, suggestion, field = 'path', place }: SeedFaultOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SeedFault'
    this.code = code
    this.suggestion = suggestion
    this.field = field
    this.place = place
  }
}

/** Returns its argument with its types closed over, so that sources of all kinds fit one table. */
export function defineSeedSource<Source>(source: SeedSource<Source>): SeedSource<Source> {
  return source
}
