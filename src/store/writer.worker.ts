import type { StoredValue } from '../graph/stored-value.ts'
import { serve } from '../threads/worker-calls.ts'
import { joinFile, type JoinFileOptions } from './join-file.ts'
import type { PartPlace, PartProfile } from '../profile/part-profile.ts'
import type { FileColumn, WrittenFile } from './parquet-codec.ts'
import {
  beginPartWriting,
  type PartTarget,
  type PartWriting,
  type WrittenPart,
} from './part-writing.ts'
import { profileFile } from './profile-file.ts'
import { storageError } from '../threads/storage-error.ts'
import { lookAt, type RecordedFile } from './verify.ts'

/** The thread that encodes Parquet; it sees files only, never the ledger. */
export interface WriterCalls {
  /** Begins a part file; the calls that follow are about it. One that no one finished is given up. */
  beginPart(target: PartTarget): Promise<void>
  /** Further rows, answered once they are taken. */
  addRows(rows: Float64Array, columns: readonly (readonly StoredValue[])[]): Promise<void>
  finishPart(): Promise<WrittenPart>
  abandonPart(): Promise<void>
  profileFile(
    file: RecordedFile,
    columns: readonly FileColumn[],
    place: PartPlace,
  ): Promise<PartProfile>
  /** Those of some files that are missing or have other bytes than were written. */
  damagedFiles(files: readonly RecordedFile[]): string[]
  joinFile(options: JoinFileOptions): Promise<WrittenFile & { rows: number }>
}

let open: PartWriting | null = null

function writing(): PartWriting {
  if (open === null) throw new Error('no part was begun')
  return open
}

serve<WriterCalls>({
  async beginPart(target) {
    await open?.abandon()
    open = beginPartWriting(target)
  },
  addRows: (rows, columns) => writing().add({ rows, columns }),
  async finishPart() {
    const part = writing()
    open = null
    return part.finish()
  },
  async abandonPart() {
    const part = open
    open = null
    await part?.abandon()
  },
  async profileFile(file, columns, place) {
    try {
      return await profileFile(file, columns, place)
    } catch (error) {
      throw storageError(error, `reading ${file.path}`)
    }
  },
  damagedFiles: (files) =>
    files.filter((file) => lookAt(file) !== 'intact').map(({ path }) => path),
  async joinFile(options) {
    try {
      return await joinFile(options)
    } catch (error) {
      throw storageError(error, `joining ${options.path}`)
    }
  },
})
