import type {
  ImageModelV4File,
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import { type ChatMessage, type ChatRequest, type Content, textOf } from '../graph/request.ts'
import { type Asked, noFormFor } from './classify.ts'
import { answerToolDescription } from './output-reply.ts'
import type { ModelTarget } from './provider.ts'
import type { SdkOptions } from './sdk-options.ts'
import { sentSchema } from './strict-schema.ts'

type Media = Extract<Content, { type: 'media' }>

/** Gets what is at an address, for models that can't; base64. */
export type Fetched = (media: Media) => Promise<Media>

/** A chat as the AI SDK's specification has it. */
export async function writeSdkChat(
  target: ModelTarget,
  request: ChatRequest,
  { options, fetched, asked }: { options: SdkOptions; fetched: Fetched; asked: Asked },
): Promise<LanguageModelV4CallOptions> {
  const { messages, sampling = {} } = request
  const { maxTokens } = target
  const temperature = sampling.temperature ?? target.temperature
  const topP = sampling.topP ?? target.topP
  return {
    prompt: await promptOf(messages, { fetched, asked }),
    ...(maxTokens === null ? {} : { maxOutputTokens: maxTokens }),
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { topP }),
    ...options.call,
    ...formOf(request),
    ...toolsOf(request),
    providerOptions: options.providerOptions,
  }
}

type Form = Pick<LanguageModelV4CallOptions, 'responseFormat'>
type Tools = Pick<LanguageModelV4CallOptions, 'tools' | 'toolChoice'>

/** The form of the answer, where it is no tool. */
function formOf({ format }: ChatRequest): Form {
  if (format === undefined || format.mode === 'tool_call') return {}
  if (format.mode === 'json_object') return { responseFormat: { type: 'json' } }
  const { name, mode } = format
  const { schema } = sentSchema(format.schema, { bounds: mode !== 'bare_schema' })
  return { responseFormat: { type: 'json', name, schema: schemaOf(schema) } }
}

function toolsOf({ tools = [], format }: ChatRequest): Tools {
  const offered = tools.map(({ name, description, schema }) => ({
    type: 'function' as const,
    name,
    ...(description === undefined ? {} : { description }),
    inputSchema: schemaOf(schema),
  }))
  if (format?.mode !== 'tool_call') return offered.length === 0 ? {} : { tools: offered }
  const { name, schema } = format
  const answer = {
    type: 'function' as const,
    name,
    description: answerToolDescription,
    inputSchema: schemaOf(sentSchema(schema, { bounds: false }).schema),
  }
  return {
    tools: [...offered, answer],
    // In addition to other tools the model may call those first.
    toolChoice: offered.length === 0 ? { type: 'tool', toolName: name } : { type: 'required' },
  }
}

/** JSON, which is what a schema is; their type names its keywords. */
function schemaOf(schema: Readonly<Record<string, unknown>>): JSONSchema7 {
  return schema as JSONSchema7
}

interface Writing {
  fetched: Fetched
  asked: Asked
}

async function promptOf(
  messages: readonly ChatMessage[],
  writing: Writing,
): Promise<LanguageModelV4Prompt> {
  const prompt: LanguageModelV4Prompt = []
  /** Names of tools by the ids of their calls: a result needs both. */
  const names = new Map<string, string>()
  for (const { role, content } of messages) {
    for (const block of content) if (block.type === 'tool-call') names.set(block.id, block.name)
    if (role === 'system') {
      prompt.push({ role, content: textOf(content) })
      continue
    }
    const results: LanguageModelV4ToolResultPart[] = []
    for (const block of content) {
      if (block.type === 'tool-result') results.push(await resultOf(block, names, writing))
    }
    if (results.length > 0) prompt.push({ role: 'tool', content: results })
    const said = content.filter(({ type }) => type !== 'tool-result')
    if (said.length === 0) continue
    if (role === 'assistant') prompt.push({ role, content: await saidBy(said, writing) })
    else prompt.push({ role: 'user', content: await asParts(said, writing) })
  }
  return prompt
}

async function asParts(
  content: readonly Content[],
  { fetched, asked }: Writing,
): Promise<(LanguageModelV4TextPart | LanguageModelV4FilePart)[]> {
  const parts: (LanguageModelV4TextPart | LanguageModelV4FilePart)[] = []
  for (const block of content) {
    if (block.type === 'text') parts.push({ type: 'text', text: block.text })
    else if (block.type === 'media') parts.push(filePart(await fetched(block)))
    else throw noFormFor(`a block of type ${block.type} here`, asked)
  }
  return parts
}

function filePart({ media, mime }: Media): LanguageModelV4FilePart {
  const data =
    'url' in media
      ? { type: 'url' as const, url: new URL(media.url) }
      : { type: 'data' as const, data: media.base64 }
  return { type: 'file', mediaType: mime, data }
}

type AssistantParts = Extract<LanguageModelV4Prompt[number], { role: 'assistant' }>['content']

async function saidBy(content: readonly Content[], writing: Writing): Promise<AssistantParts> {
  const parts: AssistantParts = []
  for (const block of content) {
    if (block.type !== 'tool-call') parts.push(...(await asParts([block], writing)))
    else {
      parts.push({
        type: 'tool-call',
        toolCallId: block.id,
        toolName: block.name,
        input: argumentsOf(block.arguments),
      })
    }
  }
  return parts
}

/** What a model wrote that is not JSON stays the text it is. */
function argumentsOf(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    return written
  }
}

async function resultOf(
  { id, content }: Extract<Content, { type: 'tool-result' }>,
  names: ReadonlyMap<string, string>,
  writing: Writing,
): Promise<LanguageModelV4ToolResultPart> {
  const isText = content.every(({ type }) => type === 'text')
  return {
    type: 'tool-result',
    toolCallId: id,
    toolName: names.get(id) ?? '',
    output: isText
      ? { type: 'text', value: textOf(content) }
      : { type: 'content', value: await asParts(content, writing) },
  }
}

/** Media in addition to a prompt for images. */
export function imageFiles(prompt: readonly Content[], asked: Asked): ImageModelV4File[] {
  return prompt.flatMap((block): ImageModelV4File[] => {
    if (block.type === 'text') return []
    if (block.type !== 'media')
      throw noFormFor(`an image with a block of type ${block.type}`, asked)
    const { media, mime } = block
    return 'url' in media
      ? [{ type: 'url', url: media.url }]
      : [{ type: 'file', mediaType: mime, data: media.base64 }]
  })
}
