import { z } from 'zod'
import { double, list } from '../config/scalars.ts'
import type { Problem } from '../config/problem.ts'
import { defineSampler } from './define.ts'
import { listedDistribution } from './declare-distribution.ts'
import { listedValues } from './listed-values.ts'
import { refusal } from './refusal.ts'
import { typeOfList, unified } from './scalar-type.ts'

/** One of the listed values; a value listed twice weighs twice. */
export const category = defineSampler({
  kind: 'category',
  params: z
    .strictObject({
      values: listedValues().describe('The values to choose from.'),
      weights: list(double())
        .nullable()
        .default(null)
        .describe('Relative frequencies, one for each value.'),
    })
    .describe('One of some values.'),
  converts: 'number',
  sampleType: ({ values }) => typeOfList(values),
  listed: ({ values }) => unified(values),
  distribution({ values, weights }) {
    const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? values.length
    return listedDistribution(
      `category of ${values.length} values`,
      unified(values).map((value, at) => ({ value, share: (weights?.[at] ?? 1) / total })),
    )
  },
  check({ values, weights }, { path, columnName }) {
    if (weights === null) return []
    return weightProblems(weights, values.length, columnName).map((problem) => ({
      ...problem,
      path: [...path, 'weights', ...problem.path],
    }))
  },
  prepare({ values, weights }) {
    const choices = unified(values)
    if (weights === null) return (random) => choices[random.below(choices.length)] ?? null
    const ends = runningSums(weights)
    const total = ends[ends.length - 1] ?? 0
    return (random) => choices[firstAbove(ends, random.uniform() * total)] ?? null
  },
})

function weightProblems(weights: readonly number[], count: number, name: string): Problem[] {
  const problems: Problem[] = []
  if (weights.length !== count) {
    problems.push(
      refusal('wrong-length', [], `Column '${name}' needs one weight for every value`, {
        expected: `${count} weights`,
        received: `${weights.length}`,
      }),
    )
  }
  for (const [index, weight] of weights.entries()) {
    if (weight >= 0 && Number.isFinite(weight)) continue
    problems.push(
      refusal('out-of-range', [index], `A weight of '${name}' is negative or not finite`, {
        expected: 'a finite number, at least 0',
        received: `${weight}`,
        suggestion: 'Use 0 for a value that should never occur, or remove the value.',
      }),
    )
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (problems.length === 0 && !(total > 0 && Number.isFinite(total))) {
    problems.push(
      refusal('out-of-range', [], `The weights of '${name}' leave nothing to choose`, {
        expected: 'a finite sum above 0',
        received: `a sum of ${total}`,
      }),
    )
  }
  return problems
}

function runningSums(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length)
  let sum = 0
  for (const [index, weight] of weights.entries()) {
    sum += weight
    sums[index] = sum
  }
  return sums
}

/** Position of the first end above a number below the last: weights of 0 are never met. */
function firstAbove(ends: Float64Array, number: number): number {
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ends[middle] ?? 0) > number) high = middle
    else low = middle + 1
  }
  return low
}
