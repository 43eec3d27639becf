import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createPartProfiler, type PartPlace, type PartProfile } from '../profile/part-profile.ts'
import { createHandOff } from './hand-off.ts'
import { syncFolder, type FileColumn, type WrittenFile } from './parquet-codec.ts'
import { mergeBlocks, readPartFile, writePartFile } from './part-file.ts'
import type { RowBlock } from './row-group.ts'
import { storageError } from '../threads/storage-error.ts'
import { verifyPart, type RecordedFile } from './verify.ts'

export interface WrittenPart extends WrittenFile {
  /** Of all its records, those of the old file included. */
  profile: PartProfile
}

export interface PartTarget {
  path: string
  columns: readonly FileColumn[]
  /** The part's old file, whose records go into the new one. */
  old: RecordedFile | null
  place: PartPlace
}

/** A part file being written while its rows arrive: a row group at most is held. */
export interface PartWriting {
  /** Resolves once the rows are taken; rejects when the file can't be written. */
  add(block: RowBlock): Promise<void>
  finish(): Promise<WrittenPart>
  /** Gives up; no file stays. */
  abandon(): Promise<void>
}

export function beginPartWriting(target: PartTarget): PartWriting {
  const fresh = createHandOff<RowBlock>()
  const written = write(target, fresh.items)
  // Who adds rows or finishes is reported.
  written.catch(() => undefined)
  return {
    async add(block) {
      await Promise.race([fresh.give(block), written])
    },
    finish() {
      fresh.end()
      return written
    },
    async abandon() {
      fresh.fail(new Error('the part was given up'))
      await written.catch(() => undefined)
    },
  }
}

async function write(
  { path, columns, old, place }: PartTarget,
  fresh: AsyncIterable<RowBlock>,
): Promise<WrittenPart> {
  if (old !== null) verifyPart(old)
  const profiler = createPartProfiler(columns, place)
  const blocks = old === null ? fresh : mergeBlocks(readPartFile(old.path, columns), fresh)
  try {
    const folder = dirname(path)
    if (mkdirSync(folder, { recursive: true }) !== undefined) syncFolder(dirname(folder))
    const written = await writePartFile({ path, columns, blocks, profiler })
    syncFolder(folder)
    return { ...written, profile: profiler.profile() }
  } catch (error) {
    throw storageError(error, `writing ${path}`)
  }
}
