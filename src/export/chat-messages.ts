import { stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'

type Message = ReadonlyMap<string, Value>

/** Whether a value is a list of messages, as columns of conversations and traces hold. */
export function isMessages(value: Value): value is readonly Message[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage)
}

function isMessage(value: Value): value is Message {
  return value instanceof Map && typeof (value as Message).get('role') === 'string'
}

/** A message as chat templates read it: its text is a text, and what only a trace has is left out. */
export function chatMessage(message: Message): Message {
  const chat = new Map<string, Value>()
  for (const [name, value] of message) {
    if (name === 'output_mode') continue
    chat.set(name, name === 'content' ? textOfBlocks(value) : value)
  }
  return chat
}

/** Blocks of text are one text; with an image among them they stay blocks. */
function textOfBlocks(content: Value): Value {
  if (!Array.isArray(content)) return content
  const texts: string[] = []
  for (const block of content as readonly Value[]) {
    const text = block instanceof Map ? (block as Message).get('text') : undefined
    if (typeof text !== 'string') return content
    texts.push(text)
  }
  return texts.join('')
}

const sharedRoles: ReadonlyMap<Value, string> = new Map([
  ['user', 'human'],
  ['assistant', 'gpt'],
  ['tool', 'observation'],
])

/** The same in ShareGPT's form, in which a call of tools is a message of its own. */
export function sharedMessages(message: Message): Value[] {
  const chat = chatMessage(message)
  const role = chat.get('role')
  const content = chat.get('content') ?? ''
  const calls = callsOf(chat.get('tool_calls') ?? null)
  const said = shared(sharedRoles.get(role ?? null) ?? role ?? null, content)
  if (calls.length === 0) return [said]
  const [only = null] = calls
  const called = shared('function_call', stringifyJson(calls.length === 1 ? only : calls))
  return content === '' ? [called] : [said, called]
}

function shared(from: Value, value: Value): Value {
  return new Map<string, Value>([
    ['from', from],
    ['value', value],
  ])
}

/** `{name, arguments}` of each call. */
function callsOf(calls: Value): Value[] {
  if (!Array.isArray(calls)) return []
  return (calls as readonly Value[]).map((call) => {
    const asked = call instanceof Map ? (call as Message).get('function') : undefined
    return asked ?? call
  })
}
