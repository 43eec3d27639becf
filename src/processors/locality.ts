import { createRandom } from '../random/random.ts'
import { mixed } from './shingles.ts'

/*
 * Hashes that are alike for records that are alike: of several keys of a record, at least one is that
 * of another record with a chance of 99 % where the two are as near as the threshold, and more above.
 */

/** Keys of a record; whole numbers below 2^53. */
export type KeysOf<Content> = (content: Content) => number[]

const CHANCE = 0.99
const HASHES = 128

/** MinHash in bands: of as many rows as leave the chance at the threshold. */
export function minHashKeys(threshold: number): KeysOf<Uint32Array> {
  let width = 1
  for (let wider = 2; wider <= 16; wider += 1) {
    const missed = (1 - threshold ** wider) ** Math.floor(HASHES / wider)
    if (1 - missed >= CHANCE) width = wider
  }
  const bands = Math.floor(HASHES / width)
  const random = createRandom(0n, 'dedupe/hashes')
  const factors = Uint32Array.from({ length: bands * width }, () => random.bits() | 1)
  const offsets = Uint32Array.from({ length: bands * width }, () => random.bits())
  return (shingles) => {
    const signature = Uint32Array.from(factors, (factor, hash) => {
      const offset = offsets[hash] ?? 0
      let least = 0xffff_ffff
      for (const shingle of shingles) {
        const value = (Math.imul(shingle, factor) + offset) >>> 0
        if (value < least) least = value
      }
      return least
    })
    return Array.from({ length: bands }, (_, band) => {
      let high = mixed(band + 1)
      let low = mixed(band + 0x9e37)
      for (let at = band * width; at < (band + 1) * width; at += 1) {
        high = mixed(high ^ (signature[at] ?? 0))
        low = mixed(Math.imul(low, 31) + (signature[at] ?? 0))
      }
      return keyOf(high, low)
    })
  }
}

const MOST_TABLES = 40
const FEWEST_BITS = 8
const MOST_BITS = 24

/** Sides of random planes: as many bits a key as leave the chance with a bounded number of keys. */
export function planeKeys(threshold: number, size: number): KeysOf<Float32Array> {
  const alike = 1 - Math.acos(threshold) / Math.PI
  const tablesFor = (bits: number): number =>
    Math.max(1, Math.ceil(Math.log(1 - CHANCE) / Math.log1p(-(alike ** bits))))
  let bits = FEWEST_BITS
  while (bits < MOST_BITS && tablesFor(bits + 1) <= MOST_TABLES) bits += 1
  const tables = alike === 1 ? 1 : tablesFor(bits)
  const random = createRandom(0n, 'dedupe/planes')
  const planes = Array.from({ length: tables * bits }, (_, plane) => {
    random.at(plane)
    return Float32Array.from({ length: size }, () => random.normal())
  })
  return (vector) =>
    Array.from({ length: tables }, (_, table) => {
      let key = 0
      for (let bit = 0; bit < bits; bit += 1) {
        const side = dot(planes[table * bits + bit] ?? vector, vector) >= 0 ? 1 : 0
        key = key * 2 + side
      }
      return keyOf(mixed(table + 1), key)
    })
}

/** The cosine of the angle between two vectors; NaN where one is zero. */
export function cosine(one: Float32Array, other: Float32Array): number {
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other))
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0)
  return sum
}

function keyOf(high: number, low: number): number {
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}
