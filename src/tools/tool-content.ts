import type { Content } from '../graph/request.ts'

/** A block of a tool's answer, as the protocol has it: the fields of all its types. */
export interface ToolBlock {
  readonly type: string
  readonly text?: string
  readonly data?: string
  readonly mimeType?: string
  readonly name?: string
  readonly uri?: string
  readonly resource?: {
    readonly uri: string
    readonly text?: string
    readonly blob?: string
    readonly mimeType?: string
  }
}

export interface ToolResult {
  readonly content: readonly ToolBlock[]
  /** What the tool gives programs; it stands for a content that is empty. */
  readonly structured?: unknown
}

/** Characters of text in one answer: more is of no use to a model. */
export const longestText = 1024 * 1024

/** Characters of base64 in one block. */
const longestMedia = 16 * 1024 * 1024

/**
 * A tool's answer as the model gets it: one text where it is nothing but text, else all blocks. What is
 * too long is cut off, with a word about it.
 */
export function contentOf({ content, structured }: ToolResult): readonly Content[] {
  const blocks = content.map(blockOf)
  if (blocks.length === 0 && structured !== undefined)
    return [textBlock(JSON.stringify(structured))]
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  if (texts.length < blocks.length) return within(blocks)
  return within([textBlock(texts.join('\n'))])
}

function within(blocks: readonly Content[]): readonly Content[] {
  let left = longestText
  return blocks.map((block) => {
    if (block.type === 'media') return withinMedia(block)
    if (block.type !== 'text') return block
    const { text } = block
    const room = left
    left = Math.max(0, left - text.length)
    if (text.length <= room) return block
    // Never through the middle of a character.
    const kept = text.slice(0, room).replace(/[\ud800-\udbff]$/, '')
    const said = `(cut off: ${text.length} characters, and one answer may have ${longestText})`
    return textBlock(kept === '' ? said : `${kept}\n${said}`)
  })
}

function withinMedia(block: Extract<Content, { type: 'media' }>): Content {
  const { media, mime } = block
  if (!('base64' in media) || media.base64.length <= longestMedia) return block
  return textBlock(`(${mime} omitted: it has more than ${longestMedia / 2 ** 20} MiB of base64)`)
}

export function textBlock(text: string): Content {
  return { type: 'text', text }
}

function blockOf({ type, text, data, mimeType, name, uri, resource }: ToolBlock): Content {
  if (type === 'text') return textBlock(text ?? '')
  if (type === 'image' || type === 'audio') return mediaOf(type, data, mimeType)
  if (type === 'resource_link') return textBlock(`${name ?? 'resource'}: ${uri ?? ''}`)
  if (resource?.text !== undefined) return textBlock(resource.text)
  if (resource?.blob !== undefined) return mediaOf(resource.uri, resource.blob, resource.mimeType)
  return textBlock(`(a block of type ${type})`)
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

function mediaOf(what: string, data: string | undefined, mime: string | undefined): Content {
  if (data === undefined || !base64.test(data)) return textBlock(`(${what} without data)`)
  return { type: 'media', media: { base64: data }, mime: mime ?? 'application/octet-stream' }
}
