import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  createPartProfiler,
  type PartPlace,
  type PartProfile,
  type PartProfiler,
} from '../profile/part-profile.ts'
import { serve } from './calls.ts'
import { joinFile, type JoinFileOptions } from './join-file.ts'
import { syncFolder, type FileColumn, type WrittenFile } from './parquet.ts'
import {
  mergeBlocks,
  readPartFile,
  splitBlocks,
  writePartFile,
  type RowBlock,
} from './part-file.ts'
import { profileFile } from './profile-file.ts'
import { storageError } from './storage-error.ts'
import type { StoredValue } from './stored-value.ts'
import { isIntact, verifyPart, type RecordedFile } from './verify.ts'

export interface WrittenPart extends WrittenFile {
  /** Of all its records, those of the old file included. */
  profile: PartProfile
}

/** The thread that encodes Parquet; it sees files only, never the ledger. */
export interface WriterCalls {
  /** Begins collecting the values of a part, column by column. */
  collect(columns: readonly FileColumn[], rows: Float64Array): void
  /** Further values of a column. */
  values(column: number, values: readonly StoredValue[]): void
  /** Writes what was collected, merged with the part's old file. */
  writePart(path: string, old: RecordedFile | null, place: PartPlace): Promise<WrittenPart>
  profileFile(
    file: RecordedFile,
    columns: readonly FileColumn[],
    place: PartPlace,
  ): Promise<PartProfile>
  /** Those of some files that are gone or have other bytes than were written. */
  damagedFiles(files: readonly RecordedFile[]): string[]
  joinFile(options: JoinFileOptions): Promise<WrittenFile & { rows: number }>
}

async function* profiled(
  profiler: PartProfiler,
  blocks: Iterable<RowBlock> | AsyncIterable<RowBlock>,
): AsyncGenerator<RowBlock> {
  for await (const block of blocks) {
    profiler.add(block)
    yield block
  }
}

let collected: {
  columns: readonly FileColumn[]
  rows: Float64Array
  values: StoredValue[][]
} | null = null

serve<WriterCalls>({
  collect(columns, rows) {
    collected = { columns, rows, values: columns.map(() => []) }
  },
  values(column, values) {
    const target = collected?.values[column]
    for (const value of values) target?.push(value)
  },
  async writePart(path, old, place) {
    if (collected === null) throw new Error('no part was collected')
    const { columns, rows, values } = collected
    collected = null
    if (old !== null) verifyPart(old)
    const fresh = splitBlocks({ rows, columns: values })
    const profiler = createPartProfiler(columns, place)
    const blocks = profiled(
      profiler,
      old === null ? fresh : mergeBlocks(readPartFile(old.path, columns), fresh),
    )
    try {
      const folder = dirname(path)
      if (mkdirSync(folder, { recursive: true }) !== undefined) syncFolder(dirname(folder))
      const written = await writePartFile({ path, columns, blocks })
      syncFolder(folder)
      return { ...written, profile: profiler.profile() }
    } catch (error) {
      throw storageError(error, `writing ${path}`)
    }
  },
  async profileFile(file, columns, place) {
    try {
      return await profileFile(file, columns, place)
    } catch (error) {
      throw storageError(error, `reading ${file.path}`)
    }
  },
  damagedFiles: (files) => files.filter((file) => !isIntact(file)).map(({ path }) => path),
  async joinFile(options) {
    try {
      return await joinFile(options)
    } catch (error) {
      throw storageError(error, `joining ${options.path}`)
    }
  },
})
