import { createRandom } from '../random/random.ts'
import { mixed } from './shingles.ts'

/*
 * Hashes that are alike for records that are alike: of several keys of a record, at least one is that
 * of another record with a chance of 99 % where the two are as near as the threshold, and more above.
 */

/** Keys of a record; whole numbers below 2^47. */
export type KeysOf<Content> = (content: Content) => number[]

const CHANCE = 0.99
const HASHES = 128
const MOST_ROWS = 16

/** MinHash in bands. */
export function minHashKeys(threshold: number): KeysOf<Uint32Array> {
  const { bands, width } = bandShape(threshold)
  const random = createRandom(0n, 'dedupe/hashes')
  const factors = Uint32Array.from({ length: bands * width }, () => random.bits() | 1)
  const offsets = Uint32Array.from({ length: bands * width }, () => random.bits())
  const signature = new Uint32Array(bands * width)
  return (shingles) => {
    for (let hash = 0; hash < signature.length; hash += 1) {
      signature[hash] = leastHash(shingles, factors[hash] ?? 1, offsets[hash] ?? 0)
    }
    return bandKeys(signature, width)
  }
}

/** Bands of as many hashes as leave the chance at the threshold, and no more bands than that. */
export function bandShape(threshold: number): { bands: number; width: number } {
  const bandsOf = (rows: number): number =>
    threshold === 1 ? 1 : Math.ceil(Math.log(1 - CHANCE) / Math.log1p(-(threshold ** rows)))
  let width = 1
  while (width < MOST_ROWS && (width + 1) * bandsOf(width + 1) <= HASHES) width += 1
  return { bands: bandsOf(width), width }
}

/** A key for each band of a signature. */
export function bandKeys(signature: Uint32Array, width: number): number[] {
  return Array.from({ length: signature.length / width }, (_, band) => {
    let high = mixed(band + 1)
    let low = mixed(band + 0x9e37)
    for (let at = band * width; at < (band + 1) * width; at += 1) {
      high = mixed(high ^ (signature[at] ?? 0))
      low = mixed(Math.imul(low, 31) + (signature[at] ?? 0))
    }
    return keyOf(high, low)
  })
}

/** As numbers with a sign, which compare without becoming doubles: any order of the hashes will do. */
function leastHash(shingles: Uint32Array, factor: number, offset: number): number {
  let least = 0x7fff_ffff
  for (let at = 0; at < shingles.length; at += 1) {
    const value = (Math.imul(shingles[at] ?? 0, factor) + offset) | 0
    if (value < least) least = value
  }
  return least
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

/** 47 bits: those SQLite keeps in six bytes. */
function keyOf(high: number, low: number): number {
  return (high >>> 17) * 0x1_0000_0000 + (low >>> 0)
}
