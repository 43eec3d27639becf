import { startWorker } from '../../threads/worker-calls.ts'
import { systemCode } from '../../threads/system-error.ts'
import { Double, type Value } from '../../util/value.ts'
import { SeedFault, type SeedColumn, type SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'
import type { DescribeOptions, TableDescription } from './parquet-table.ts'
import type { Answer, ParquetCalls } from './parquet.worker.ts'

/** Decodes Parquet files, one after the other; disposing of it ends the thread. */
export interface ParquetThread extends AsyncDisposable {
  describe(file: SeedFile, options: DescribeOptions): Promise<TableDescription>
  /** All rows of a file in batches, in columns of these types. */
  rows(
    file: SeedFile,
    columns: readonly SeedColumn[],
    onBytes: (bytes: number) => void,
  ): AsyncGenerator<SeedRow[]>
  /** The same of a local file, with no other column read than these. */
  some(
    file: SeedFile,
    columns: readonly SeedColumn[],
    onBytes: (bytes: number) => void,
  ): AsyncGenerator<SeedRow[]>
}

/**
 * A thread, because the reader decodes a row group in one go: on the main thread nothing would be reported
 * and nothing could be stopped meanwhile, and a damaged file can keep it busy for ever.
 * `signal` ends the thread wherever it is.
 */
export function startParquetThread(signal: AbortSignal): ParquetThread {
  const worker = startWorker<ParquetCalls>('parquet.worker', import.meta.url, {
    signal,
    broken: brokenBy,
  })

  function fetchBatch(): ReturnType<ParquetCalls['next']> {
    const answer = worker.call('next')
    // Who asked may have stopped waiting; who waits is reported.
    answer.catch(() => undefined)
    return answer
  }

  async function* batches(onBytes: (bytes: number) => void): AsyncGenerator<SeedRow[]> {
    // One batch ahead: the thread decodes while the last one is used.
    for (let ahead = fetchBatch(); ;) {
      const { rows, bytes } = valueOf(await ahead)
      onBytes(bytes)
      if (rows === null) return
      ahead = fetchBatch()
      yield rows.map((row) => row.map(revive))
    }
  }

  return {
    async describe(file, options) {
      return valueOf(await worker.call('describe', file, options))
    },
    async *rows(file, columns, onBytes) {
      await worker.call('begin', file, columns)
      yield* batches(onBytes)
    },
    async *some(file, columns, onBytes) {
      await worker.call('beginSome', file, columns)
      yield* batches(onBytes)
    },
    [Symbol.asyncDispose]: () => worker.end(),
  }
}

function valueOf<T>(answer: Answer<T>): T {
  if ('value' in answer) return answer.value
  const { code, message, suggestion, field } = answer.fault
  throw new SeedFault(code, message, {
    field,
    ...(suggestion === undefined ? {} : { suggestion }),
  })
}

function brokenBy(error: unknown): unknown {
  if (systemCode(error) !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new SeedFault(
    'bad-parquet',
    'a row group of the file needs more memory than is available',
    {
      cause: error,
      suggestion: 'Write the file with smaller row groups; if they are small, the file is damaged.',
    },
  )
}

/** Crossing threads, a `Double` loses its class. */
function revive(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revive)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, revive(item)]))
  return 'value' in value ? new Double(value.value) : value
}
