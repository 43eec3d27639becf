import { join } from 'node:path'
import { storedBytes, type StoredValue } from '../graph/stored-value.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { WorkerClient } from '../threads/worker-calls.ts'
import type { WrittenPart } from './part-writing.ts'
import type { RecordedFile } from './verify.ts'
import type { WriterCalls } from './writer.worker.ts'

/** Files of records on their way into a dataset; a row group is held, by the writer's thread. */
export interface RecordFiles {
  add(rows: Float64Array, columns: readonly (readonly StoredValue[])[]): Promise<void>
  /** At least one file, so that a dataset without records has its columns. */
  finish(): Promise<RecordedFile[]>
  /** Gives up what was begun. */
  abandon(): Promise<void>
}

/** Bytes of values, uncompressed, from which on a file is full. */
const FILE_BYTES = 2 ** 30

/** Its statistics are not looked at: those of a dataset are made when they are asked for. */
const noPlace = { part: 0, endRow: 0 }

/** One at a time is written by a thread. */
export function openRecordFiles(
  thread: WorkerClient<WriterCalls>,
  { folder, name, columns }: { folder: string; name: string; columns: readonly RecordColumn[] },
): RecordFiles {
  const files: RecordedFile[] = []
  const written = columns.map(({ name: column, type }) => ({ name: column, type }))
  let bytes = 0
  let path: string | null = null

  async function begin(): Promise<string> {
    const next = join(folder, `${name}-${String(files.length).padStart(5, '0')}.parquet`)
    await thread.call('beginPart', { path: next, columns: written, old: null, place: noPlace })
    bytes = 0
    return next
  }

  async function end(of: string): Promise<void> {
    const { sha256 }: WrittenPart = await thread.call('finishPart')
    files.push({ path: of, sha256 })
    path = null
  }

  return {
    async add(rows, values) {
      path ??= await begin()
      await thread.call('addRows', rows, values)
      for (const column of values) for (const value of column) bytes += storedBytes(value)
      if (bytes >= FILE_BYTES) await end(path)
    },
    async finish() {
      if (files.length === 0) path ??= await begin()
      if (path !== null) await end(path)
      return files
    },
    abandon: () => thread.call('abandonPart'),
  }
}
