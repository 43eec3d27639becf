import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { RequestError } from '../graph/request-error.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import type { BatchApi, BatchResult, BatchStatus } from './batch-api.ts'
import type { BatchCalls, BatchProtocol, UploadBody } from './batch-protocol.ts'
import { badReply, noFormFor, statusError, transportError, type Asked } from './classify.ts'
import { largestReply } from './connections.ts'
import { isObject } from './provider-text.ts'
import { readJson } from './reply-json.ts'
import { linesOf } from './stream-lines.ts'

export interface HttpBatchesOptions {
  batch: BatchProtocol
  asked: Asked
  /** A request in its wire form, as it would be sent alone. */
  write: (request: ModelRequest) => { path: string; body: string | Uint8Array }
  read: (text: string) => ModelReply
  origin: string
  /** Where a path behind the endpoint's own leads. */
  pathOf: (path: string) => string
  headers: Readonly<Record<string, string>>
  /** Connections whose replies may be files of any length. */
  connect: () => Promise<Dispatcher>
  wallTime: () => number
}

/** No byte for so long: the connection is given up. */
const SILENCE_MS = 120_000

/** The batches of one model of an HTTP provider. */
export function openHttpBatches(options: HttpBatchesOptions): BatchApi {
  const { asked, batch } = options

  async function open(
    method: 'GET' | 'POST',
    path: string,
    sent: { body: string | Readable | null; headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    signal.throwIfAborted()
    const dispatcher = await options.connect()
    const reply = await dispatcher.request({
      origin: options.origin,
      path: options.pathOf(path),
      method,
      headers: { ...options.headers, ...sent.headers },
      body: sent.body,
      signal,
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
    })
    const { statusCode: status, headers, body } = reply
    if (status >= 200 && status < 300) return reply
    throw statusError({ status, headers, text: await body.text() }, asked, options.wallTime())
  }

  /** What connections say, as a `RequestError`. */
  async function classified<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw problemOf(error, signal)
    }
  }

  function problemOf(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason
    return error instanceof RequestError ? error : transportError(error, asked)
  }

  async function objectOf(reply: Dispatcher.ResponseData): Promise<Record<string, unknown>> {
    const text = await reply.body.text()
    const value = readJson(text, asked)
    if (isObject(value)) return value
    throw badReply('not an object', text, asked)
  }

  function callsUntil(signal: AbortSignal): BatchCalls {
    return {
      asked,
      ask: (method, path, body) =>
        classified(signal, async () => {
          const sent = { body: body === undefined ? null : JSON.stringify(body) }
          return objectOf(await open(method, path, sent, signal))
        }),
      upload: (path, body) =>
        classified(signal, async () => objectOf(await open('POST', path, uploadOf(body), signal))),
      async *lines(path) {
        try {
          const { body } = await open('GET', path, { body: null }, signal)
          yield* linesOf(body, { longest: largestReply })
        } catch (error) {
          throw problemOf(error, signal)
        }
      },
      read: options.read,
      failed: (reply) => statusError(reply, asked, options.wallTime()),
    }
  }

  async function* results(status: BatchStatus, signal: AbortSignal): AsyncGenerator<BatchResult> {
    const calls = callsUntil(signal)
    for (const path of status.results) {
      try {
        for await (const line of calls.lines(path)) {
          const result = resultOf(calls, line)
          if (result !== null) yield result
        }
      } catch (error) {
        // A file that is missing has no answers; that they are missing is reported by whoever waits for them.
        if (!(error instanceof RequestError) || error.code !== 'not-found') throw error
      }
    }
  }

  function resultOf(calls: BatchCalls, line: string): BatchResult | null {
    const value = objectIn(line)
    if (value === null) return null
    try {
      return batch.result(calls, value)
    } catch (error) {
      const id = value['custom_id']
      if (!(error instanceof RequestError) || typeof id !== 'string') throw error
      return { id, error }
    }
  }

  return {
    mostRequests: batch.mostRequests,
    mostBytes: batch.mostBytes,
    separator: batch.separator,
    line(id, request) {
      const { path, body } = options.write(request)
      // A form with files.
      if (typeof body !== 'string') throw noFormFor('images to be edited, in a batch', asked)
      return { text: batch.line(id, { path, body }), endpoint: path }
    },
    submit: (submission, file, signal) => batch.submit(callsUntil(signal), submission, file),
    find: (submission, known, signal) => batch.find(callsUntil(signal), submission, known),
    status: (handle, signal) => batch.status(callsUntil(signal), handle),
    results,
    async cancel(handle, signal) {
      await callsUntil(signal).ask('POST', batch.cancelPath(handle))
    },
  }
}

function uploadOf({ contentType, before, file, after }: UploadBody): {
  body: Readable
  headers: Record<string, string>
} {
  async function* parts(): AsyncGenerator<Buffer> {
    yield Buffer.from(before)
    yield* createReadStream(file.path) as AsyncIterable<Buffer>
    yield Buffer.from(after)
  }
  const length = Buffer.byteLength(before) + file.bytes + Buffer.byteLength(after)
  return {
    body: Readable.from(parts(), { objectMode: false }),
    headers: { 'content-type': contentType, 'content-length': String(length) },
  }
}

/** A line that is cut short is no result: its request has none. */
function objectIn(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
