import { streamKey } from './stream-key.ts'
import { threefry } from './threefry.ts'

/**
 * A keyed shuffle of [0, size) that needs no memory: `permutation(index)` is where `index` goes.
 *
 * A Feistel network over the smallest near-square grid that holds `size`, walked until the value
 * lies inside; under twice the work of one pass, almost always one pass.
 */
export function createPermutation(
  seed: bigint,
  stream: string,
  size: number,
): (index: number) => number {
  if (!(Number.isInteger(size) && size >= 1 && size <= 2 ** 53)) {
    throw new RangeError(`A permutation has 1 to 2^53 positions, not ${size}.`)
  }
  const key = streamKey(seed, stream)
  const block = new Int32Array(4)
  const width = Math.ceil(Math.sqrt(size))
  const height = Math.ceil(size / width)
  // Four rounds are strong on a large grid; a tiny one needs many until all orders are alike.
  const rounds = size < 4096 ? 40 : 8

  /** The last counter word keeps these blocks apart from the draws of a stream of this name. */
  function shift(round: number, half: number, modulus: number): number {
    threefry(key, half, round, 0, 1, block)
    const fraction = ((block[0] ?? 0) >>> 0) / 0x1_0000_0000
    return Math.floor(fraction * modulus)
  }

  return (index) => {
    if (!(Number.isInteger(index) && index >= 0 && index < size)) {
      throw new RangeError(`An index is a whole number in [0, ${size}), not ${index}.`)
    }
    let column = index % width
    let line = Math.floor(index / width)
    let value = index
    // The walk continues from (line, column): outside, `value` may be beyond 2^53 and inexact.
    do {
      for (let round = 0; round < rounds; round += 2) {
        column = (column + shift(round, line, width)) % width
        line = (line + shift(round + 1, column, height)) % height
      }
      value = line * width + column
    } while (value >= size)
    return value
  }
}
