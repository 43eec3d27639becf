import type { OutputMode } from '../config/output-mode.ts'

/** The bytes of an image, a sound or a file: a URL, or the data itself. */
export type MediaRef = { readonly url: string } | { readonly base64: string }

/** One block of a message to or from a model. */
export type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'media'; readonly media: MediaRef; readonly mime: string }
  /** `arguments` is the JSON text as the model wrote it. */
  | {
      readonly type: 'tool-call'
      readonly id: string
      readonly name: string
      readonly arguments: string
    }
  | { readonly type: 'tool-result'; readonly id: string; readonly content: readonly Content[] }

/** A message of a conversation with a model. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: readonly Content[]
}

/** What is drawn per request where the config gives a distribution; the alias's own otherwise. */
interface Sampling {
  readonly temperature?: number
  readonly topP?: number
}

/** A JSON Schema as plain JSON. */
type RequestSchema = { readonly [key: string]: unknown }

/** A function that the model may call. */
export interface Tool {
  readonly name: string
  readonly description?: string
  /** Of its arguments. */
  readonly schema: RequestSchema
}

/** A request for the next message of a conversation. */
export interface ChatRequest {
  readonly operation: 'chat'
  readonly messages: readonly ChatMessage[]
  readonly sampling?: Sampling
  /** The form the answer must have. */
  readonly format?: {
    readonly name: string
    readonly schema: RequestSchema
    /** How the model is to be held to it; decided where the request is sent. */
    readonly mode?: Exclude<OutputMode, 'prompt'>
  }
  readonly tools?: readonly Tool[]
  /**
   * Where parts of the first message of the user end that requests of other rows may begin with as well, in
   * characters. Decides no answer: a provider may keep what is sent up to there for the next one.
   */
  readonly sharedEnds?: readonly number[]
  /** The same of the media with which that message begins: so many of its blocks. */
  readonly sharedMedia?: number
}

/** One vector per input, in their order. */
export interface EmbedRequest {
  readonly operation: 'embed'
  readonly inputs: readonly (readonly Content[])[]
  /** Numbers of a vector; the alias's own, or the model's, by default. */
  readonly dimensions?: number
}

/** A request for images. */
export interface ImageRequest {
  readonly operation: 'image'
  readonly prompt: readonly Content[]
  readonly count: number
}

/** To a service that judges values, and is not a model: what it is sent, as JSON. */
interface ValidateRequest {
  readonly operation: 'validate'
  readonly body: string
}

/** To a server of tools, which is not a model either. */
export interface CallRequest {
  readonly operation: 'call'
  readonly tool: string
  readonly input: { readonly [name: string]: unknown }
  /** How long its answer may take. */
  readonly timeoutMs: number
}

/** A request to a model, before a provider converts it to its wire format. Plain data. */
export type ModelRequest = ChatRequest | EmbedRequest | ImageRequest | ValidateRequest | CallRequest

/** The operation of a model. */
export type Operation = ModelRequest['operation']

/** What of a request decides its answer: an exchange is known by it. */
export function decidingPart(request: ModelRequest): object {
  if (request.operation === 'call') {
    const { timeoutMs: _timeout, ...decides } = request
    return decides
  }
  if (request.operation !== 'chat') return request
  if (request.sharedEnds === undefined && request.sharedMedia === undefined) return request
  const { sharedEnds: _ends, sharedMedia: _media, ...decides } = request
  return decides
}

/** The usage of a reply, as the provider counted it; 0 where the provider reports nothing. */
export interface Usage {
  inputTokens: number
  /** Of `inputTokens`, those the provider had kept from an earlier request. */
  cachedInputTokens: number
  outputTokens: number
  /** Of `outputTokens`, those the model thought with. */
  reasoningTokens: number
  images: number
  /** In the provider's currency; null where it does not say. */
  cost: number | null
}

export const noUsage: Readonly<Usage> = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  images: 0,
  cost: null,
}

/** The sum of two; a cost that is not known adds nothing to one that is. */
export function addUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    images: one.images + other.images,
    cost: one.cost === null ? other.cost : one.cost + (other.cost ?? 0),
  }
}

/** One quota as a reply's headers tell of it. */
export interface Quota {
  /** Units a minute, or null where the headers don't say or mean another span. */
  perMinute: number | null
  /** Units left when the reply was made, or null. */
  remaining: number | null
  /** How long nothing more will be taken, in ms; 0 when it is open or not said. */
  closedMs: number
}

/** What a reply's headers tell of the endpoint's quotas; null where they say nothing. */
export interface RateLimits {
  requests: Quota | null
  tokens: Quota | null
}

/** The answer of a model. */
export interface ModelReply {
  /** Texts, tool calls, images; empty for vectors. */
  content: readonly Content[]
  reasoning: string | null
  /** Of an `embed` request: one per input, in their order. */
  vectors?: readonly Float32Array[]
  /** `stop`, `length`, `tool_calls`, `content_filter`…, or the provider's own word. */
  finishReason: string
  usage: Usage
  /** The model as the provider names what answered. */
  model: string
  /** Of a request with a form: how the model was held to it. */
  outputMode?: OutputMode
  /** Left out where no header spoke of quotas. */
  limits?: RateLimits
  /** It contained a provider's key, which was removed. */
  hadSecret?: boolean
}

const cutReasons =
  /^(?:length|max_?(?:output_?)?tokens|model_(?:length|context_window_exceeded)|content_?filter(?:ed)?|safety|recitation)$/i

/** Whether an answer ended before the model was done: at a limit of tokens, or by a filter. */
export function isCut({ finishReason }: Pick<ModelReply, 'finishReason'>): boolean {
  // Nearly every answer.
  return finishReason !== 'stop' && cutReasons.test(finishReason)
}

/** The text of a message or an answer: its text blocks, one after the other. */
export function textOf(content: readonly Content[]): string {
  const [first] = content
  // Nearly every message is one block.
  if (content.length === 1 && first?.type === 'text') return first.text
  let text = ''
  for (const block of content) if (block.type === 'text') text += block.text
  return text
}

/** A message with only text. */
export function textMessage(role: ChatMessage['role'], text: string): ChatMessage {
  return { role, content: [{ type: 'text', text }] }
}
