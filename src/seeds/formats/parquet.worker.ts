import { serve } from '../../threads/worker-calls.ts'
import { messageOf } from '../../util/errors.ts'
import { SeedFault, type SeedColumn, type SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'
import {
  type DescribeOptions,
  describeTable,
  readColumns,
  readTable,
  type TableDescription,
  writeAgain,
} from './parquet-table.ts'

/** The thread that decodes Parquet. */
export interface ParquetCalls {
  describe(file: SeedFile, options: DescribeOptions): Promise<Answer<TableDescription>>
  /** Begins with a file's rows, which `next` then gives batch by batch. */
  begin(file: SeedFile, columns: readonly SeedColumn[]): void
  /** The same with these columns of the file only. */
  beginSome(file: SeedFile, columns: readonly SeedColumn[]): void
  next(): Promise<Answer<Batch>>
}

/** A fault of the file is an answer like any other: as an error it would lose its class. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly fault: Pick<SeedFault, 'code' | 'message' | 'suggestion' | 'field'> }

interface Batch {
  /** Null behind the last. A `Double` arrives as a plain object. */
  readonly rows: SeedRow[] | null
  /** Read of the file since the batch before. */
  readonly bytes: number
}

let rows: AsyncGenerator<SeedRow[]> | null = null
let bytes = 0

// All promises made here are waited for; the reader forgets some of a file with odd columns.
const forgotten = Promise.withResolvers<never>()
forgotten.promise.catch(() => undefined)
process.on('unhandledRejection', (error) => {
  const message = `the Parquet file cannot be read: ${messageOf(error)}`
  forgotten.reject(
    error instanceof SeedFault
      ? error
      : new SeedFault('bad-parquet', message, { suggestion: writeAgain }),
  )
})

async function answer<T>(work: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await Promise.race([work, forgotten.promise]) }
  } catch (error) {
    if (!(error instanceof SeedFault)) throw error
    const { code, message, suggestion, field } = error
    return { fault: { code, message, suggestion, field } }
  }
}

function countBytes(read: number): void {
  bytes += read
}

async function nextBatch(): Promise<Batch> {
  const next = await rows?.next()
  const batch = {
    rows: next === undefined || next.done === true ? null : next.value,
    bytes,
  }
  bytes = 0
  return batch
}

serve<ParquetCalls>({
  describe: (file, options) => answer(describeTable(file, options)),
  begin(file, columns) {
    rows = readTable(file, columns, countBytes)
  },
  beginSome(file, columns) {
    rows = readColumns(file, columns, countBytes)
  },
  next: () => answer(nextBatch()),
})
