import type { Content, ModelReply } from '../graph/request.ts'
import { createRedactor } from './secrets.ts'

/** Shorter ones (`EMPTY`, `dummy`) are words that an answer may hold by right. */
const shortestKey = 12

/**
 * Takes keys out of answers: a server that echoes what it was sent would put them into the dataset.
 * Null where there is no key to take out.
 */
export function replyRedactor(
  secrets: readonly string[],
): ((reply: ModelReply) => ModelReply) | null {
  const keys = secrets.filter((secret) => secret.length >= shortestKey)
  if (keys.length === 0) return null
  const redact = createRedactor(keys)
  return (reply) => {
    const { content, reasoning } = reply
    const cleaned = content.map((block) => cleanBlock(block, redact))
    const thoughts = reasoning === null ? null : redact(reasoning)
    const isClean = thoughts === reasoning && cleaned.every((block, at) => block === content[at])
    return isClean ? reply : { ...reply, content: cleaned, reasoning: thoughts, hadSecret: true }
  }
}

function cleanBlock(block: Content, redact: (text: string) => string): Content {
  if (block.type === 'text') {
    const text = redact(block.text)
    return text === block.text ? block : { ...block, text }
  }
  if (block.type !== 'tool-call') return block
  const written = redact(block.arguments)
  return written === block.arguments ? block : { ...block, arguments: written }
}
