import { type ChatRequest, textOf } from './request.ts'

/**
 * What a request has in common with those of other rows: all that is said before the first message of the
 * user, and that up to the end of its first long value.
 */
export function beginningOf({ messages, sharedEnds }: ChatRequest): string {
  const [end = 0] = sharedEnds ?? []
  const parts: string[] = []
  for (const { role, content } of messages) {
    if (role === 'user') return [...parts, textOf(content).slice(0, end)].join('\n')
    parts.push(textOf(content))
  }
  return parts.join('\n')
}
