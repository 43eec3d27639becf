import { threefryKey, type ThreefryKey } from './threefry.ts'

const mask64 = 0xffff_ffff_ffff_ffffn

/**
 * The key of one (run seed, stream): the seed's 64 bits, then 64 bits hashed from the name.
 *
 * Part of the format: another hash here would give every dataset other values.
 */
export function streamKey(seed: bigint, stream: string): ThreefryKey {
  const seed64 = BigInt.asUintN(64, seed)
  const name64 = hashName(stream)
  return threefryKey(low32(seed64), low32(seed64 >> 32n), low32(name64), low32(name64 >> 32n))
}

/**
 * FNV-1a 64 over the bytes of the UTF-16 code units, low byte first (so that names with lone
 * surrogates stay apart too), then murmur3's 64-bit finaliser.
 */
export function hashName(name: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index)
    hash = fnvStep(hash, unit & 0xff)
    hash = fnvStep(hash, unit >>> 8)
  }
  hash = ((hash ^ (hash >> 33n)) * 0xff51_afd7_ed55_8ccdn) & mask64
  hash = ((hash ^ (hash >> 33n)) * 0xc4ce_b9fe_1a85_ec53n) & mask64
  return hash ^ (hash >> 33n)
}

function fnvStep(hash: bigint, byte: number): bigint {
  return ((hash ^ BigInt(byte)) * 0x0000_0100_0000_01b3n) & mask64
}

function low32(value: bigint): number {
  return Number(value & 0xffff_ffffn) | 0
}
