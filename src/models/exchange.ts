import type { Dispatcher } from 'undici'
import type { Clock } from '../util/clock.ts'
import { decodedBytes, decodedText, plainText } from './content-coding.ts'
import { onAbort, TimeoutExpired } from './deadline.ts'
import { largestReply } from './connections.ts'
import type { Connections } from './free-connections.ts'

/** One HTTP request with a text body. */
export interface Call {
  origin: string
  path: string
  method: Dispatcher.HttpMethod
  headers: Record<string, string>
  body: string | Uint8Array | null
  timeoutMs: number
}

export interface RawReply {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}

/** A reply as its bytes, behind its codings. */
export interface RawBytes extends Omit<RawReply, 'text'> {
  bytes: Buffer
}

interface ExchangeOptions {
  clock: Clock
  signal: AbortSignal
}

/** Sends a call and reads the text of its reply. */
export function exchange(
  connections: Connections,
  call: Call,
  options: ExchangeOptions,
): Promise<RawReply> {
  return receive(connections, call, options, ({ status, headers, bytes }) => {
    const text = plainText(bytes, headers)
    if (text !== null) return { status, headers, text }
    const decoded = decodedText(bytes, headers, { maxBytes: largestReply })
    return decoded.then((own) => ({ status, headers, text: own }))
  })
}

/** The same for a reply that is not text: an image. */
export function exchangeBytes(
  connections: Connections,
  call: Call,
  options: ExchangeOptions,
): Promise<RawBytes> {
  return receive(connections, call, options, async ({ status, headers, bytes }) => ({
    status,
    headers,
    bytes: await decodedBytes(bytes, headers, { maxBytes: largestReply }),
  }))
}

/**
 * Sends a call and reads the whole reply; rejects with `TimeoutExpired`, with the signal's reason,
 * or with what the connection said.
 *
 * Straight on `dispatch`: undici's `request` costs half as much again per call for a stream that
 * no one wants, and can't be given up while its connection is still being made.
 */
function receive<Reply>(
  connections: Connections,
  call: Call,
  { clock, signal }: ExchangeOptions,
  read: (reply: RawBytes) => Reply | Promise<Reply>,
): Promise<Reply> {
  if (signal.aborted) return Promise.reject(signal.reason as Error)
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null
    let status = 0
    let headers: RawReply['headers'] = {}
    let chunks: Buffer[] = []
    let stopped: Error | null = null

    const timer = clock.after(call.timeoutMs, () => stop(new TimeoutExpired(call.timeoutMs)))
    const unfollow = onAbort(signal, () => stop(signal.reason as Error))

    function settle(): void {
      timer.cancel()
      unfollow()
    }

    function stop(reason: Error): void {
      stopped = reason
      settle()
      reject(reason)
      controller?.abort(new Error('stopped'))
    }

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started
        // It was given up while its connection was being made: it must not go out any more.
        if (stopped !== null) started.abort(new Error('stopped'))
      },
      onResponseStart(_, statusCode, responseHeaders) {
        status = statusCode
        headers = responseHeaders
        chunks = []
      },
      onResponseData(_, chunk) {
        chunks.push(chunk)
      },
      onResponseEnd() {
        settle()
        const whole = chunks.length === 1 ? chunks[0] : undefined
        const bytes = whole ?? Buffer.concat(chunks)
        const reply = read({ status, headers, bytes })
        // undici frees the connection in a separate immediate; a next request sent before that
        // would open a new one, and twice as many would stay open as are used.
        if (reply instanceof Promise) resolve(reply)
        else setImmediate(() => resolve(reply))
      },
      onResponseError(_, error) {
        settle()
        reject(error)
      },
    }
    try {
      connections.dispatch(
        {
          origin: call.origin,
          path: call.path,
          method: call.method,
          headers: call.headers,
          body: call.body,
          // The one timeout is ours; undici's are per phase and coarse.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      )
    } catch (error) {
      settle()
      reject(error)
    }
  })
}
