import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { promptOfBody } from './answer-text.ts'
import {
  type BatchAnswer,
  type BatchCall,
  type BatchedAnswer,
  type BatchServerOptions,
  createBatchServer,
  type ServerBatch,
} from './batch-server.ts'
import { exampleAnswer } from './example-answer.ts'
import { createPrefixCache } from './prefix-cache.ts'
import { exampleImage, wireReply } from './wire-replies.ts'

/** One request as the server's script sees it. */
export interface ServerCall {
  /** From 0, over all requests of models. */
  readonly number: number
  /** Path with the query, as sent. */
  readonly url: string
  /** Path without the query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** The body as sent. */
  readonly text: string
  /** Its bytes: a form with files is not text. */
  readonly bytes: Uint8Array
  /** Text of the last user message; of an embedding's inputs, one a line; of an image's prompt. */
  readonly prompt: string
  /** Requests being answered, this one included. */
  readonly inFlight: number
}

/** What the server does with one request; everything omitted is as in a good reply. */
export interface ServerAction {
  status?: number
  headers?: Record<string, string>
  /** Text of the answer; derived from the prompt by default. */
  text?: string
  /**
   * Fields put over the reply's message, such as `reasoning_content` or `content: null`; in
   * Anthropic's form over the reply itself.
   */
  message?: Record<string, unknown>
  finishReason?: string
  usage?: Record<string, unknown>
  /** Message of the error body, for a status of 400 and more. */
  error?: string
  /** `code` of the error body. */
  code?: string
  /** The whole body, instead of everything above; bytes for one that is not text. */
  body?: string | Uint8Array
  delayMs?: number
  /** Closes the connection: before anything is sent, or in the middle of the body. */
  disconnect?: 'before-headers' | 'within-body'
  /** Never answers. */
  hang?: boolean
}

/** Options of `createModelServer`. */
export interface ModelServerOptions {
  /** 0 takes a free one. */
  port?: number
  latencyMs?: number | ((call: ServerCall) => number)
  /** Requests answered at once; null for no limit. */
  slots?: number | null
  /** What happens to a request beyond the slots: it waits, or gets a 429. */
  overflow?: 'queue' | 'reject'
  /** `Retry-After` of those 429s, in seconds; null sends none. */
  retryAfterS?: number | null
  /** Sends the `x-ratelimit-*` headers of this many requests a minute. */
  requestsPerMinute?: number | null
  /** Every request must carry it, or gets a 401. */
  apiKey?: string | null
  /** Other models get a 404; null takes all. */
  models?: readonly string[] | null
  /**
   * Keeps the beginnings of what it is sent, as providers do: of prompts in OpenAI's form all, in Anthropic's up to
   * its marks, known once they were answered. What is kept counts as cached in an answer's usage, four characters a
   * token.
   */
  prefixCache?: boolean
  /** Words in an answer that no script gives. */
  answerWords?: number
  script?: (call: ServerCall) => ServerAction | undefined
  /** Serves the batch APIs of OpenAI and Anthropic too, in addition to `/chat/completions` and `/messages`. */
  batches?: BatchServerOptions
  /** Serves https with this certificate. */
  tls?: { key: string; cert: string } | null
}

/** Sums over the life of the server. */
export interface ServerCounts {
  /** Requests of models received whole. */
  readonly requests: number
  readonly inFlight: number
  readonly maxInFlight: number
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Connections ever opened. */
  readonly connections: number
  /** Requests whose client went away before the answer. */
  readonly abandoned: number
}

/**
 * A real HTTP server whose behaviour a test decides: OpenAI's API (chat, embeddings, images), and
 * Anthropic's under `/messages`.
 */
export interface ModelServer {
  /** Base URL, ending with `/v1`. */
  readonly url: string
  readonly counts: ServerCounts
  /** Batches it was sent, where it takes any. */
  readonly batches: readonly ServerBatch[]
  /** Calls of its batch APIs. */
  readonly batchCalls: readonly BatchCall[]
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const served = /\/(chat\/completions|embeddings|images\/(?:generations|edits)|messages)$/

const isOfBatches = /\/v1\/(?:files|batches|messages\/batches)(?:\/|$)/

const json = { 'content-type': 'application/json' }

/** Starts a server on the loopback interface; the same prompt always gets the same answer. */
export async function createModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const {
    port = 0,
    latencyMs = 0,
    slots = null,
    overflow = 'queue',
    retryAfterS = null,
    requestsPerMinute = null,
    apiKey = null,
    models = null,
    answerWords = 24,
    prefixCache = false,
    script,
    tls = null,
  } = options
  const batches =
    options.batches === undefined ? null : createBatchServer(options.batches, batchedAnswer)
  const statuses = new Map<number, number>()
  const prefixes = prefixCache ? createPrefixCache() : null
  const queue: (() => void)[] = []
  const sockets = new Set<Socket>()
  let requests = 0
  let inFlight = 0
  let maxInFlight = 0
  let connections = 0
  let abandoned = 0

  function listener(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
      if (served.test(path)) admit(request, response, { path, chunks })
      else if (batches !== null && isOfBatches.test(path)) void ofBatches(request, response, chunks)
      else if (path.endsWith('/models')) finish(response, 200, modelList(models ?? ['test']))
      else finish(response, 404, errorBody(`no route ${path}`, 'unknown_path'))
    })
  }

  async function ofBatches(
    request: IncomingMessage,
    response: ServerResponse,
    chunks: readonly Buffer[],
  ): Promise<void> {
    const refusal = refuse(request, null)
    const answered = refusal ?? (await batches?.answer(request, Buffer.concat(chunks))) ?? null
    if (answered === null) return finish(response, 404, errorBody('no route', 'unknown_path'))
    const { status, body, headers, closes }: BatchAnswer = answered
    if (closes === 'before') response.destroy()
    else if (closes === 'within') sendHalf(response, status, body)
    else finish(response, status, body, headers)
  }

  function batchedAnswer(path: string, body: string): BatchedAnswer {
    const { model, prompt } = promptOfBody(body)
    const bytes = Buffer.from(body)
    const url = `/v1${path}`
    const call = { number: -1, url, path: url, headers: {}, text: body, bytes, prompt, inFlight: 0 }
    const action = script?.(call) ?? {}
    const { status = 200 } = action
    const written = bodyOf(status, action, { path, model, prompt, body })
    return { status, body: typeof written === 'string' ? written : '{}' }
  }

  function admit(
    request: IncomingMessage,
    response: ServerResponse,
    { path, chunks }: { path: string; chunks: Buffer[] },
  ): void {
    const number = requests++
    if (slots !== null && inFlight >= slots) {
      if (overflow === 'reject') {
        const headers = retryAfterS === null ? {} : { 'retry-after': String(retryAfterS) }
        finish(response, 429, errorBody('too many requests at once', 'rate_limit'), headers)
        return
      }
      queue.push(start)
      return
    }
    start()

    function start(): void {
      // The client may have gone while it waited for a slot.
      if (response.destroyed) {
        abandoned++
        queue.shift()?.()
        return
      }
      inFlight++
      maxInFlight = Math.max(maxInFlight, inFlight)
      response.on('close', () => {
        inFlight--
        if (!response.writableEnded) abandoned++
        queue.shift()?.()
      })
      const bytes = Buffer.concat(chunks)
      const text = bytes.toString('utf8')
      const { model, prompt } = promptOfBody(text)
      const refusal = refuse(request, model)
      if (refusal !== null) {
        finish(response, refusal.status, refusal.body)
        return
      }
      const { headers } = request
      const url = request.url ?? path
      const call = { number, url, path, headers, text, bytes, prompt, inFlight }
      const action = script?.(call) ?? {}
      const delay =
        action.delayMs ?? (typeof latencyMs === 'function' ? latencyMs(call) : latencyMs)
      if (action.hang === true) return
      const asked = { path, model, prompt, body: text }
      const counted = prefixes?.begin(path, text) ?? null
      const respond = (): void => {
        const usage = action.usage ?? counted?.usage
        answer(response, usage === undefined ? action : { ...action, usage }, asked)
        counted?.keep()
      }
      if (delay > 0) setTimeout(respond, delay)
      else respond()
    }
  }

  function refuse(
    request: IncomingMessage,
    model: string | null,
  ): { status: number; body: string } | null {
    const { authorization, 'x-api-key': key } = request.headers
    if (apiKey !== null && authorization !== `Bearer ${apiKey}` && key !== apiKey) {
      const given = authorization?.replace(/^Bearer /, '') ?? 'none'
      const message = `Incorrect API key provided: ${given}.`
      return { status: 401, body: errorBody(message, 'invalid_api_key') }
    }
    if (models !== null && model !== null && !models.includes(model)) {
      const message = `The model ${model} does not exist.`
      return { status: 404, body: errorBody(message, 'model_not_found') }
    }
    return null
  }

  function answer(
    response: ServerResponse,
    action: ServerAction,
    { path, ...asked }: { path: string; model: string; prompt: string; body: string },
  ): void {
    // The client may have gone while the answer was being thought of.
    if (response.destroyed) return
    if (action.disconnect === 'before-headers') {
      response.destroy()
      return
    }
    const { status = 200 } = action
    const body = bodyOf(status, action, { path, ...asked })
    if (action.disconnect === 'within-body') sendHalf(response, status, body)
    else finish(response, status, body, action.headers)
  }

  function bodyOf(
    status: number,
    action: ServerAction,
    { path, ...asked }: { path: string; model: string; prompt: string; body: string },
  ): string | Uint8Array {
    if (action.body !== undefined) return action.body
    return status >= 400 || action.error !== undefined
      ? errorBody(action.error ?? `scripted ${status}`, action.code ?? 'scripted')
      : goodReply(path, action, asked)
  }

  function sendHalf(response: ServerResponse, status: number, body: string | Uint8Array): void {
    const length = String(Buffer.byteLength(body))
    response.writeHead(status, { ...json, 'content-length': length })
    response.write(body.slice(0, body.length >> 1), () => response.destroy())
  }

  function goodReply(
    path: string,
    { text, message, usage, finishReason }: ServerAction,
    asked: { model: string; prompt: string; body: string },
  ): string {
    const shown = message ?? exampleImage(path, asked.model, text)
    const reply = wireReply(path, {
      ...asked,
      text: text ?? exampleAnswer(asked.body, asked.prompt, answerWords),
      ...(shown === undefined ? {} : { message: shown }),
      ...(usage === undefined ? {} : { usage }),
      ...(finishReason === undefined ? {} : { finishReason }),
    })
    if (reply === null) throw new Error(`no reply for ${path}`)
    return reply
  }

  function finish(
    response: ServerResponse,
    status: number,
    body: string | Uint8Array,
    headers?: Record<string, string>,
  ): void {
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const quota =
      requestsPerMinute === null
        ? {}
        : {
            'x-ratelimit-limit-requests': String(requestsPerMinute),
            'x-ratelimit-remaining-requests': String(Math.max(0, requestsPerMinute - requests)),
          }
    const length = String(Buffer.byteLength(body))
    response.writeHead(status, { ...json, 'content-length': length, ...quota, ...headers })
    response.end(body)
  }

  // Loaded on first use: whoever opens this door for the clock need not wait for a web server.
  const server: Server =
    tls === null
      ? (await import('node:http')).createServer(listener)
      : (await import('node:https')).createServer(tls, listener)
  // Idle connections stay open for the whole test: closing them is what `close` is for.
  server.keepAliveTimeout = 0
  server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', 4096, resolve)
  })
  // A server that listens on a port has an address with a port.
  const address = server.address() as AddressInfo

  function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  }

  return {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${address.port}/v1`,
    get counts() {
      return { requests, inFlight, maxInFlight, statuses, connections, abandoned }
    },
    batches: batches?.batches ?? [],
    batchCalls: batches?.calls ?? [],
    close,
    [Symbol.asyncDispose]: close,
  }
}

function errorBody(message: string, code: string): string {
  return JSON.stringify({ error: { message, type: 'scripted', code } })
}

function modelList(models: readonly string[]): string {
  return JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model' })) })
}
