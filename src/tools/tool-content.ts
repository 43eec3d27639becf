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

/** A tool's answer as the model gets it: one text where it is nothing but text, else all blocks. */
export function contentOf({ content, structured }: ToolResult): readonly Content[] {
  const blocks = content.map(blockOf)
  if (blocks.length === 0 && structured !== undefined)
    return [textBlock(JSON.stringify(structured))]
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  return texts.length === blocks.length ? [textBlock(texts.join('\n'))] : blocks
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
