import type { ChatMessage, ModelReply } from '../graph/request.ts'
import type { Value } from '../util/value.ts'

/** How much of the conversation a trace column keeps. */
export const traceModes = ['none', 'last_message', 'all_messages'] as const

/** A conversation as the list of message objects of a trace column. */
export function traceOf(messages: readonly ChatMessage[], reply: ModelReply): Value {
  return [...messages.map(messageValue), assistantMessage(reply)]
}

function messageValue({ role, content }: ChatMessage): Value {
  const blocks = content.map(
    ({ type, text }) =>
      new Map([
        ['type', type],
        ['text', text],
      ]),
  )
  return new Map<string, Value>([
    ['role', role],
    ['content', blocks],
  ])
}

/** The reply as it came, untrimmed; `reasoning_content` is there only when the model gave some. */
function assistantMessage({ text, reasoning }: ModelReply): Value {
  const message = new Map<string, Value>([
    ['role', 'assistant'],
    [
      'content',
      [
        new Map([
          ['type', 'text'],
          ['text', text],
        ]),
      ],
    ],
  ])
  if (reasoning !== null && reasoning !== '') message.set('reasoning_content', reasoning)
  return message
}
