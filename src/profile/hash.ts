/*
 * Hashes of 53 bits, the integers a number holds exactly: two 32-bit lanes of multiply and xor, as
 * in bryc's cyrb53 (public domain). They tell values apart for counting, and keep nothing secret.
 */

const words = new Uint32Array(2)
const double = new Float64Array(words.buffer)

export function hashText(text: string): number {
  let one = 0xdeadbeef
  let two = 0x41c6ce57
  let units = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    one = Math.imul(one ^ unit, 2654435761)
    two = Math.imul(two ^ unit, 1597334677)
    units |= unit
  }
  lastUnits = units
  return mix(one, two)
}

/** All UTF-16 units of the last text that was hashed, or-ed. */
let lastUnits = 0

/** Hashes texts, and counts the characters of each as Python does: a surrogate pair is one. */
export function hashTexts(texts: readonly string[]): {
  hashes: Float64Array
  characters: Uint32Array
} {
  const hashes = new Float64Array(texts.length)
  const characters = new Uint32Array(texts.length)
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at] as string
    hashes[at] = hashText(text)
    // Every surrogate has these two bits.
    characters[at] = (lastUnits & 0xd800) === 0xd800 ? countCharacters(text) : text.length
  }
  return { hashes, characters }
}

/** Code points. */
export function countCharacters(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) count -= 1
  }
  return count
}

/** Of a double's bits; both zeros are one number. */
export function hashNumber(value: number): number {
  double[0] = value === 0 ? 0 : value
  const low = words[0] ?? 0
  const high = words[1] ?? 0
  return mix(Math.imul(0x9e3779b1 ^ low, 2654435761), Math.imul(0x41c6ce57 ^ high, 1597334677))
}

/** Every bit of the result depends on every bit of both lanes. */
function mix(one: number, two: number): number {
  let low = Math.imul(one ^ (one >>> 16), 2246822507)
  low ^= Math.imul(two ^ (two >>> 13), 3266489909)
  let high = Math.imul(two ^ (two >>> 16), 2246822507)
  high ^= Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b)
  low ^= low >>> 13
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0)
}
