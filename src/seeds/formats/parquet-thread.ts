import { Worker } from 'node:worker_threads'
import { Double, type Value } from '../../util/value.ts'
import { SeedFault, type SeedColumn, type SeedRow } from '../define.ts'
import type { SeedFile } from '../file.ts'
import type { DescribeOptions } from './parquet-table.ts'
import type {
  ParquetAnswer,
  ParquetMessage,
  ParquetRequest,
  TableDescription,
} from './parquet-messages.ts'

/** Decodes Parquet files, one after the other; disposing of it ends the thread. */
export interface ParquetThread extends AsyncDisposable {
  describe(file: SeedFile, options: DescribeOptions): Promise<TableDescription>
  /** All rows of a file in batches, in columns of these types. */
  rows(
    file: SeedFile,
    columns: readonly SeedColumn[],
    onBytes: (bytes: number) => void,
  ): AsyncGenerator<SeedRow[]>
}

/**
 * A thread, because the reader decodes a row group in one go: on the main thread nothing would be
 * told and nothing could be stopped meanwhile, and a damaged file can keep it busy for ever.
 * `signal` ends the thread wherever it is.
 */
export function startParquetThread(signal: AbortSignal): ParquetThread {
  signal.throwIfAborted()
  // tsc leaves the text of a URL alone: the published file ends in .js, the source in .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const url = new URL(`./parquet.worker.${extension}`, import.meta.url)
  // Flags of the program are not for a thread: `--input-type` of an --eval would break it.
  const worker = new Worker(url, { name: 'parquet', execArgv: [] })
  const open: { resolve(answer: ParquetAnswer): void; reject(error: unknown): void }[] = []
  let ended: { error: unknown } | null = null
  let tellBytes: (bytes: number) => void = () => undefined

  worker.on('message', (message: ParquetMessage) => {
    if (message.kind === 'bytes') tellBytes(message.bytes)
    else open.shift()?.resolve(message)
  })
  worker.on('error', (error) => end(brokenBy(error)))
  worker.on('exit', () => end(new Error('the thread that reads Parquet has ended')))
  signal.addEventListener('abort', stop)

  function stop(): void {
    end(signal.reason)
    void worker.terminate()
  }

  function end(error: unknown): void {
    ended ??= { error }
    for (const waiting of open.splice(0)) waiting.reject(ended.error)
  }

  function call(request: ParquetRequest): Promise<ParquetAnswer> {
    return new Promise((resolve, reject) => {
      if (ended !== null) {
        reject(ended.error)
        return
      }
      open.push({ resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      worker.postMessage(request)
    })
  }

  function fetchBatch(): Promise<ParquetAnswer> {
    const answer = call({ ask: 'next' })
    // Who asked may have stopped waiting; who waits is told.
    answer.catch(() => undefined)
    return answer
  }

  return {
    async describe(file, { isOneOfSeveral }) {
      const answer = await call({ ask: 'describe', file, isOneOfSeveral })
      if (answer.kind === 'table') return answer.table
      throw failureOf(answer)
    },
    async *rows(file, columns, onBytes) {
      tellBytes = onBytes
      await call({ ask: 'begin', file, columns })
      // One batch ahead: the thread decodes while the last one is used.
      for (let ahead = fetchBatch(); ;) {
        const answer = await ahead
        if (answer.kind !== 'rows') throw failureOf(answer)
        if (answer.rows === null) return
        ahead = fetchBatch()
        yield answer.rows.map((row) => row.map(revive))
      }
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', stop)
      await worker.terminate()
    },
  }
}

function brokenBy(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new SeedFault('bad-parquet', 'a row group of the file needs more memory than there is', {
    cause: error,
    suggestion: 'Write the file with smaller row groups; if they are small, the file is damaged.',
  })
}

function failureOf(answer: ParquetAnswer): Error {
  if (answer.kind === 'fault') {
    const { code, message, suggestion, field } = answer.fault
    return new SeedFault(code, message, {
      field,
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }
  if (answer.kind === 'error') return Object.assign(new Error(answer.message), answer.properties)
  return new Error(`the thread that reads Parquet answered with ${answer.kind}`)
}

/** Crossing threads, a `Double` loses its class. */
function revive(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revive)
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, revive(item)]))
  return 'value' in value ? new Double(value.value) : value
}
