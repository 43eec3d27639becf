import type { Sampled } from '../config/dataset.ts'
import type { Random } from '../random/random.ts'

/** Draws a parameter for a row's request; undefined where it is fixed or not given. */
export type SampledParameter = (row: number) => number | undefined

/** A parameter that the config gives as a distribution; a fixed one is the model's own business. */
export function sampledParameter(sampled: Sampled | null, random: Random): SampledParameter {
  if (sampled === null || typeof sampled === 'number') return () => undefined
  if (sampled.distribution_type === 'uniform') {
    const { low, high } = sampled.params
    return (row) => low + (high - low) * random.at(row).uniform()
  }
  const { values, weights } = sampled.params
  const bounds = cumulative(weights ?? values.map(() => 1))
  const total = bounds.at(-1) ?? 0
  return (row) => {
    const drawn = random.at(row).uniform() * total
    // Rounding may put a draw just above the last bound; −1 is then the last value too.
    return values.at(bounds.findIndex((bound) => drawn < bound))
  }
}

function cumulative(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((weight) => (sum += weight))
}
