import type { Dispatcher } from 'undici'
import type { ModelProvider } from '../config/dataset.ts'
import type { ChatMessage, ModelReply, ModelRequest, Usage } from '../graph/request.ts'
import { RequestError } from '../limits/outcome.ts'
import {
  badReply,
  describe,
  statusError,
  shownAddress,
  transportError,
  type Asked,
} from './classify.ts'
import { openDispatcher } from './dispatcher.ts'
import { exchange, type RawReply } from './exchange.ts'
import { isObject } from './provider-text.ts'
import { readRateLimits } from './rate-headers.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
} from './provider.ts'

/** Any server that speaks OpenAI's chat API: OpenAI, vLLM, NIM, Ollama, llama-server, OpenRouter… */
export const openai = defineProvider({ type: 'openai', remote: true, open: openOpenai })

function openOpenai(config: ModelProvider, context: ProviderContext): Provider {
  const url = new URL(config.endpoint)
  const base = url.pathname.replace(/\/+$/, '')
  const headers = headersOf(config, context.apiKey)
  const endpoint = shownAddress(config.endpoint)
  let dispatcher: Promise<Dispatcher> | null = null

  function asked(target: ModelTarget): Asked {
    const { redact } = context
    return { provider: config.name, endpoint, model: target.model, redact }
  }

  async function call(
    method: 'GET' | 'POST',
    path: string,
    { body, timeoutMs, signal }: { body: string | null; timeoutMs: number; signal: AbortSignal },
  ): Promise<RawReply> {
    dispatcher ??= openDispatcher(url, context.environment)
    const message = {
      origin: url.origin,
      path: base + path + url.search,
      method,
      headers,
      body,
      timeoutMs,
    }
    return exchange(await dispatcher, message, { clock: context.clock, signal })
  }

  async function chat(target: ModelTarget, body: string, signal: AbortSignal): Promise<RawReply> {
    const { timeoutMs } = target
    let reply: RawReply
    try {
      reply = await call('POST', '/chat/completions', { body, timeoutMs, signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw transportError(error, asked(target))
    }
    if (reply.status >= 200 && reply.status < 300) return reply
    throw statusError(reply, asked(target), context.clock.wallTime())
  }

  async function greet(target: ModelTarget, signal: AbortSignal): Promise<void> {
    const { text } = await chat(target, chatBody(target, greeting), signal)
    readChoice(text, asked(target), context.clock.wallTime())
  }

  /** The model ids the endpoint offers; empty when it does not say. */
  async function offered(signal: AbortSignal): Promise<string[]> {
    try {
      const reply = await call('GET', '/models', { body: null, timeoutMs: 5000, signal })
      const parsed: unknown = JSON.parse(reply.text)
      const list = isObject(parsed) && Array.isArray(parsed['data']) ? parsed['data'] : []
      return (list as unknown[])
        .map((model) => (isObject(model) ? model['id'] : null))
        .filter((id) => typeof id === 'string')
    } catch {
      // It only adds to a message about another failure; an abort shows there too.
      return []
    }
  }

  return {
    async send(target, request, signal) {
      const reply = await chat(target, chatBody(target, request), signal)
      const wallTime = context.clock.wallTime()
      const limits = readRateLimits(reply.headers, wallTime)
      const read = readReply(reply.text, asked(target), wallTime)
      return limits === null ? read : { ...read, limits }
    },

    async probe(target, signal) {
      const smallest = { ...target, extraBody: { ...target.extraBody, max_tokens: 1 } }
      try {
        await greet(smallest, signal)
      } catch (error) {
        if (!(error instanceof RequestError)) throw error
        const { kind } = error.problem
        // Being told to wait proves that address, key and path are right.
        if (kind === 'throttled') return
        if (error.code === 'not-found') throw withModels(error, target, await offered(signal))
        // Some models refuse `max_tokens`, or one as small as this; real requests may go through.
        if (kind !== 'refused') throw error
        await greet(target, signal)
      }
    },

    async close() {
      await (await dispatcher)?.destroy()
    },
  }
}

const greeting: ModelRequest = {
  operation: 'chat',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
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

function headersOf(config: ModelProvider, apiKey: string | null): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'rowsmith',
  }
  if (apiKey !== null) headers['authorization'] = `Bearer ${apiKey}`
  for (const [name, value] of Object.entries(config.extra_headers ?? {})) {
    headers[name.toLowerCase()] = value
  }
  return headers
}

function chatBody(target: ModelTarget, request: ModelRequest): string {
  const fields: Record<string, unknown> = {
    model: target.model,
    messages: request.messages.map(wireMessage),
  }
  const temperature = request.temperature ?? target.temperature
  const topP = request.topP ?? target.topP
  if (temperature !== null) fields['temperature'] = temperature
  if (topP !== null) fields['top_p'] = topP
  if (target.maxTokens !== null) fields['max_tokens'] = target.maxTokens
  Object.assign(fields, target.extraBody)
  // One cell is one answer; further choices would be paid for and thrown away.
  delete fields['n']
  return JSON.stringify(fields)
}

function wireMessage({ role, content }: ChatMessage): { role: string; content: unknown } {
  const [only] = content
  // More servers and chat templates take a bare string than take a list of blocks.
  return { role, content: content.length === 1 && only !== undefined ? only.text : content }
}

function readReply(text: string, asked: Asked, wallTime: number): ModelReply {
  const { choice, usage } = readChoice(text, asked, wallTime)
  const message = isObject(choice['message']) ? choice['message'] : {}
  const finishReason = typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : ''
  const content = contentText(message['content'])
  const reasoning = message['reasoning_content'] ?? message['reasoning']
  if (content === null || (content === '' && finishReason === 'content_filter')) {
    throw noContent(text, message['refusal'], finishReason, asked)
  }
  return {
    text: content,
    reasoning: typeof reasoning === 'string' && reasoning !== '' ? reasoning : null,
    finishReason: finishReason === '' ? 'unknown' : finishReason,
    usage: readUsage(usage),
  }
}

function readChoice(
  text: string,
  asked: Asked,
  wallTime: number,
): { choice: Record<string, unknown>; usage: unknown } {
  let reply: unknown
  try {
    reply = JSON.parse(text)
  } catch {
    throw badReply(text.trim() === '' ? 'an empty body' : 'not JSON', text, asked)
  }
  if (!isObject(reply)) throw badReply('not an object', text, asked)
  const choices: unknown[] = Array.isArray(reply['choices']) ? reply['choices'] : []
  const [choice] = choices
  const error = reply['error'] ?? (isObject(choice) ? choice['error'] : undefined)
  // Gateways put the failure of the server behind them into a reply with status 200.
  if (isObject(error)) {
    const status = Number(error['code'])
    if (status >= 400 && status < 600) {
      throw statusError({ status, headers: {}, text: JSON.stringify({ error }) }, asked, wallTime)
    }
    throw badReply('an error inside a reply with status 200', text, asked)
  }
  if (!isObject(choice)) throw badReply('no choices', text, asked)
  return { choice, usage: reply['usage'] }
}

function contentText(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  return (content as unknown[])
    .map((block) => {
      if (typeof block === 'string') return block
      return isObject(block) && typeof block['text'] === 'string' ? block['text'] : ''
    })
    .join('')
}

function noContent(text: string, refusal: unknown, reason: string, asked: Asked): RequestError {
  const who = describe(asked)
  const refused = { kind: 'refused' } as const
  if (typeof refusal === 'string' && refusal !== '') {
    const detail = asked.redact(refusal).slice(0, 500)
    return new RequestError('model-refused', `${who} refused to answer: "${detail}".`, refused, {
      status: 200,
      detail,
    })
  }
  if (reason === 'content_filter') {
    return new RequestError(
      'content-filter',
      `${who} gave no text: the provider's content filter stopped the answer. Change the prompt of this column.`,
      refused,
      { status: 200 },
    )
  }
  // Asking again would spend the same tokens on the same thoughts.
  if (reason === 'length') {
    return new RequestError(
      'out-of-tokens',
      `${who} spent all its tokens before the answer began. Raise "max_tokens" or lower the reasoning effort.`,
      refused,
      { status: 200 },
    )
  }
  return badReply('no content', text, asked)
}

function readUsage(value: unknown): Usage {
  const usage = isObject(value) ? value : {}
  const details = usage['completion_tokens_details'] ?? usage['output_tokens_details']
  return {
    inputTokens: count(usage['prompt_tokens'] ?? usage['input_tokens']),
    outputTokens: count(usage['completion_tokens'] ?? usage['output_tokens']),
    reasoningTokens: count(isObject(details) ? details['reasoning_tokens'] : 0),
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
