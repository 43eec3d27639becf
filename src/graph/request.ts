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

/** Tokens as the provider counted them; 0 where it did not say. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  reasoningTokens: number
}

/** What came back from a model. */
export interface ModelReply {
  text: string
  reasoning: string | null
  /** The provider's word: `stop`, `length`, `content_filter`… */
  finishReason: string
  usage: Usage
}
