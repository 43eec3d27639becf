import {
  type ChatMessage,
  type ChatRequest,
  type Content,
  type ModelRequest,
  textOf,
} from '../graph/request.ts'
import { noFormFor, type Asked } from './classify.ts'
import { answerToolDescription } from './output-reply.ts'
import type { WireRequest } from './http-provider.ts'
import type { ModelTarget } from './provider.ts'
import { commonFormats, plainSchema, strictSchema, type StrictDialect } from './strict-schema.ts'

/** What Anthropic takes of a schema for an answer. */
const strict: StrictDialect = {
  bounds: new Set(),
  formats: commonFormats,
  // Fields of several types are what it takes few of.
  allRequired: false,
  recursive: false,
  deepest: 10,
  mostFields: 5_000,
}

/** The API wants a bound of every answer; this is what a model gets that has none in the config. */
const DEFAULT_MAX_TOKENS = 4_096

/** A chat request in the form of Anthropic's messages API. */
export function writeMessages(
  target: ModelTarget,
  request: ModelRequest,
  asked: Asked,
): WireRequest {
  if (request.operation !== 'chat') {
    throw noFormFor(request.operation === 'embed' ? 'embeddings' : 'making images', asked)
  }
  return { path: '/messages', body: bodyOf(target, request, asked) }
}

function bodyOf(target: ModelTarget, request: ChatRequest, asked: Asked): string {
  const { messages, sampling = {} } = request
  const system = messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => textOf(content))
    .join('\n\n')
  const temperature = sampling.temperature ?? target.temperature
  const topP = sampling.topP ?? target.topP
  const fields: Record<string, unknown> = {
    model: target.model,
    max_tokens: target.maxTokens ?? DEFAULT_MAX_TOKENS,
    ...(system === '' ? {} : { system: target.cachePrompt === true ? keptText([system]) : system }),
    messages: conversationOf(target, request, asked),
    ...formatOf(request, asked),
    ...toolsOf(request),
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    stream: false,
  }
  return JSON.stringify({ ...fields, ...target.extraBody })
}

/** What may be kept of the first message ends with a mark, each time. */
function conversationOf(
  { cachePrompt = false }: ModelTarget,
  { messages, sharedEnds = [], sharedMedia = 0 }: ChatRequest,
  asked: Asked,
): object[] {
  const said = messages.filter(({ role }) => role !== 'system')
  const written = said.map((message) => messageOf(message, asked))
  const [first] = said
  const isMarked = cachePrompt && (sharedEnds.length > 0 || sharedMedia > 0)
  if (!isMarked || first?.role !== 'user') return written
  const media = first.content.slice(0, sharedMedia).map((block, at) => ({
    ...blockOf(block, asked),
    ...(at === sharedMedia - 1 ? kept : {}),
  }))
  const [block, ...others] = first.content.slice(sharedMedia)
  const text = block?.type === 'text' ? textPartsOf(block.text, sharedEnds) : []
  const rest = block?.type === 'text' || block === undefined ? others : [block, ...others]
  const content = [...media, ...text, ...rest.map((other) => blockOf(other, asked))]
  return [{ role: 'user', content }, ...written.slice(1)]
}

function textPartsOf(text: string, ends: readonly number[]): object[] {
  const parts = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
  const rest = text.slice(ends.at(-1) ?? 0)
  return [...keptText(parts), ...(rest === '' ? [] : [{ type: 'text', text: rest }])]
}

const kept = { cache_control: { type: 'ephemeral' } }

function keptText(parts: readonly string[]): object[] {
  return parts.map((text) => ({ type: 'text', text, ...kept }))
}

function formatOf({ format }: ChatRequest, asked: Asked): object {
  if (format === undefined || format.mode === 'tool_call') return {}
  const schema = strictSchema(format.schema, strict)
  if (schema === null) throw noFormFor("this column's schema as a json_schema", asked)
  return { output_config: { format: { type: 'json_schema', schema } } }
}

/** Tools, and the one whose input is the answer: every model and every compatible server takes that. */
function toolsOf({ tools = [], format }: ChatRequest): object {
  const offered = tools.map(({ name, description, schema }) => ({
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: schema,
  }))
  if (format?.mode !== 'tool_call') return offered.length === 0 ? {} : { tools: offered }
  const answer = {
    name: format.name,
    description: answerToolDescription,
    input_schema: plainSchema(format.schema),
  }
  return {
    tools: [...offered, answer],
    // In addition to other tools the model may call those first.
    tool_choice: offered.length === 0 ? { type: 'tool', name: format.name } : { type: 'any' },
  }
}

function messageOf({ role, content }: ChatMessage, asked: Asked): object {
  const speaker = role === 'assistant' ? 'assistant' : 'user'
  const [only] = content
  if (content.length === 1 && only?.type === 'text') return { role: speaker, content: only.text }
  return { role: speaker, content: content.map((block) => blockOf(block, asked)) }
}

function blockOf(block: Content, asked: Asked): object {
  if (block.type === 'text') return { type: 'text', text: block.text }
  if (block.type === 'media') return mediaOf(block, asked)
  if (block.type === 'tool-call') {
    const { id, name } = block
    return { type: 'tool_use', id, name, input: inputOf(block.arguments) }
  }
  const content = block.content.map((inner) => blockOf(inner, asked))
  return { type: 'tool_result', tool_use_id: block.id, content }
}

function mediaOf({ media, mime }: Extract<Content, { type: 'media' }>, asked: Asked): object {
  const type = mime.startsWith('image/') ? 'image' : mime === 'application/pdf' ? 'document' : null
  if (type === null) throw noFormFor(`media of type ${mime}`, asked)
  const source =
    'url' in media
      ? { type: 'url', url: media.url }
      : { type: 'base64', media_type: mime, data: media.base64 }
  return { type, source }
}

/** A call that was not JSON goes back as what the model wrote. */
function inputOf(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    return { arguments: written }
  }
}
