import type { SeedConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'

/** The consecutive seed rows a run may use. */
export interface Selection {
  readonly start: number
  /** At least 1. */
  readonly size: number
}

/** Where a row of the run falls in the endless repetition of a selection. */
export interface SeedPosition {
  /** How often the selection was used up before. */
  readonly cycle: number
  /** Below the selection's size. */
  readonly position: number
}

/** The rows a strategy selects of a seed of `size` rows, or what is wrong with it. */
export function selectRows(
  strategy: SeedConfig['selection_strategy'],
  size: number,
): Selection | Problem {
  if (strategy === null) return { start: 0, size }
  if ('start' in strategy) {
    const { start, end } = strategy
    if (start >= 0 && start <= end && end < size) return { start, size: end - start + 1 }
    return {
      level: 'error',
      code: 'selection-out-of-range',
      path: ['seed_config', 'selection_strategy'],
      message: `The seed has ${rows(size)}, so rows ${start} to ${end} cannot be selected`,
      expected: `0 ≤ start ≤ end ≤ ${size - 1} (both ends are included)`,
      received: `start ${start}, end ${end}`,
    }
  }
  const { index, num_partitions: partitions } = strategy
  if (partitions >= 1 && partitions <= size && index >= 0 && index < partitions) {
    const share = Math.floor(size / partitions)
    const start = index * share
    // The last partition takes what the division leaves over.
    return { start, size: index === partitions - 1 ? size - start : share }
  }
  return {
    level: 'error',
    code: 'selection-out-of-range',
    path: ['seed_config', 'selection_strategy'],
    message: `The seed has ${rows(size)}, so partition ${index} of ${partitions} cannot be selected`,
    expected: `1 ≤ num_partitions ≤ ${size} and 0 ≤ index < num_partitions`,
    received: `index ${index}, num_partitions ${partitions}`,
  }
}

/** The cycle of an absolute run row, and its place within the cycle. */
export function seedPosition(selection: Selection, row: number): SeedPosition {
  const position = row % selection.size
  // Exact for all 53-bit rows, which a rounded quotient would not be.
  return { cycle: (row - position) / selection.size, position }
}

function rows(size: number): string {
  return size === 1 ? '1 row' : `${size} rows`
}
