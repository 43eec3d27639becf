/** Characters that stand next to each other in a shingle. */
const SHINGLE_CHARACTERS = 5

/**
 * Gives the hashes of all stretches of five characters of a text, sorted, each once: without regard to
 * case, and to what is neither letter nor digit. A shorter text is one stretch; one without letters has
 * none. They are in an array that the next text is written over.
 */
export function createShingler(): (text: string) => Uint32Array {
  let room = new Uint32Array(4_096)
  return (text) => {
    const bare = text
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
      .trim()
    if (bare === '') return room.subarray(0, 0)
    const width = Math.min(SHINGLE_CHARACTERS, bare.length)
    const count = bare.length - width + 1
    if (room.length < count) room = new Uint32Array(2 * count)
    for (let at = 0; at < count; at += 1) {
      let hash = 0x811c_9dc5
      for (let next = at; next < at + width; next += 1) {
        hash = Math.imul(hash ^ bare.charCodeAt(next), 0x0100_0193)
      }
      room[at] = mixed(hash)
    }
    const hashes = room.subarray(0, count).sort()
    let kept = 0
    for (let at = 0; at < count; at += 1) {
      if (at > 0 && hashes[at] === hashes[at - 1]) continue
      hashes[kept] = hashes[at] ?? 0
      kept += 1
    }
    return hashes.subarray(0, kept)
  }
}

/** The finaliser of murmur3. */
export function mixed(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** What two sets share, of all that either has. */
export function jaccard(one: Uint32Array, other: Uint32Array): number {
  let shared = 0
  let at = 0
  let beside = 0
  while (at < one.length && beside < other.length) {
    const left = one[at] ?? 0
    const right = other[beside] ?? 0
    if (left === right) shared += 1
    if (left <= right) at += 1
    if (right <= left) beside += 1
  }
  return shared / (one.length + other.length - shared)
}
