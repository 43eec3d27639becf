import {
  type Content,
  type ModelReply,
  type ModelRequest,
  noUsage,
  textOf,
  type Usage,
} from '../graph/request.ts'
import { imagesInText, imagesOf, imageTypeOf, mediaOf } from './chat-images.ts'
import { badReply, noAnswer, statusError } from './classify.ts'
import type { Answered, ReplyContext } from './http-provider.ts'
import { isObject } from './provider-text.ts'
import { readJson } from './reply-json.ts'
import type { ModelTarget } from './provider.ts'

type Body = Record<string, unknown>

/** A reply in OpenAI's form. */
export function readReply(
  text: string,
  request: Answered,
  target: ModelTarget,
  context: ReplyContext,
): ModelReply {
  const body = readBody(text, context)
  if (request.operation === 'chat') return readChat(body, text, target, context)
  if (request.operation === 'image') {
    return 'choices' in body
      ? withImages(readChat(body, text, target, context))
      : readImages(body, text, target, context)
  }
  const inputs = request.inputs?.length ?? null
  return readVectors(body, text, target, { inputs, context })
}

/** Throws for a reply that shows no model at work, whatever the model said. */
export function proveReply(text: string, request: ModelRequest, context: ReplyContext): void {
  const body = readBody(text, context)
  const field = request.operation === 'chat' ? 'choices' : 'data'
  if (!isObject(firstOf(body[field]))) throw badReply(`no ${field}`, text, context.asked)
}

function readBody(text: string, { asked, wallTime }: ReplyContext): Body {
  const reply = readJson(text, asked)
  if (!isObject(reply)) throw badReply('not an object', text, asked)
  const choice = firstOf(reply['choices'])
  const error = reply['error'] ?? (isObject(choice) ? choice['error'] : undefined)
  // Gateways put the failure of the server behind them into a reply with status 200.
  if (isObject(error)) {
    const status = Number(error['code'])
    if (status >= 400 && status < 600) {
      const inner = { status, headers: {}, text: JSON.stringify({ error }) }
      throw statusError(inner, asked, wallTime, usageOf(reply))
    }
    throw badReply('an error inside a reply with status 200', text, asked, usageOf(reply))
  }
  return reply
}

function readChat(
  body: Body,
  text: string,
  target: ModelTarget,
  { asked }: ReplyContext,
): ModelReply {
  const choice = firstOf(body['choices'])
  const usage = usageOf(body)
  if (!isObject(choice)) throw badReply('no choices', text, asked, usage)
  const message = isObject(choice['message']) ? choice['message'] : {}
  const finishReason = typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : ''
  const said = contentText(message['content'])
  const content = contentOf(said, message)
  const reasoning = message['reasoning_content'] ?? message['reasoning'] ?? thoughtsIn(message)
  const isEmpty = content.every((block) => block.type === 'text' && block.text.trim() === '')
  if (isEmpty && !isAnswer(said, finishReason, [message['refusal'], reasoning])) {
    throw noAnswer(text, { refusal: message['refusal'], finishReason, asked, usage })
  }
  return {
    content,
    reasoning: typeof reasoning === 'string' && reasoning !== '' ? reasoning : null,
    finishReason: finishReason === '' ? 'unknown' : finishReason,
    usage: usage ?? { ...noUsage },
    model: modelOf(body, target),
  }
}

/** An answer of no text is one only where the model ended it and said nothing else instead. */
function isAnswer(said: string | null, finishReason: string, others: readonly unknown[]): boolean {
  const isSilent = others.every((other) => typeof other !== 'string' || other.trim() === '')
  return said !== null && finishReason === 'stop' && isSilent
}

/** What a model thought, where it stands among the blocks of its answer. */
function thoughtsIn({ content }: Body): string {
  return listOf(content)
    .map((block) => (isObject(block) && block['type'] === 'thinking' ? block : {}))
    .map(({ thinking }: Body) => {
      if (typeof thinking === 'string') return thinking
      return contentText(thinking) ?? ''
    })
    .join('')
}

/** Text, then calls, then the images some gateways put next to them. */
function contentOf(said: string | null, message: Body): Content[] {
  const content: Content[] = []
  if (said !== null && said !== '') content.push({ type: 'text', text: said })
  for (const call of listOf(message['tool_calls'])) {
    const asked = isObject(call) && isObject(call['function']) ? call['function'] : null
    if (!isObject(call) || asked === null || typeof asked['name'] !== 'string') continue
    content.push({
      type: 'tool-call',
      id: typeof call['id'] === 'string' ? call['id'] : '',
      name: asked['name'],
      arguments: argumentsText(asked['arguments']),
    })
  }
  content.push(...imagesOf(message))
  return content
}

/** Ollama and some others give an object instead of its text. */
function argumentsText(written: unknown): string {
  if (typeof written === 'string') return written
  return written === undefined ? '{}' : JSON.stringify(written)
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

/** The images that a chat shows, in addition to its text or in it. */
function withImages(reply: ModelReply): ModelReply {
  const shown = reply.content.filter(({ type }) => type === 'media')
  const images = shown.length > 0 ? shown : imagesInText(textOf(reply.content))
  const texts = shown.length > 0 ? reply.content.filter(({ type }) => type === 'text') : []
  if (images.length === 0) return reply
  const usage = { ...reply.usage, images: images.length }
  return { ...reply, content: [...texts, ...images], usage }
}

function readVectors(
  body: Body,
  text: string,
  target: ModelTarget,
  { inputs, context: { asked } }: { inputs: number | null; context: ReplyContext },
): ModelReply {
  const usage = usageOf(body)
  const data = listOf(body['data'])
  if (inputs !== null && data.length !== inputs) {
    throw badReply(`${data.length} vectors for ${inputs} inputs`, text, asked, usage)
  }
  const vectors: Float32Array[] = []
  for (const [position, item] of data.entries()) {
    const index = isObject(item) && typeof item['index'] === 'number' ? item['index'] : position
    const vector = isObject(item) ? vectorOf(item['embedding']) : null
    if (vector === null || index < 0 || index >= data.length || vectors[index] !== undefined) {
      throw badReply('a vector that is not a list of numbers', text, asked, usage)
    }
    vectors[index] = vector
  }
  return {
    content: [],
    reasoning: null,
    vectors,
    finishReason: 'stop',
    usage: usage ?? { ...noUsage },
    model: modelOf(body, target),
  }
}

/** A list of numbers, or their bytes as base64: 32-bit floats, the low byte first. */
function vectorOf(written: unknown): Float32Array | null {
  if (Array.isArray(written)) {
    const numbers: unknown[] = written
    return numbers.every((one) => typeof one === 'number') ? Float32Array.from(numbers) : null
  }
  if (typeof written !== 'string') return null
  const bytes = Buffer.from(written, 'base64')
  if (bytes.length === 0 || bytes.length % 4 !== 0) return null
  const vector = new Float32Array(bytes.length / 4)
  for (let at = 0; at < vector.length; at += 1) vector[at] = bytes.readFloatLE(4 * at)
  return vector
}

function readImages(
  body: Body,
  text: string,
  target: ModelTarget,
  { asked }: ReplyContext,
): ModelReply {
  const usage = usageOf(body)
  const content: Content[] = []
  for (const item of listOf(body['data'])) {
    if (!isObject(item)) continue
    const { b64_json: base64, url } = item
    if (typeof base64 === 'string' && base64 !== '') content.push(imageOf(base64, body))
    else if (typeof url === 'string' && url !== '') content.push(mediaOf(url))
  }
  if (content.length === 0) throw badReply('no images', text, asked, usage)
  return {
    content,
    reasoning: null,
    finishReason: 'stop',
    usage: { ...(usage ?? noUsage), images: content.length },
    model: modelOf(body, target),
  }
}

function imageOf(base64: string, { output_format: format }: Body): Content {
  const mime = typeof format === 'string' ? `image/${format}` : imageTypeOf(base64)
  return { type: 'media', media: { base64 }, mime }
}

/** What a reply says of its cost, whatever else is wrong with it; null when it does not say. */
function usageOf({ usage }: Body): Usage | null {
  if (!isObject(usage)) return null
  const output = usage['completion_tokens_details'] ?? usage['output_tokens_details']
  const input = usage['prompt_tokens_details'] ?? usage['input_tokens_details']
  const { cost } = usage
  return {
    inputTokens: count(usage['prompt_tokens'] ?? usage['input_tokens']),
    cachedInputTokens: count(isObject(input) ? input['cached_tokens'] : 0),
    outputTokens: count(usage['completion_tokens'] ?? usage['output_tokens']),
    reasoningTokens: count(isObject(output) ? output['reasoning_tokens'] : 0),
    images: 0,
    cost: typeof cost === 'number' && Number.isFinite(cost) ? cost : null,
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}

function modelOf({ model }: Body, target: ModelTarget): string {
  return typeof model === 'string' && model !== '' ? model : target.model
}

function firstOf(value: unknown): unknown {
  return listOf(value)[0]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}
