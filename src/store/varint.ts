/** Bytes, and how far they are written or read. */
export interface Cursor {
  bytes: Uint8Array
  at: number
}

/** Bytes of the longest: a whole number below 2^53. */
export const longestVarint = 8

/** Writes a whole number from 0 in groups of 7 bits, the lowest first; there must be room for it. */
export function writeVarint(cursor: Cursor, value: number): void {
  const { bytes } = cursor
  let { at } = cursor
  let rest = value
  while (rest >= 128) {
    bytes[at] = (rest % 128) + 128
    at += 1
    rest = Math.floor(rest / 128)
  }
  bytes[at] = rest
  cursor.at = at + 1
}

/** Null behind the end, and for a number beyond 2^53. */
export function readVarint(cursor: Cursor): number | null {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.bytes[cursor.at]
    if (byte === undefined) return null
    cursor.at += 1
    value += (byte % 128) * scale
    if (!Number.isSafeInteger(value)) return null
    if (byte < 128) return value
  }
}
