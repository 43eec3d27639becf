import type { SeedConfig } from '../config/dataset.ts'
import { createPermutation } from '../random/permutation.ts'
import { seedPosition, type Selection } from './selection.ts'

/** The stored seed row of an absolute run row: pure, so rows can be made in any order. */
export type SeedOrder = (row: number) => number

/** Rows of neighbouring cycles are asked for in turn where a group crosses their border. */
const keptPermutations = 4

/** The order of a strategy over a selection; `shuffle` uses up each cycle without repeats. */
export function createSeedOrder(
  strategy: SeedConfig['sampling_strategy'],
  selection: Selection,
  runSeed: bigint,
): SeedOrder {
  if (strategy === 'ordered') {
    return (row) => selection.start + seedPosition(selection, row).position
  }
  const permutations = new Map<number, (index: number) => number>()

  function permutationOf(cycle: number): (index: number) => number {
    const known = permutations.get(cycle)
    if (known !== undefined) return known
    const permutation = remember(
      createPermutation(runSeed, `seed/${cycle}`, selection.size),
      selection.size,
    )
    const [oldest] = permutations.keys()
    if (permutations.size >= keptPermutations && oldest !== undefined) permutations.delete(oldest)
    permutations.set(cycle, permutation)
    return permutation
  }

  return (row) => {
    const { cycle, position } = seedPosition(selection, row)
    return selection.start + permutationOf(cycle)(position)
  }
}

/** A row is looked up by every column that reads it, and the permutation is slow for small sizes. */
function remember(permutation: (index: number) => number, size: number): (index: number) => number {
  if (size > 65_536) return permutation
  // One more than the value; 0 is not worked out yet.
  const known = new Uint32Array(size)
  return (index) => {
    const found = known[index]
    if (found !== undefined && found > 0) return found - 1
    const value = permutation(index)
    known[index] = value + 1
    return value
  }
}
