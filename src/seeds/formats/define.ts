import { SeedFault, type SeedColumn, type SeedNote, type SeedRow } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'

/** Files whose columns and size are known. */
export interface FormatReading {
  readonly columns: readonly SeedColumn[]
  readonly size: number
  readonly notes?: readonly SeedNote[]
  /** All rows of all files in stored order, in batches. */
  rows(options: ReadOptions): AsyncIterable<readonly SeedRow[]>
}

/** A file format of seeds. */
export interface SeedFormat {
  /** Part of a seed's identity: the same bytes read in another way are another seed. */
  readonly name: string
  /** One line for people. */
  readonly description?: string
  /** Grows whenever the same bytes give other columns or values than before. */
  readonly version?: number
  /** Endings of file names, lower case with the dot. */
  readonly endings: readonly string[]
  /** Its files are read front to back, so they may be compressed as a whole. */
  readonly streamed: boolean
  /** Its files have something between fields, which a config can say. */
  readonly hasDelimiter?: boolean
  /** Reads one or more files as one seed, in their order. Streamed ones are read to their end. */
  open(
    files: readonly SeedFile[],
    options: ReadOptions,
    delimiter: string | null,
  ): Promise<FormatReading>
}

/** Returns its argument; adds types only. */
export function defineSeedFormat(format: SeedFormat): SeedFormat {
  return format
}

/** Rows per batch: enough to make an await cheap, few enough to bound memory. */
export const batchRows = 256

/** Characters or bytes of a row that is still believed to be one. */
export const longestRecord = 64 * 1024 * 1024

/** Passes on what is read from a file; a fault says which of several files it is about. */
export async function* inFile<T>(file: SeedFile, read: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* read
  } catch (error) {
    throw faultIn(file, error)
  }
}

export function faultIn({ label }: SeedFile, error: unknown): unknown {
  if (!(error instanceof SeedFault) || label === null) return error
  const { code, message, suggestion, field } = error
  return new SeedFault(code, `${label}: ${message}`, {
    cause: error,
    field,
    ...(suggestion === undefined ? {} : { suggestion }),
  })
}

/** Where each column of the first file stands in another one, which must have the same ones. */
export function alignColumns(
  columns: readonly string[],
  firstFile: SeedFile,
  own: readonly string[],
): readonly number[] {
  const first = firstFile.label ?? firstFile.path
  const missing = columns.find((name) => !own.includes(name))
  if (missing !== undefined) throw otherColumns(`has no column '${missing}', which ${first} has`)
  const further = own.find((name) => !columns.includes(name))
  if (further !== undefined) {
    throw otherColumns(`has the column '${further}', which ${first} has not`)
  }
  return columns.map((name) => own.indexOf(name))
}

function otherColumns(what: string): SeedFault {
  return new SeedFault('columns-differ', `the file ${what}`, {
    suggestion: 'Files of one seed have the same columns, in any order; narrow the pattern.',
  })
}
