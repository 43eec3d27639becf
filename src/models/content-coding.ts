import { promisify } from 'node:util'
// By its namespace: with names, an older Node reports a missing export before its version can be refused.
import * as zlib from 'node:zlib'
import { failedWith } from '../threads/system-error.ts'

/** A body in an encoding that can't be read. */
export class UnreadableBody extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UnreadableBody'
  }
}

export interface BodyHeaders {
  readonly [name: string]: string | string[] | undefined
}

interface DecodeOptions {
  /** Bytes of a body behind its decoding. */
  maxBytes: number
}

/** The text of a body without a content encoding, or null for one that must be decoded first. */
export function plainText(bytes: Buffer, headers: BodyHeaders): string | null {
  return codingOf(bytes, headers) === '' && charsetOf(headers) === null ? textFrom(bytes) : null
}

/**
 * The text of a body in the codings its headers name (RFC 9110, 8.4). Servers may compress whatever
 * was asked for, proxies forget to say so, and others say so after they undid it.
 */
export async function decodedText(
  bytes: Buffer,
  headers: BodyHeaders,
  { maxBytes }: DecodeOptions,
): Promise<string> {
  const body = await decodedBytes(bytes, headers, { maxBytes })
  const charset = charsetOf(headers)
  if (charset === null) return textFrom(body)
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    // An encoding no one knows is most likely a mistake in the header.
    return textFrom(body)
  }
}

/** The bytes of a body behind the codings its headers name. */
export async function decodedBytes(
  bytes: Buffer,
  headers: BodyHeaders,
  { maxBytes }: DecodeOptions,
): Promise<Buffer> {
  let body = bytes
  const codings = codingOf(bytes, headers).split(',').toReversed()
  for (const coding of codings) body = await decode(body, coding, maxBytes)
  return body
}

// A mark at the beginning is not part of the text.
function textFrom(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** Codings in the order they were applied, with commas between; empty for none. */
function codingOf(bytes: Buffer, headers: BodyHeaders): string {
  const named = headers['content-encoding']
  if (named === undefined) return codingSeen(bytes)
  const text = (Array.isArray(named) ? named.join(',') : named).toLowerCase()
  const codings = text
    .split(',')
    .map((coding) => coding.trim().replace(/^x-/, ''))
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > 0) return codings.join(',')
  return codingSeen(bytes)
}

function codingSeen(bytes: Buffer): string {
  return isGzip(bytes) ? 'gzip' : isZstd(bytes) ? 'zstd' : ''
}

function charsetOf(headers: BodyHeaders): string | null {
  const type = headers['content-type']
  if (typeof type !== 'string' || !type.includes('charset')) return null
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8'
  return /^(?:utf-?8|us-ascii|ascii)$/.test(charset) ? null : charset
}

const decoders = {
  gzip: promisify(zlib.gunzip),
  br: promisify(zlib.brotliDecompress),
  zstd: promisify(zlib.zstdDecompress),
  // By the standard with a header of zlib, which some servers omit.
  deflate: (bytes: Buffer, options: { maxOutputLength: number }): Promise<Buffer> =>
    promisify(isZlib(bytes) ? zlib.inflate : zlib.inflateRaw)(bytes, options),
}

async function decode(bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes
  if (coding === '') return bytes
  if (!isKnown(coding)) {
    throw new UnreadableBody(
      `it is compressed with '${coding}', and only ${Object.keys(decoders).join(', ')} can be read`,
    )
  }
  // Said, and undone on the way.
  if (coding === 'gzip' && !isGzip(bytes) && looksLikeJson(bytes)) return bytes
  if (coding === 'zstd' && !isZstd(bytes) && looksLikeJson(bytes)) return bytes
  try {
    return await decoders[coding](bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    if (looksLikeJson(bytes)) return bytes
    const isTooLarge = failedWith(error, tooLarge)
    const what = isTooLarge
      ? `it has more than ${maxBytes / 2 ** 20} MiB when it is decompressed`
      : `it is said to be compressed with ${coding}, and can't be decompressed`
    throw new UnreadableBody(what, { cause: error })
  }
}

const tooLarge = 'ERR_BUFFER_TOO_LARGE'

function isKnown(coding: string): coding is keyof typeof decoders {
  return Object.hasOwn(decoders, coding)
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

function isZstd(bytes: Buffer): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd
}

function isZlib(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}

function looksLikeJson(bytes: Buffer): boolean {
  return /^\s*[[{"]/.test(bytes.subarray(0, 64).toString('latin1'))
}
