/**
 * Threefry-4x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011): a keyed bijection of 128-bit counters, checked against the vectors of Random123.
 *
 * All words are 32 bits, as signed integers; what is written is signed too.
 */

/** A key with its fifth, derived word. */
export interface ThreefryKey {
  readonly k0: number
  readonly k1: number
  readonly k2: number
  readonly k3: number
  readonly k4: number
}

const skeinParity = 0x1bd11bda

export function threefryKey(k0: number, k1: number, k2: number, k3: number): ThreefryKey {
  const k4 = skeinParity ^ k0 ^ k1 ^ k2 ^ k3
  return { k0: k0 | 0, k1: k1 | 0, k2: k2 | 0, k3: k3 | 0, k4 }
}

/** Writes the four words of one counter's block into `block`; allocates nothing. */
export function threefry(
  key: ThreefryKey,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  block: Int32Array,
): void {
  const { k0, k1, k2, k3, k4 } = key
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  let x2 = (c2 + k2) | 0
  let x3 = (c3 + k3) | 0

  // Every four rounds a rotated part of the key and the count of injections are added.
  for (let injection = 1; injection <= 5; injection += 1) {
    if (injection % 2 === 1) {
      x0 = (x0 + x1) | 0
      x1 = ((x1 << 10) | (x1 >>> 22)) ^ x0
      x2 = (x2 + x3) | 0
      x3 = ((x3 << 26) | (x3 >>> 6)) ^ x2
      x0 = (x0 + x3) | 0
      x3 = ((x3 << 11) | (x3 >>> 21)) ^ x0
      x2 = (x2 + x1) | 0
      x1 = ((x1 << 21) | (x1 >>> 11)) ^ x2
      x0 = (x0 + x1) | 0
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0
      x2 = (x2 + x3) | 0
      x3 = ((x3 << 27) | (x3 >>> 5)) ^ x2
      x0 = (x0 + x3) | 0
      x3 = ((x3 << 23) | (x3 >>> 9)) ^ x0
      x2 = (x2 + x1) | 0
      x1 = ((x1 << 5) | (x1 >>> 27)) ^ x2
    } else {
      x0 = (x0 + x1) | 0
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0
      x2 = (x2 + x3) | 0
      x3 = ((x3 << 20) | (x3 >>> 12)) ^ x2
      x0 = (x0 + x3) | 0
      x3 = ((x3 << 17) | (x3 >>> 15)) ^ x0
      x2 = (x2 + x1) | 0
      x1 = ((x1 << 11) | (x1 >>> 21)) ^ x2
      x0 = (x0 + x1) | 0
      x1 = ((x1 << 25) | (x1 >>> 7)) ^ x0
      x2 = (x2 + x3) | 0
      x3 = ((x3 << 10) | (x3 >>> 22)) ^ x2
      x0 = (x0 + x3) | 0
      x3 = ((x3 << 18) | (x3 >>> 14)) ^ x0
      x2 = (x2 + x1) | 0
      x1 = ((x1 << 20) | (x1 >>> 12)) ^ x2
    }
    switch (injection) {
      case 1:
        x0 = (x0 + k1) | 0
        x1 = (x1 + k2) | 0
        x2 = (x2 + k3) | 0
        x3 = (x3 + k4 + 1) | 0
        break
      case 2:
        x0 = (x0 + k2) | 0
        x1 = (x1 + k3) | 0
        x2 = (x2 + k4) | 0
        x3 = (x3 + k0 + 2) | 0
        break
      case 3:
        x0 = (x0 + k3) | 0
        x1 = (x1 + k4) | 0
        x2 = (x2 + k0) | 0
        x3 = (x3 + k1 + 3) | 0
        break
      case 4:
        x0 = (x0 + k4) | 0
        x1 = (x1 + k0) | 0
        x2 = (x2 + k1) | 0
        x3 = (x3 + k2 + 4) | 0
        break
      default:
        x0 = (x0 + k0) | 0
        x1 = (x1 + k1) | 0
        x2 = (x2 + k2) | 0
        x3 = (x3 + k3 + 5) | 0
    }
  }
  block[0] = x0
  block[1] = x1
  block[2] = x2
  block[3] = x3
}
