import { createCharacterClasses } from './character-classes.ts'

/** Characters that stand next to each other in a shingle. */
const SHINGLE_CHARACTERS = 5
const SPACE = 0x20

const separator = 0
const letters = createCharacterClasses((character) =>
  /[\p{L}\p{N}\p{M}]/u.test(character) ? 1 : separator,
)

/**
 * Gives the hashes of all stretches of five characters of a text, in their order: without regard to
 * case, and to what is neither letter nor digit. A shorter text is one stretch; one without letters has
 * none. They are in an array that the next text is written over.
 */
export function createStretchHasher(): (text: string) => Uint32Array {
  let units = new Uint16Array(4_096)
  let hashes = new Uint32Array(4_096)
  return (text) => {
    const folded = text.normalize('NFKC').toLowerCase()
    if (units.length < folded.length) {
      units = new Uint16Array(2 * folded.length)
      hashes = new Uint32Array(2 * folded.length)
    }
    const length = bareUnits(folded, units)
    if (length === 0) return hashes.subarray(0, 0)
    if (length <= SHINGLE_CHARACTERS) {
      let hash = BASIS
      for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ (units[at] as number), PRIME)
      hashes[0] = mixed(hash)
      return hashes.subarray(0, 1)
    }
    return hashes.subarray(0, hashStretches(units, length, hashes))
  }
}

const BASIS = 0x811c_9dc5
const PRIME = 0x0100_0193

/** FNV of each five units; the loop over them is written out, which halves its time. */
function hashStretches(units: Uint16Array, length: number, hashes: Uint32Array): number {
  const last = length - SHINGLE_CHARACTERS
  for (let at = 0; at <= last; at += 1) {
    let hash = Math.imul(BASIS ^ (units[at] as number), PRIME)
    hash = Math.imul(hash ^ (units[at + 1] as number), PRIME)
    hash = Math.imul(hash ^ (units[at + 2] as number), PRIME)
    hash = Math.imul(hash ^ (units[at + 3] as number), PRIME)
    hash = Math.imul(hash ^ (units[at + 4] as number), PRIME)
    hashes[at] = mixed(hash)
  }
  return last + 1
}

/** Writes the letters and digits, with one space for what stands between them, and gives their number. */
function bareUnits(text: string, units: Uint16Array): number {
  let length = 0
  let isApart = false
  for (let at = 0; at < text.length; at += 1) {
    if (letters.at(text, at) === separator) {
      isApart = length > 0
      continue
    }
    if (isApart) {
      units[length] = SPACE
      length += 1
      isApart = false
    }
    units[length] = text.charCodeAt(at)
    length += 1
  }
  return length
}

/** As a stretch hasher, sorted and each once. */
export function createShingler(): (text: string) => Uint32Array {
  const hashesOf = createStretchHasher()
  return (text) => sortedSet(hashesOf(text))
}

/** In place. */
export function sortedSet(hashes: Uint32Array): Uint32Array {
  hashes.sort()
  let kept = 0
  for (let at = 0; at < hashes.length; at += 1) {
    if (at > 0 && hashes[at] === hashes[at - 1]) continue
    hashes[kept] = hashes[at] ?? 0
    kept += 1
  }
  return hashes.subarray(0, kept)
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
