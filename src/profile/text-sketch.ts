import { bandKeys, bandShape, type KeysOf } from '../processors/locality.ts'
import { mixed } from '../processors/shingles.ts'

const unfilled = 0xffff

/**
 * MinHash in bands by one permutation: each stretch falls into one place of the signature, where the
 * least hash stays. In further rounds, with other hashes, the places that stayed empty are filled, so
 * that short texts are compared as well as long ones (Dahlgaard, Knudsen and Thorup: Fast similarity
 * sketching, 2017). It hashes a long text once, and not once for every place.
 */
export function sketchKeys(threshold: number): KeysOf<Uint32Array> {
  const { bands, width } = bandShape(threshold)
  const size = bands * width
  const signature = new Uint32Array(size)
  const filledIn = new Uint16Array(size)
  return (stretches) => {
    filledIn.fill(unfilled)
    let empty = size
    for (let round = 0; empty > 0; round += 1) {
      const salt = Math.imul(round, 0x9e37_79b1)
      // After so many rounds each place gets one of its own.
      const own = round < size ? null : round - size
      for (let at = 0; at < stretches.length; at += 1) {
        const stretch = stretches[at] as number
        const hash = round === 0 ? stretch : mixed(stretch ^ salt)
        const place = own ?? ((hash >>> 16) * size) >>> 16
        const filled = filledIn[place] as number
        if (filled < round) continue
        if (filled === unfilled) {
          filledIn[place] = round
          empty -= 1
        } else if (hash >= (signature[place] as number)) continue
        signature[place] = hash
      }
    }
    return bandKeys(signature, width)
  }
}
