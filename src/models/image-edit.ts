import { createHash } from 'node:crypto'
import { type Content, type ImageRequest, textOf } from '../graph/request.ts'
import { noFormFor, type Asked } from './classify.ts'
import type { WireRequest } from './http-provider.ts'
import type { ModelTarget } from './provider.ts'

/** Images to be edited, and what is to be done with them: a form with files, as browsers send one. */
export function writeEdit(target: ModelTarget, request: ImageRequest, asked: Asked): WireRequest {
  const files = request.prompt.flatMap((block) =>
    block.type === 'text' ? [] : [fileOf(block, asked)],
  )
  const fields: [string, string][] = [
    ['model', target.model],
    ['prompt', textOf(request.prompt)],
    ...Object.entries(target.extraBody).flatMap(([name, value]) => fieldsOf(name, value)),
    // As many as are asked for: others would be paid for and thrown away.
    ['n', String(request.count)],
  ]
  // One file has the plain name, which all servers know.
  const name = files.length === 1 ? 'image' : 'image[]'
  const parts = [
    ...new Map(fields.filter(([field]) => !isOfList(field))),
    ...fields.filter(([field]) => isOfList(field)),
  ].map(([field, value]) => part(`name="${quotedName(field)}"`, Buffer.from(value)))
  const images = files.map(({ mime, bytes }, at) =>
    part(
      `name="${name}"; filename="image-${at}.${mime.split('/')[1] ?? 'png'}"`,
      bytes,
      `content-type: ${mime}\r\n`,
    ),
  )
  return formOf([...parts, ...images])
}

interface File {
  mime: string
  bytes: Buffer
}

function fileOf(block: Content, asked: Asked): File {
  if (block.type !== 'media' || !block.mime.startsWith('image/')) {
    const what =
      block.type === 'media' ? `media of type ${block.mime}` : `a block of type ${block.type}`
    throw noFormFor(`an image with ${what}`, asked)
  }
  // Addresses were downloaded before.
  if (!('base64' in block.media)) throw noFormFor('an image by address here', asked)
  return { mime: block.mime, bytes: Buffer.from(block.media.base64, 'base64') }
}

function fieldsOf(name: string, value: unknown): [string, string][] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(`${name}[]`, item))
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
}

function isOfList(field: string): boolean {
  return field.endsWith('[]')
}

function quotedName(name: string): string {
  return name.replaceAll('"', '%22').replaceAll(/[\r\n]/g, ' ')
}

function part(disposition: string, body: Uint8Array, type = ''): Uint8Array[] {
  return [
    Buffer.from(`content-disposition: form-data; ${disposition}\r\n${type}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]
}

/** The same parts are the same bytes: what stands between them is a hash of them. */
function formOf(parts: readonly Uint8Array[][]): WireRequest {
  const hash = createHash('sha256')
  for (const own of parts) for (const bytes of own) hash.update(bytes)
  const boundary = `rowsmith-${hash.digest('hex').slice(0, 32)}`
  const body = Buffer.concat([
    ...parts.flatMap((own) => [Buffer.from(`--${boundary}\r\n`), ...own]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
  return {
    path: '/images/edits',
    body,
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
}
