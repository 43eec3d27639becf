import {
  type Content,
  type ModelReply,
  type ModelRequest,
  noUsage,
  type Usage,
} from '../graph/request.ts'
import { badReply, noAnswer } from './classify.ts'
import type { ReplyContext } from './http-provider.ts'
import { isObject } from './provider-text.ts'
import { readJson } from './reply-json.ts'
import type { ModelTarget } from './provider.ts'

/** The API's words for why an answer ended, as other providers say it. */
const finishReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

/** A reply of Anthropic's messages API. */
export function readMessage(
  text: string,
  _request: ModelRequest,
  target: ModelTarget,
  { asked }: ReplyContext,
): ModelReply {
  const body = readBody(text, asked)
  const usage = usageOf(body)
  const reason = typeof body['stop_reason'] === 'string' ? body['stop_reason'] : 'unknown'
  const finishReason = finishReasons[reason] ?? reason
  const blocks = body['content'].filter(isObject)
  const content = blocks.flatMap(contentOf)
  const thoughts = blocks.map(({ thinking }) => (typeof thinking === 'string' ? thinking : ''))
  const reasoning = thoughts.join('')
  const isEmpty = content.every((block) => block.type === 'text' && block.text.trim() === '')
  // An answer of no text is one only where the model ended it and had thought of none.
  if (isEmpty && (finishReason !== 'stop' || reasoning.trim() !== '')) {
    throw noAnswer(text, { refusal: null, finishReason, asked, usage })
  }
  return {
    content,
    reasoning: reasoning === '' ? null : reasoning,
    finishReason,
    usage: usage ?? { ...noUsage },
    model: typeof body['model'] === 'string' ? body['model'] : target.model,
  }
}

/** Throws for a reply that shows no model at work, whatever the model said. */
export function proveMessage(text: string, _: ModelRequest, { asked }: ReplyContext): void {
  readBody(text, asked)
}

type Body = Record<string, unknown> & { content: unknown[] }

function readBody(text: string, asked: ReplyContext['asked']): Body {
  const reply = readJson(text, asked)
  if (!isObject(reply)) throw badReply('not an object', text, asked)
  if (!Array.isArray(reply['content'])) {
    throw badReply('no content', text, asked, usageOf(reply))
  }
  return { ...reply, content: reply['content'] as unknown[] }
}

function contentOf({ type, text, id, name, input }: Record<string, unknown>): Content[] {
  if (type === 'text' && typeof text === 'string') return text === '' ? [] : [{ type, text }]
  if (type !== 'tool_use' || typeof name !== 'string') return []
  const written = JSON.stringify(input ?? {})
  return [{ type: 'tool-call', id: typeof id === 'string' ? id : '', name, arguments: written }]
}

/** There, tokens that were read from or put into the cache are counted next to the other ones. */
function usageOf({ usage }: Record<string, unknown>): Usage | null {
  if (!isObject(usage)) return null
  const cached = count(usage['cache_read_input_tokens'])
  const written = count(usage['cache_creation_input_tokens'])
  return {
    ...noUsage,
    inputTokens: count(usage['input_tokens']) + written + cached,
    cachedInputTokens: cached,
    outputTokens: count(usage['output_tokens']),
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
