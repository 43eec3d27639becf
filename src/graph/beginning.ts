import { type ChatRequest, type Content, textOf } from './request.ts'

/**
 * What a request has in common with those of other rows: all that is said before the first message of the
 * user, and the media that this begins with, or its text up to the end of its first long value.
 */
export function beginningOf({ messages, sharedEnds, sharedMedia = 0 }: ChatRequest): string {
  const [end = 0] = sharedEnds ?? []
  const parts: string[] = []
  for (const { role, content } of messages) {
    if (role === 'user') {
      const media = content.slice(0, sharedMedia).map(mediumOf)
      const text = sharedMedia > 0 ? '' : textOf(content).slice(0, end)
      return [...parts, ...media, text].join('\n')
    }
    parts.push(textOf(content))
  }
  return parts.join('\n')
}

/** Characters of an image's bytes that tell it from another one of the same length. */
const TELLING = 256

/** Looked at with every request, so not all of what may be megabytes. */
function mediumOf(block: Content): string {
  if (block.type !== 'media') return ''
  const { media } = block
  if ('url' in media) return media.url
  const { base64 } = media
  const middle = base64.length >> 1
  const samples = [
    base64.slice(0, TELLING),
    base64.slice(middle, middle + TELLING),
    base64.slice(-TELLING),
  ]
  return `${base64.length} ${samples.join(' ')}`
}
