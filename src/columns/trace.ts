import type { ChatMessage, Content, ModelReply } from '../graph/request.ts'
import type { Value } from '../util/value.ts'

/** How much of the conversation a trace column keeps. */
export const traceModes = ['none', 'last_message', 'all_messages'] as const

/** A conversation as the list of message objects of a trace column. */
export function traceOf(messages: readonly ChatMessage[], reply: ModelReply): Value {
  return [...messages.map(messageValue), assistantMessage(reply)]
}

function messageValue({ role, content }: ChatMessage): Value {
  return new Map<string, Value>([
    ['role', role],
    ['content', content.map(blockValue)],
  ])
}

/** The bytes of media are left out: a trace is read by people. */
function blockValue(block: Content): Value {
  if (block.type === 'media') {
    const { type, mime, media } = block
    return objectOf({ type, mime, ...('url' in media ? { url: media.url } : {}) })
  }
  if (block.type === 'tool-result') {
    const { type, id, content } = block
    return objectOf({ type, id, content: content.map(blockValue) })
  }
  return objectOf({ ...block })
}

/**
 * The reply as it came, untrimmed; `reasoning_content` is there only when the model gave some, `output_mode` only
 * where the answer has a form.
 */
function assistantMessage({ content, reasoning, outputMode }: ModelReply): Value {
  // An empty answer is an empty text, as the wire has it.
  const blocks = content.length === 0 ? [{ type: 'text', text: '' } as const] : content
  const message = new Map<string, Value>([
    ['role', 'assistant'],
    ['content', blocks.map(blockValue)],
  ])
  if (reasoning !== null && reasoning !== '') message.set('reasoning_content', reasoning)
  if (outputMode !== undefined) message.set('output_mode', outputMode)
  return message
}

function objectOf(fields: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(fields))
}
