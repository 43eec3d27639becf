import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../util/errors.ts'
import { SeedFault, type SeedRow } from '../define.ts'
import { describeTable, readTable, writeAgain } from './parquet-table.ts'
import type { ParquetAnswer, ParquetMessage, ParquetRequest } from './parquet-messages.ts'

/** The thread that decodes Parquet. */
const port = parentPort
if (port === null) throw new Error('a worker file was started as a program')

let rows: AsyncGenerator<SeedRow[]> | null = null

async function answer(request: ParquetRequest): Promise<ParquetAnswer> {
  switch (request.ask) {
    case 'describe': {
      return { kind: 'table', table: await describeTable(request.file, request) }
    }
    case 'begin':
      rows = readTable(request.file, request.columns, (bytes) => post({ kind: 'bytes', bytes }))
      return { kind: 'begun' }
    case 'next': {
      const next = await rows?.next()
      return { kind: 'rows', rows: next === undefined || next.done === true ? null : next.value }
    }
    default:
      return request satisfies never
  }
}

function failure(error: unknown): ParquetAnswer {
  if (error instanceof SeedFault) {
    const { code, message, suggestion, field } = error
    return { kind: 'fault', fault: { code, message, suggestion, field } }
  }
  // Of a failed call to the system, its code and name go along.
  const properties = error instanceof Error ? Object.fromEntries(Object.entries(error)) : {}
  return { kind: 'error', message: messageOf(error), properties }
}

function post(message: ParquetMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  port?.postMessage(message)
}

// All promises made here are waited for; the reader forgets some of a file with odd columns.
process.on('unhandledRejection', (error) => {
  const message = `the Parquet file cannot be read: ${messageOf(error)}`
  post(failure(new SeedFault('bad-parquet', message, { suggestion: writeAgain })))
})

let last = Promise.resolve()
port.on('message', (request: ParquetRequest) => {
  last = last.then(() => answer(request).catch(failure)).then(post)
})
