import { isUtf8 } from 'node:buffer'
import { SeedFault } from './define.ts'

/**
 * Passes chunks on, cut at character borders and without a byte order mark.
 *
 * Bytes that are not UTF-8 are a fault with their offset.
 */
export async function* checkUtf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  for await (const chunk of chunks) {
    if (offset === 0) refuseUtf16(chunk)
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const border = lastBorder(bytes)
    const whole = bytes.subarray(0, border)
    if (!isUtf8(whole)) throw notUtf8(offset + firstWrongByte(whole))
    const start = offset === 0 && isMark(whole) ? 3 : 0
    offset += border
    rest = bytes.subarray(border)
    if (whole.length > start) yield whole.subarray(start)
  }
  if (rest.length > 0) throw notUtf8(offset)
}

/** Where the last character begins when it may continue in the next chunk; otherwise the end. */
function lastBorder(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Where the first byte is that begins no character. */
export function firstWrongByte(bytes: Buffer): number {
  // The longest prefix that is UTF-8, but for a character cut off at its end.
  let low = 0
  let high = bytes.length
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const prefix = bytes.subarray(0, middle)
    if (isUtf8(prefix.subarray(0, lastBorder(prefix)))) low = middle
    else high = middle - 1
  }
  return lastBorder(bytes.subarray(0, low))
}

function isMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function refuseUtf16(chunk: Buffer): void {
  const mark = chunk.length >= 2 ? chunk.readUInt16BE(0) : 0
  if (mark !== 0xfeff && mark !== 0xfffe) return
  throw new SeedFault('not-utf8', 'the file is UTF-16, and seeds are read as UTF-8', {
    suggestion: 'Save it as UTF-8 (in a spreadsheet: "CSV UTF-8").',
  })
}

function notUtf8(offset: number): SeedFault {
  return new SeedFault('not-utf8', `the file is not UTF-8: byte ${offset} begins no character`, {
    suggestion: 'Save it as UTF-8, for example with: iconv -f WINDOWS-1252 -t UTF-8',
  })
}
