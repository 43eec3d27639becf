import type { ModelReply } from './request.ts'

/**
 * A reply as the JSON text the ledger keeps of an exchange, without loss: vectors as the base64 of
 * their 32-bit floats. Quotas are omitted: they were true when the reply arrived.
 */
export function replyText({ limits: _limits, vectors, ...reply }: ModelReply): string {
  return JSON.stringify(
    vectors === undefined ? reply : { ...reply, vectors: vectors.map(vectorText) },
  )
}

/** The reply of a text that `replyText` made. */
export function replyOf(text: string): ModelReply {
  // Written by `replyText` and by nothing else; the ledger is checked against damage as a whole.
  const { vectors, ...reply } = JSON.parse(text) as Omit<ModelReply, 'vectors'> & {
    vectors?: readonly string[]
  }
  return vectors === undefined ? reply : { ...reply, vectors: vectors.map(vectorOf) }
}

const CHUNK = 8_192

function vectorText(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  }
  return btoa(text)
}

function vectorOf(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return new Float32Array(bytes.buffer)
}
