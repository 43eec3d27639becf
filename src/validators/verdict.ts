import type { Value } from '../util/value.ts'
import type { Verdict } from './define.ts'

/** A verdict with the fields of a validator in their order. */
export function verdict(
  isValid: boolean | null,
  fields: Readonly<Record<string, Value>> = {},
): Verdict {
  return new Map<string, Value>([['is_valid', isValid], ...Object.entries(fields)])
}

/** A verdict with nothing but messages; none makes it valid. */
export function verdictOf(messages: readonly string[]): Verdict {
  return verdict(messages.length === 0, { error_messages: messages.join('\n') })
}

/** Of a cell that has no value: everything is null. */
export function noVerdict(fields: readonly string[]): Verdict {
  return verdict(null, Object.fromEntries(fields.map((field) => [field, null])))
}

export function isInvalid(given: Verdict): boolean {
  return given.get('is_valid') === false
}

/** Why something is invalid, in one line, by the fields that validators have for that. */
export function reasonOf(given: Verdict): string {
  const messages = given.get('error_messages') ?? given.get('python_linter_messages')
  if (typeof messages === 'string' && messages.trim() !== '') return firstLine(messages)
  const [first] = Array.isArray(messages) ? messages : []
  const message = first instanceof Map ? first.get('message') : null
  return typeof message === 'string' ? firstLine(message) : 'is_valid is false'
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
