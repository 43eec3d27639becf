/** One block of a chat message. */
export type ContentBlock = { type: 'text'; text: string }

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: readonly ContentBlock[]
}

/** What is sent to a model, before a provider gives it its wire form. */
export interface ChatRequest {
  operation: 'chat'
  messages: readonly ChatMessage[]
  /** Drawn per request where the config gives a distribution. */
  temperature?: number
  topP?: number
}

export type ModelRequest = ChatRequest

/** What a request cost, as the provider counted it; 0 where it did not say. */
export interface Usage {
  inputTokens: number
  /** Of `inputTokens`: those the provider had in its cache. */
  cachedInputTokens?: number
  outputTokens: number
  /** Of `outputTokens`: those of the model's reasoning. */
  reasoningTokens: number
  images?: number
  /** In the provider's currency; null where it does not say. */
  cost?: number | null
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

/** What came back from a model. */
export interface ModelReply {
  text: string
  reasoning: string | null
  /** The provider's word: `stop`, `length`, `content_filter`… */
  finishReason: string
  usage: Usage
  /** Left out where no header spoke of quotas. */
  limits?: RateLimits
}
