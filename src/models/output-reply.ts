import type { OutputMode } from '../config/output-mode.ts'
import { withAnswerText } from '../graph/answer-tool.ts'
import { type ChatRequest, isCut, type ModelReply, textOf } from '../graph/request.ts'
import { isObject } from './provider-text.ts'

/** Of the tool that stands for an answer. */
export const answerToolDescription = 'Returns the answer in the requested form.'

/** A request as it is sent in a mode; in `prompt` the form is in its words only. */
export function inMode(request: ChatRequest, mode: OutputMode): ChatRequest {
  if (mode === 'prompt') {
    const { format: _format, ...plain } = request
    return plain
  }
  const { format } = request
  return format === undefined ? request : { ...request, format: formatIn(format, mode) }
}

type Format = NonNullable<ChatRequest['format']>

/** A column's format is one object for all of its cells. */
const formats = new WeakMap<Format, Map<OutputMode, Format>>()

function formatIn(format: Format, mode: Exclude<OutputMode, 'prompt'>): Format {
  let known = formats.get(format)
  if (known === undefined) formats.set(format, (known = new Map()))
  let made = known.get(mode)
  if (made === undefined) known.set(mode, (made = { ...format, mode }))
  return made
}

/** An answer whose text is the answer, whatever the mode: a call of the tool that stands for it is its text. */
export function answerOf(reply: ModelReply, request: ChatRequest, mode: OutputMode): ModelReply {
  return mode === 'tool_call' ? withAnswerText(reply, request) : reply
}

const thoughts = /^\s*<think(?:ing)?>[^]*?<\/think(?:ing)?>/i

/**
 * Whether an answer is what a provider gives that holds its model to a form; null where that can't be determined. It
 * looks no further than the names of fields: what the answer is worth, its column decides.
 */
export function holdsTo(reply: ModelReply, request: ChatRequest, mode: OutputMode): boolean | null {
  const { format, tools = [] } = request
  if (format === undefined) return null
  const calls = reply.content.flatMap((block) => (block.type === 'tool-call' ? [block.name] : []))
  if (mode === 'tool_call' && calls.includes(format.name)) return true
  // It asks for a tool first, as it may.
  if (tools.length > 0 && calls.length > 0) return null
  const text = textOf(reply.content).replace(thoughts, '').trimStart()
  // Of one that ended at a limit only its beginning tells, where there is one.
  if (isCut(reply)) return text === '' || /^[{<]/.test(text) ? null : false
  if (mode === 'tool_call') return false
  const value = objectIn(text)
  if (value === null) return false
  if (mode === 'json_object') return true
  const { required } = format.schema
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  return names.every((name) => typeof name === 'string' && Object.hasOwn(value, name))
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    // No JSON: that is the answer.
    return null
  }
}
