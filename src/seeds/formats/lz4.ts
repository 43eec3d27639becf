/*
 * LZ4 blocks, of which Parquet has two wrappings: LZ4_RAW is one block; LZ4, which is deprecated,
 * is what its writer took for it: Hadoop's frames, or one block as well.
 */

/** Decodes one LZ4 block of known length. */
export function lz4Raw(input: Uint8Array, outputLength: number): Uint8Array {
  const output = new Uint8Array(outputLength)
  let from = 0
  let to = 0

  /** A length continues in further bytes while they are 255. */
  function lengthOf(nibble: number): number {
    let length = nibble
    if (nibble < 15) return length
    let more: number
    do {
      more = byteAt(from++)
      length += more
    } while (more === 255)
    return length
  }

  function byteAt(at: number): number {
    const byte = input[at]
    if (byte === undefined) throw new Error('an LZ4 block ends too early')
    return byte
  }

  while (from < input.length) {
    const token = byteAt(from++)
    const literals = lengthOf(token >> 4)
    if (from + literals > input.length || to + literals > outputLength) {
      throw new Error('an LZ4 block has literals beyond its end')
    }
    output.set(input.subarray(from, from + literals), to)
    from += literals
    to += literals
    // The last sequence has literals only.
    if (from === input.length) break
    const offset = byteAt(from) | (byteAt(from + 1) << 8)
    from += 2
    const matched = lengthOf(token & 15) + 4
    if (offset === 0 || offset > to || to + matched > outputLength) {
      throw new Error('an LZ4 block refers to bytes outside of it')
    }
    // Byte by byte where the match reaches into what it writes.
    if (offset >= matched) output.copyWithin(to, to - offset, to - offset + matched)
    else for (let at = to; at < to + matched; at++) output[at] = output[at - offset] ?? 0
    to += matched
  }
  if (to !== outputLength) throw new Error(`an LZ4 block has ${to} bytes, and not ${outputLength}`)
  return output
}

/** Decodes a page of the codec LZ4: Hadoop's frames where they fit its length, else one block. */
export function lz4(input: Uint8Array, outputLength: number): Uint8Array {
  return hadoopFrames(input, outputLength) ?? lz4Raw(input, outputLength)
}

/** Frames of the lengths of their output and of a block, big-endian; null where that can't be. */
function hadoopFrames(input: Uint8Array, outputLength: number): Uint8Array | null {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const blocks: { start: number; end: number; length: number }[] = []
  let total = 0
  for (let at = 0; at < input.length;) {
    if (at + 8 > input.length) return null
    const length = view.getUint32(at)
    const start = at + 8
    const end = start + view.getUint32(at + 4)
    total += length
    if (end > input.length || total > outputLength) return null
    blocks.push({ start, end, length })
    at = end
  }
  if (total !== outputLength) return null
  const output = new Uint8Array(outputLength)
  let to = 0
  for (const { start, end, length } of blocks) {
    output.set(lz4Raw(input.subarray(start, end), length), to)
    to += length
  }
  return output
}
