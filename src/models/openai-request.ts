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
import type { WireRequest } from './http-provider.ts'
import type { ModelTarget } from './provider.ts'

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
  return { path: '/images/generations', body: imageBody(target, request, asked) }
}

function chatBody(target: ModelTarget, request: ChatRequest, asked: Asked): string {
  const { sampling = {}, format, tools } = request
  const fields: Record<string, unknown> = {
    model: target.model,
    messages: messagesOf(request.messages, asked),
    // Some gateways stream unless told not to.
    stream: false,
  }
  const temperature = sampling.temperature ?? target.temperature
  const topP = sampling.topP ?? target.topP
  if (temperature !== null) fields['temperature'] = temperature
  if (topP !== null) fields['top_p'] = topP
  if (target.maxTokens !== null) fields['max_tokens'] = target.maxTokens
  if (format !== undefined) {
    const { name, schema } = format
    fields['response_format'] = { type: 'json_schema', json_schema: { name, schema } }
  }
  if (tools !== undefined && tools.length > 0) {
    fields['tools'] = tools.map(({ name, description, schema }) => ({
      type: 'function',
      function: { name, ...(description === undefined ? {} : { description }), parameters: schema },
    }))
  }
  Object.assign(fields, target.extraBody)
  // One cell is one answer; further choices would be paid for and thrown away.
  delete fields['n']
  return JSON.stringify(fields)
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

/** More servers take a bare text; where there are images too, they are blocks, as in the ancestor. */
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
    prompt: onlyText(request.prompt, 'an image after', asked),
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
