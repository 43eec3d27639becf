import type { Dispatcher } from 'undici'
import type { ModelProvider } from '../config/dataset.ts'
import { RequestError } from '../graph/request-error.ts'
import {
  type ModelReply,
  type ModelRequest,
  type Operation,
  textMessage,
} from '../graph/request.ts'
import type { BatchProtocol } from './batch-protocol.ts'
import { UnreadableBody } from './content-coding.ts'
import { badReply, statusError, shownAddress, transportError, type Asked } from './classify.ts'
import { openConnections, openDispatcher } from './connections.ts'
import { createDownloader } from './download.ts'
import { exchange, type RawReply } from './exchange.ts'
import type { Connections } from './free-connections.ts'
import { openHttpBatches } from './http-batches.ts'
import { isObject } from './provider-text.ts'
import type { ModelTarget, Provider, ProviderContext } from './provider.ts'
import { withBytes } from './with-bytes.ts'
import { proxyFor } from './proxies.ts'
import { readRateLimits } from './rate-headers.ts'

/** One request in its wire form. */
export interface WireRequest {
  /** Behind the endpoint's own path: `/chat/completions`. */
  path: string
  body: string | Uint8Array
  /** Of a body that is not JSON. */
  contentType?: string
}

interface Sent {
  body: string | Uint8Array | null
  contentType?: string | undefined
  timeoutMs: number
  signal: AbortSignal
}

/** The model that was asked and the time of the reply, for what is read from it. */
export interface ReplyContext {
  asked: Asked
  wallTime: number
}

/** What a reply is to; of a result of a batch nothing is known but the operation. */
export interface Answered {
  readonly operation: Operation
  readonly inputs?: readonly unknown[]
}

/** The wire form of a protocol over HTTP: all that tells one from another. */
export interface Protocol {
  /** In the middle of a message: `an OpenAI-compatible API`. */
  name: string
  /** Headers in addition to those of every JSON request; `extra_headers` of the config go over them. */
  headers(apiKey: string | null): Readonly<Record<string, string>>
  /** Whether media of a request that are at addresses must be sent themselves. */
  sendsBytes?(target: ModelTarget, request: ModelRequest): boolean
  /** Throws a `RequestError` for a request that the protocol has no form for. */
  write(target: ModelTarget, request: ModelRequest, asked: Asked): WireRequest
  /** Throws a `RequestError` when a reply with a good status shows no model at work, whatever it says. */
  prove(text: string, request: ModelRequest, context: ReplyContext): void
  /** Reads a reply with a good status; throws a `RequestError` for one that can't be used. */
  read(text: string, request: Answered, target: ModelTarget, context: ReplyContext): ModelReply
  /** How requests are sent in batches, where the protocol has them. */
  batch?: BatchProtocol
}

/**
 * A provider over HTTP: headers, connections, the classes of failures, probing and closing, in addition to
 * the wire form, which the protocol knows.
 */
export function openHttpProvider(
  config: ModelProvider,
  context: ProviderContext,
  protocol: Protocol,
): Provider {
  const url = new URL(config.endpoint)
  const base = url.pathname.replace(/\/+$/, '')
  const headers = headersOf(config, protocol.headers(context.apiKey))
  const endpoint = shownAddress(config.endpoint)
  const asksThrough = proxyFor(url, context.environment)
  const proxy = asksThrough === null ? null : shownAddress(asksThrough.address)
  let connections: Promise<Connections> | null = null
  let files: Promise<Dispatcher> | null = null
  const { batch } = protocol
  const downloads = createDownloader(context)

  function askedOf(target: ModelTarget): Asked {
    const { redact } = context
    const { model } = target
    return { provider: config.name, endpoint, proxy, model, api: protocol.name, redact }
  }

  async function call(
    method: 'GET' | 'POST',
    path: string,
    { body, contentType, timeoutMs, signal }: Sent,
  ): Promise<RawReply> {
    connections ??= openConnections(url, context.environment)
    const message = {
      origin: url.origin,
      path: base + path + url.search,
      method,
      headers: contentType === undefined ? headers : { ...headers, 'content-type': contentType },
      body,
      timeoutMs,
    }
    return exchange(await connections, message, { clock: context.clock, signal })
  }

  /** A reply with a good status; everything else rejects, classified. */
  async function ask(
    method: 'GET' | 'POST',
    { path, body, contentType }: Pick<Sent, 'body' | 'contentType'> & { path: string },
    target: ModelTarget,
    { asked, signal }: { asked: Asked; signal: AbortSignal },
  ): Promise<RawReply> {
    const { timeoutMs } = target
    let reply: RawReply
    try {
      reply = await call(method, path, { body, contentType, timeoutMs, signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof UnreadableBody) throw badReply(error.message, '', asked)
      throw transportError(error, asked)
    }
    if (reply.status >= 200 && reply.status < 300) return reply
    throw statusErrorOf(reply, asked, context.clock.wallTime())
  }

  async function send(
    target: ModelTarget,
    request: ModelRequest,
    signal: AbortSignal,
  ): Promise<ModelReply> {
    const asked = askedOf(target)
    const sent =
      protocol.sendsBytes?.(target, request) === true
        ? await withBytes(request, { downloads, asked, signal })
        : request
    const reply = await ask('POST', protocol.write(target, sent, asked), target, { asked, signal })
    const wallTime = context.clock.wallTime()
    const limits = readRateLimits(reply.headers, wallTime)
    const read = bounded(asked, () =>
      protocol.read(reply.text, request, target, { asked, wallTime }),
    )
    if (limits !== null) read.limits = limits
    return read
  }

  /** A model that answers with nothing, in the one token it got, is there too. */
  async function greet(
    target: ModelTarget,
    greeting: ModelRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = askedOf(target)
    const wire = protocol.write(target, greeting, asked)
    const { text } = await ask('POST', wire, target, { asked, signal })
    const wallTime = context.clock.wallTime()
    bounded(asked, () => protocol.prove(text, greeting, { asked, wallTime }))
  }

  /** The model ids the endpoint offers; empty when it does not say. */
  async function offered(signal: AbortSignal): Promise<string[]> {
    try {
      const reply = await call('GET', '/models', { body: null, timeoutMs: 5000, signal })
      return modelIds(reply.text)
    } catch {
      // It only adds to a message about another failure; an abort shows there too.
      return []
    }
  }

  /** Whether it answers at all: an image would cost what a cell costs. */
  async function probeByList(target: ModelTarget, signal: AbortSignal): Promise<void> {
    const asked = askedOf(target)
    try {
      await ask('GET', { path: '/models', body: null }, target, { asked, signal })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      // Many servers have no such list; their key and address are right all the same.
      const { kind } = error.problem
      if (kind !== 'throttled' && kind !== 'suspect' && kind !== 'refused') throw error
    }
  }

  return {
    send,
    async probe(target, signal) {
      if (target.operation !== 'chat' && target.operation !== 'embed') {
        return probeByList(target, signal)
      }
      const smallest = { ...target, extraBody: { ...target.extraBody, max_tokens: 1 } }
      const greeting = greetings[target.operation]
      try {
        await greet(target.operation === 'chat' ? smallest : target, greeting, signal)
      } catch (error) {
        if (!(error instanceof RequestError)) throw error
        const { kind } = error.problem
        // A 429 proves that address, key and path are right.
        if (kind === 'throttled') return
        if (error.code === 'not-found') throw withModels(error, target, await offered(signal))
        // Some models refuse `max_tokens`, or one as small as this; real requests may go through.
        if (kind !== 'refused') throw error
        await greet(target, greeting, signal)
      }
    },
    ...(batch === undefined
      ? {}
      : {
          batches(target) {
            const asked = askedOf(target)
            return openHttpBatches({
              batch,
              asked,
              write: (request) => protocol.write(target, request, asked),
              read(text) {
                const wallTime = context.clock.wallTime()
                return bounded(asked, () =>
                  protocol.read(text, target, target, { asked, wallTime }),
                )
              },
              origin: url.origin,
              pathOf: (path) => base + path + url.search,
              headers,
              connect: () => (files ??= openDispatcher(url, context.environment)),
              wallTime: () => context.clock.wallTime(),
            })
          },
        }),
    async close() {
      // Where it could not be opened, the request has said so.
      const opened = await Promise.all(
        [connections, files].flatMap((one) => (one === null ? [] : [one.catch(() => null)])),
      )
      await Promise.all([...opened.map((one) => one?.destroy()), downloads.close()])
    },
  }
}

/** A reply can nest deeper than the stack of whoever walks it. */
function bounded<T>(asked: Asked, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw badReply('it nests too deeply to be read', '', asked)
  }
}

function statusErrorOf(reply: RawReply, asked: Asked, wallTime: number): RequestError {
  try {
    return statusError(reply, asked, wallTime)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return statusError(
      { ...reply, text: 'The error nests too deeply to be read.' },
      asked,
      wallTime,
    )
  }
}

const greetings: Readonly<Record<'chat' | 'embed', ModelRequest>> = {
  chat: { operation: 'chat', messages: [textMessage('user', 'Hi')] },
  embed: { operation: 'embed', inputs: [[{ type: 'text', text: 'Hi' }]] },
}

function headersOf(
  config: ModelProvider,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
    // Without it a server may choose any coding; many compress all the same.
    'accept-encoding': 'identity',
    'user-agent': 'rowsmith',
    ...own,
  }
  for (const [name, value] of Object.entries(config.extra_headers ?? {})) {
    headers[name.toLowerCase()] = value
  }
  return headers
}

function modelIds(text: string): string[] {
  const parsed: unknown = JSON.parse(text)
  const list = isObject(parsed) && Array.isArray(parsed['data']) ? parsed['data'] : []
  return (list as unknown[])
    .map((model) => (isObject(model) ? model['id'] : null))
    .filter((id) => typeof id === 'string')
}

function withModels(error: RequestError, target: ModelTarget, models: string[]): RequestError {
  if (models.length === 0 || models.includes(target.model)) return error
  const some = models.slice(0, 10).join(', ')
  const more = models.length > 10 ? ` and ${models.length - 10} more` : ''
  return new RequestError(
    error.code,
    `${error.message} It offers: ${some}${more}.`,
    error.problem,
    { status: error.status, detail: error.detail },
  )
}
