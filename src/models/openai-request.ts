import { createHash } from 'node:crypto'
import { beginningOf } from '../graph/beginning.ts'
import {
  type ChatMessage,
  type ChatRequest,
  type Content,
  type EmbedRequest,
  type ImageRequest,
  type ModelRequest,
  textOf,
} from '../graph/request.ts'
import { noFormFor, type Asked } from './classify.ts'
import { answerToolDescription } from './output-reply.ts'
import type { WireRequest } from './http-provider.ts'
import { writeEdit } from './image-edit.ts'
import type { ModelTarget } from './provider.ts'
import { sentSchema } from './strict-schema.ts'

/** A request in OpenAI's form. */
export function writeRequest(
  target: ModelTarget,
  request: ModelRequest,
  asked: Asked,
): WireRequest {
  if (request.operation === 'chat') {
    return { path: '/chat/completions', body: chatBody(target, request, asked) }
  }
  if (request.operation === 'embed') {
    return { path: '/embeddings', body: embedBody(target, request, asked) }
  }
  if (request.operation === 'validate' || request.operation === 'call') {
    throw noFormFor('what is asked of services', asked)
  }
  if (editsImages(target, request)) return writeEdit(target, request, asked)
  if (hasImagesRoute(target.model)) {
    return { path: '/images/generations', body: imageBody(target, request, asked) }
  }
  // Other models show their images in a chat.
  const { prompt } = request
  const messages = [{ role: 'user' as const, content: prompt }]
  const chat: ChatRequest = { operation: 'chat', messages }
  return { path: '/chat/completions', body: chatBody(target, chat, asked) }
}

/** Whether images go to the model as the bytes of files. */
export function editsImages({ model }: ModelTarget, request: ModelRequest): boolean {
  return (
    request.operation === 'image' &&
    hasImagesRoute(model) &&
    request.prompt.some(({ type }) => type !== 'text')
  )
}

/** Models that make images and nothing else, by their names. */
function hasImagesRoute(model: string): boolean {
  return /dall-?e|stable-diffusion|sd[-_]|imagen|gpt-image-/i.test(model)
}

function chatBody(target: ModelTarget, request: ChatRequest, asked: Asked): string {
  const { sampling = {} } = request
  const fields: Record<string, unknown> = {
    model: target.model,
    messages: messagesOf(request.messages, asked),
    // Some gateways stream unless `stream` is false.
    stream: false,
  }
  const temperature = sampling.temperature ?? target.temperature
  const topP = sampling.topP ?? target.topP
  if (temperature !== null) fields['temperature'] = temperature
  if (topP !== null) fields['top_p'] = topP
  if (target.maxTokens !== null) fields['max_tokens'] = target.maxTokens
  Object.assign(
    fields,
    cacheKeyOf(target, request, asked),
    formatOf(request),
    toolsOf(request),
    target.extraBody,
  )
  // One cell is one answer; further choices would be paid for and thrown away.
  // Deleting a field that is not there would make the object slow to write.
  if ('n' in fields) delete fields['n']
  return JSON.stringify(fields)
}

/**
 * Requests that begin alike are to find the machine that has their beginning. Other servers with this API
 * refuse fields that they don't know.
 */
function cacheKeyOf(
  { cachePrompt = false }: ModelTarget,
  request: ChatRequest,
  { endpoint }: Asked,
): object {
  const isOpenai = endpoint !== null && /^https:\/\/(?:[\w-]+\.)?openai\.com\//.test(endpoint)
  if (!cachePrompt || !isOpenai) return {}
  const hash = createHash('sha256').update(beginningOf(request))
  return { prompt_cache_key: hash.digest('hex').slice(0, 32) }
}

/** The form of the answer, where it is no tool. */
function formatOf({ format }: ChatRequest): object {
  if (format === undefined || format.mode === 'tool_call') return {}
  if (format.mode === 'json_object') return { response_format: { type: 'json_object' } }
  const { name, mode } = format
  const { schema, isStrict } = sentSchema(format.schema, { bounds: mode !== 'bare_schema' })
  // Most servers hold a model to a schema without a strict form all the same.
  const json_schema = { name, schema, ...(isStrict ? { strict: true } : {}) }
  return { response_format: { type: 'json_schema', json_schema } }
}

function toolsOf({ tools = [], format }: ChatRequest): object {
  const offered = tools.map(({ name, description, schema }) =>
    toolOf({ name, ...(description === undefined ? {} : { description }), parameters: schema }),
  )
  if (format?.mode !== 'tool_call') return offered.length === 0 ? {} : { tools: offered }
  const { name, schema } = format
  const { schema: parameters } = sentSchema(schema, { bounds: false })
  const answer = toolOf({ name, description: answerToolDescription, parameters })
  return {
    tools: [...offered, answer],
    // In addition to other tools the model may call those first.
    tool_choice: offered.length === 0 ? { type: 'function', function: { name } } : 'required',
  }
}

function toolOf(own: object): object {
  return { type: 'function', function: own }
}

/** Results of tools are messages of their own there. */
function messagesOf(messages: readonly ChatMessage[], asked: Asked): unknown[] {
  const written: unknown[] = []
  for (const { role, content } of messages) {
    const [only] = content
    // More servers and chat templates take a bare string than take a list of blocks.
    if (content.length === 1 && only?.type === 'text') {
      written.push({ role, content: only.text })
      continue
    }
    const said: Content[] = []
    for (const block of content) {
      if (block.type !== 'tool-result') said.push(block)
      else written.push(resultOf(block, asked))
    }
    if (said.length > 0 || content.length === 0) written.push(messageOf(role, said, asked))
  }
  return written
}

/** More servers take a bare text; where there are images too, they are blocks, as in NeMo Data Designer. */
function resultOf(
  { id, content }: Extract<Content, { type: 'tool-result' }>,
  asked: Asked,
): object {
  const isText = content.every(({ type }) => type === 'text')
  return {
    role: 'tool',
    tool_call_id: id,
    content: isText ? textOf(content) : content.map((block) => blockOf(block, asked)),
  }
}

function messageOf(role: ChatMessage['role'], said: readonly Content[], asked: Asked): object {
  const calls = said.flatMap((block) => (block.type === 'tool-call' ? [block] : []))
  const rest = said.filter(({ type }) => type !== 'tool-call')
  const [only] = rest
  const content =
    rest.length === 1 && only?.type === 'text'
      ? only.text
      : rest.map((block) => blockOf(block, asked))
  if (calls.length === 0) return { role, content }
  return {
    role,
    content: rest.length === 0 ? null : content,
    tool_calls: calls.map(({ id, name, arguments: written }) => ({
      id,
      type: 'function',
      function: { name, arguments: written },
    })),
  }
}

function blockOf(block: Content, asked: Asked): object {
  if (block.type === 'text') return { type: 'text', text: block.text }
  if (block.type !== 'media') throw noFormFor(`a block of type ${block.type} here`, asked)
  const { media, mime } = block
  const [kind, format = ''] = mime.split('/')
  if (kind === 'image') {
    const url = 'url' in media ? media.url : `data:${mime};base64,${media.base64}`
    return { type: 'image_url', image_url: { url } }
  }
  if (kind === 'audio' && 'url' in media)
    return { type: 'audio_url', audio_url: { url: media.url } }
  if (kind === 'audio' && 'base64' in media) {
    return { type: 'input_audio', input_audio: { data: media.base64, format: audioFormat(format) } }
  }
  if (kind === 'video') {
    const url = 'url' in media ? media.url : `data:${mime};base64,${media.base64}`
    return { type: 'video_url', video_url: { url } }
  }
  if (mime === 'application/pdf' && 'base64' in media) {
    const data = `data:${mime};base64,${media.base64}`
    return { type: 'file', file: { filename: 'document.pdf', file_data: data } }
  }
  throw noFormFor(`media of type ${mime}${'url' in media ? ' by address' : ''}`, asked)
}

function audioFormat(subtype: string): string {
  if (subtype === 'mpeg') return 'mp3'
  return subtype.replace(/^x-/, '').replace('wave', 'wav')
}

function embedBody(target: ModelTarget, request: EmbedRequest, asked: Asked): string {
  const dimensions = request.dimensions ?? target.dimensions
  return JSON.stringify({
    model: target.model,
    input: request.inputs.map((input) => onlyText(input, 'an embedding of', asked)),
    encoding_format: target.encodingFormat,
    ...(dimensions === null ? {} : { dimensions }),
    ...target.extraBody,
  })
}

function imageBody(target: ModelTarget, request: ImageRequest, asked: Asked): string {
  return JSON.stringify({
    model: target.model,
    prompt: onlyText(request.prompt, 'an image with', asked),
    ...target.extraBody,
    // As many as are asked for: others would be paid for and thrown away.
    n: request.count,
  })
}

function onlyText(content: readonly Content[], what: string, asked: Asked): string {
  const other = content.find(({ type }) => type !== 'text')
  if (other !== undefined) throw noFormFor(`${what} a block of type ${other.type}`, asked)
  return textOf(content)
}
