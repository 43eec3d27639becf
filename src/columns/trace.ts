import type { ChatMessage, Content, ModelReply } from '../graph/request.ts'
import type { Value } from '../util/value.ts'

/** How much of the conversation a trace column keeps. */
export const traceModes = ['none', 'last_message', 'all_messages'] as const

/** A conversation as the list of message objects of a trace column, in NeMo Data Designer's form. */
export function traceOf(messages: readonly ChatMessage[], reply: ModelReply): Value {
  return [...messages.flatMap(messageValues), assistantMessage(reply)]
}

/** Results of tools are messages of their own. */
function messageValues({ role, content }: ChatMessage): Value[] {
  const results = content.flatMap((block) => (block.type === 'tool-result' ? [block] : []))
  const said = content.filter(({ type }) => type !== 'tool-result')
  return [
    ...results.map((result) =>
      objectOf({
        role: 'tool',
        content: result.content.map(blockValue),
        tool_call_id: result.id,
      }),
    ),
    ...(said.length > 0 || results.length === 0 ? [new Map(fieldsOf(role, said))] : []),
  ]
}

function fieldsOf(role: string, content: readonly Content[]): [string, Value][] {
  const calls = content.flatMap((block) => (block.type === 'tool-call' ? [callValue(block)] : []))
  return [
    ['role', role],
    ['content', content.filter(({ type }) => type !== 'tool-call').map(blockValue)],
    ...(calls.length === 0 ? [] : [['tool_calls', calls] satisfies [string, Value]]),
  ]
}

function callValue({
  id,
  name,
  arguments: written,
}: Extract<Content, { type: 'tool-call' }>): Value {
  return objectOf({ id, type: 'function', function: objectOf({ name, arguments: written }) })
}

/** The bytes of media are omitted: a trace is read by people. */
function blockValue(block: Content): Value {
  if (block.type === 'media') {
    const { type, mime, media } = block
    return objectOf({ type, mime, ...('url' in media ? { url: media.url } : {}) })
  }
  if (block.type === 'text') return objectOf({ ...block })
  throw new Error(`a block of type ${block.type} is not allowed here`)
}

/**
 * The reply as received, untrimmed; `reasoning_content` is there only when the model gave some, `output_mode` only
 * where the answer has a form.
 */
function assistantMessage({ content, reasoning, outputMode }: ModelReply): Value {
  // An empty answer is an empty text, as the wire has it.
  const blocks = content.length === 0 ? [{ type: 'text', text: '' } as const] : content
  const message = new Map(fieldsOf('assistant', blocks))
  if (reasoning !== null && reasoning !== '') message.set('reasoning_content', reasoning)
  if (outputMode !== undefined) message.set('output_mode', outputMode)
  return message
}

function objectOf(fields: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(fields))
}
