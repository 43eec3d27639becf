import type {
  EmbeddingModelV4Result,
  ImageModelV4Result,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4Usage,
} from '@ai-sdk/provider'
import { type Content, type ModelReply, noUsage, type Usage } from '../graph/request.ts'
import { imageTypeOf } from './chat-images.ts'
import { type Asked, badReply, noAnswer } from './classify.ts'
import type { ModelTarget } from './provider.ts'
import { isObject } from './provider-text.ts'

/** A chat's result as ours. */
export function readSdkChat(
  result: LanguageModelV4GenerateResult,
  { target, asked, hasForm }: { target: ModelTarget; asked: Asked; hasForm: boolean },
): ModelReply {
  const usage = chatUsage(result.usage)
  const { unified, raw } = result.finishReason
  if (unified === 'error' || unified === 'interrupted') {
    const what = unified === 'error' ? 'the model stopped because of an error' : 'it was cut off'
    throw badReply(what, bodyText(result), asked, usage)
  }
  const content = contentOf(result, hasForm)
  const reasoning = result.content
    .map((part) => (part.type === 'reasoning' ? part.text : ''))
    .join('')
  const finishReason = unified === 'other' ? (raw ?? 'unknown') : reasons[unified]
  const isEmpty = content.every((block) => block.type === 'text' && block.text.trim() === '')
  // An answer of no text is one only where the model ended it and said nothing else instead.
  if (isEmpty && (unified !== 'stop' || reasoning.trim() !== '')) {
    throw noAnswer(bodyText(result), { refusal: null, finishReason, asked, usage })
  }
  return {
    content,
    reasoning: reasoning === '' ? null : reasoning,
    finishReason,
    usage,
    model: modelName(result.response, target),
  }
}

const reasons = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
} as const

function contentOf(
  { content, structuredOutputText: chosen }: LanguageModelV4GenerateResult,
  hasForm: boolean,
): Content[] {
  const blocks = content.flatMap(blockOf)
  if (!hasForm || chosen === undefined) return blocks
  // Drafts stand before it.
  return [{ type: 'text', text: chosen }, ...blocks.filter(({ type }) => type !== 'text')]
}

function blockOf(part: LanguageModelV4Content): Content[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'tool-call':
      // What the provider did itself is done.
      if (part.providerExecuted === true) return []
      return [
        { type: 'tool-call', id: part.toolCallId, name: part.toolName, arguments: part.input },
      ]
    case 'file': {
      const { data, mediaType: mime } = part
      const media = data.type === 'url' ? { url: data.url.href } : { base64: base64Of(data.data) }
      return [{ type: 'media', media, mime }]
    }
    // Said in addition to the answer, or by tools of the provider's own.
    case 'reasoning':
    case 'reasoning-file':
    case 'source':
    case 'custom':
    case 'tool-result':
    case 'tool-approval-request':
      break
  }
  return []
}

function base64Of(data: Uint8Array | string): string {
  return typeof data === 'string' ? data : Buffer.from(data).toString('base64')
}

function chatUsage({ inputTokens, outputTokens, raw }: LanguageModelV4Usage): Usage {
  const { noCache, cacheRead, cacheWrite } = inputTokens
  const parts = whole(noCache) + whole(cacheRead) + whole(cacheWrite)
  const said = whole(outputTokens.text) + whole(outputTokens.reasoning)
  const cost = isObject(raw) ? raw['cost'] : null
  return {
    ...noUsage,
    inputTokens: inputTokens.total === undefined ? parts : whole(inputTokens.total),
    cachedInputTokens: whole(cacheRead),
    outputTokens: outputTokens.total === undefined ? said : whole(outputTokens.total),
    reasoningTokens: whole(outputTokens.reasoning),
    cost: typeof cost === 'number' && Number.isFinite(cost) ? cost : null,
  }
}

/** A count of tokens; what is none counts as not said. */
function whole(count: number | undefined): number {
  return typeof count === 'number' && count > 0 ? Math.round(Math.min(count, 2 ** 53 - 1)) : 0
}

/** The vectors of one call, as many as it had inputs. */
export function readSdkVectors(
  { embeddings, usage, response }: EmbeddingModelV4Result,
  { inputs, dimensions, asked }: { inputs: number; dimensions: number | null; asked: Asked },
): { vectors: Float32Array[]; usage: Usage } {
  const spent = { ...noUsage, inputTokens: whole(usage?.tokens) }
  const text = bodyText({ response })
  if (embeddings.length !== inputs) {
    throw badReply(`${embeddings.length} vectors for ${inputs} inputs`, text, asked, spent)
  }
  const vectors = embeddings.map((vector) => {
    if (Array.isArray(vector) && vector.every((one) => typeof one === 'number')) {
      return Float32Array.from(vector)
    }
    throw badReply('a vector that is not a list of numbers', text, asked, spent)
  })
  const other = vectors.find(({ length }) => dimensions !== null && length !== dimensions)
  if (other !== undefined) {
    throw badReply(
      `vectors of ${other.length} numbers instead of ${dimensions}`,
      text,
      asked,
      spent,
    )
  }
  return { vectors, usage: spent }
}

/** The images of one call. */
export function readSdkImages(
  { images, usage, response }: ImageModelV4Result,
  { target, asked }: { target: ModelTarget; asked: Asked },
): ModelReply {
  const spent = {
    ...noUsage,
    inputTokens: whole(usage?.inputTokens),
    outputTokens: whole(usage?.outputTokens),
    images: images.length,
  }
  if (images.length === 0) throw badReply('no images', '', asked, spent)
  return {
    content: images.map((image) => {
      const base64 = base64Of(image)
      return { type: 'media', media: { base64 }, mime: imageTypeOf(base64) }
    }),
    reasoning: null,
    finishReason: 'stop',
    usage: spent,
    model: modelName(response, target),
  }
}

function modelName(response: { modelId?: string } | undefined, target: ModelTarget): string {
  const name = response?.modelId
  return name === undefined || name === '' ? target.model : name
}

/** For a message: the body as it was sent, as far as the package keeps it. */
function bodyText({ response }: { response?: { body?: unknown } | undefined }): string {
  const body = response?.body
  if (body === undefined) return ''
  return typeof body === 'string' ? body : (JSON.stringify(body) ?? '')
}
