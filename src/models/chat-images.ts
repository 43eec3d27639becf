import type { Content } from '../graph/request.ts'
import { mimeOfBytes, mimeOfEnding } from '../util/media-type.ts'
import { isObject } from './provider-text.ts'

type Media = Extract<Content, { type: 'media' }>

/** Images in addition to the text of a message: in a separate list, or among the blocks of its content. */
export function imagesOf({ images, content }: Record<string, unknown>): Media[] {
  const blocks = listOf(content).filter((block) => isObject(block) && block['type'] === 'image_url')
  return [...listOf(images), ...blocks].flatMap(imageIn)
}

/** Servers differ: `{ image_url: { url } }`, `{ image_url }`, `{ url }`, `{ b64_json }`, a text. */
function imageIn(image: unknown): Media[] {
  if (typeof image === 'string') return [mediaOf(image)]
  if (!isObject(image)) return []
  const { image_url: link, url, b64_json: base64 } = image
  const address = isObject(link) ? link['url'] : (link ?? url)
  if (typeof address === 'string') return [mediaOf(address)]
  return typeof base64 === 'string' ? [mediaOf(base64)] : []
}

/** Images in a text: data URIs, pictures of Markdown, or base64 and nothing else. */
export function imagesInText(text: string): Media[] {
  const data = text.match(/data:image\/[\w.+-]+;base64,[A-Za-z0-9+/=]+/g)
  if (data !== null) return data.map(mediaOf)
  const links = [...text.matchAll(/!\[[^\]]*\]\((https?:\/\/[^)\s]+)\)/g)]
  if (links.length > 0) return links.map(([, url = '']) => mediaOf(url))
  const alone = text.trim()
  if (/^https?:\/\/\S+$/i.test(alone) && mimeOfEnding(alone)?.startsWith('image/') === true) {
    return [mediaOf(alone)]
  }
  return isImage(alone) ? [mediaOf(alone)] : []
}

function isImage(base64: string): boolean {
  if (base64.length < 32 || !/^[A-Za-z0-9+/\s]+={0,2}$/.test(base64)) return false
  return typeOf(base64)?.startsWith('image/') === true
}

/** An address, or the bytes themselves where it is a `data:` one or base64. */
export function mediaOf(url: string): Media {
  const data = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(url)
  if (data !== null) {
    const [start, mime = 'image/png'] = data
    return { type: 'media', media: { base64: url.slice(start.length) }, mime }
  }
  if (isImage(url)) return { type: 'media', media: { base64: url }, mime: imageTypeOf(url) }
  return { type: 'media', media: { url }, mime: mimeOfEnding(url) ?? 'image/png' }
}

/** By how its bytes begin, for replies that don't say. */
export function imageTypeOf(base64: string): string {
  return typeOf(base64) ?? 'image/png'
}

function typeOf(base64: string): string | null {
  return mimeOfBytes(Buffer.from(base64.slice(0, 64), 'base64'))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}
