import { normalQuantile } from './normal.ts'
import { streamKey } from './stream-key.ts'
import { threefry } from './threefry.ts'

/**
 * Randomness as an address: every draw is a pure function of (run seed, stream, row, draw number).
 *
 * A `Random` belongs to one (seed, stream). `at(row)` moves it to a row and to draw 0; draws then
 * follow one another. Nothing is shared between rows, so order and concurrency do not matter.
 */
export interface Random {
  /** Moves to an absolute row, draw 0; returns itself. */
  at(row: number): Random
  /** A double in [0, 1), 53 bits. */
  uniform(): number
  /** 32 random bits. */
  bits(): number
  /** A whole number in [0, bound), unbiased; bound ≤ 2^53. */
  below(bound: number): number
  /** A standard normal. */
  normal(): number
}

const two53 = 2 ** 53

/** The randomness of one stream (usually a column's name) under one run seed; it starts at row 0. */
export function createRandom(seed: bigint, stream: string): Random {
  const key = streamKey(seed, stream)
  const block = new Int32Array(4)
  let rowLow = 0
  let rowHigh = 0
  let nextBlock = 0
  // 4: the block is used up, or none was made for this row yet.
  let nextWord = 4

  function word(): number {
    if (nextWord === 4) {
      threefry(key, rowLow, rowHigh, nextBlock, 0, block)
      nextBlock += 1
      nextWord = 0
    }
    const bits = block[nextWord] ?? 0
    nextWord += 1
    return bits >>> 0
  }

  /** 53 bits as a whole number, from two words. */
  function wide(): number {
    const high = word() >>> 5
    const low = word() >>> 6
    return high * 0x4000000 + low
  }

  const random: Random = {
    at(row) {
      if (!(Number.isSafeInteger(row) && row >= 0)) {
        throw new RangeError(`A row is a whole number from 0 to 2^53 - 1, not ${row}.`)
      }
      rowLow = row | 0
      rowHigh = Math.floor(row / 0x1_0000_0000)
      nextBlock = 0
      nextWord = 4
      return random
    },
    uniform: () => wide() / two53,
    bits: word,
    below(bound) {
      if (!(Number.isInteger(bound) && bound >= 1 && bound <= two53)) {
        throw new RangeError(`A bound is a whole number from 1 to 2^53, not ${bound}.`)
      }
      // The last, incomplete copy of [0, bound) inside 53 bits is rejected.
      const limit = two53 - (two53 % bound)
      let value = wide()
      while (value >= limit) value = wide()
      return value % bound
    },
    normal: () => normalQuantile(wide() / two53),
  }
  return random
}
