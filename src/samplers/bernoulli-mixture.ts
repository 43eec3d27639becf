import { z } from 'zod'
import { double } from '../config/scalars.ts'
import type { ContinuousDistribution, DiscreteDistribution } from '../graph/distribution.ts'
import { Double } from '../util/value.ts'
import { defineSampler } from './define.ts'
import { drawFrom } from './scipy/draw-frozen.ts'
import { namedParams } from './scipy/named-params.ts'
import {
  familyProblems,
  freezeFamily,
  isDiscrete,
  namedDistribution,
} from './scipy/resolve-family.ts'

/** A draw from a distribution of scipy.stats with a chance, otherwise 0. */
export const bernoulliMixture = defineSampler({
  kind: 'bernoulli_mixture',
  params: z
    .strictObject({
      p: double({ min: 0, max: 1 }).describe('Chance of a draw; otherwise it is 0.'),
      ...namedParams,
    })
    .describe('A number from a distribution of scipy.stats with a chance, otherwise 0.'),
  converts: 'number',
  sampleType: (params) => (isDiscrete(params) ? 'int64' : 'float64'),
  distribution(params) {
    const drawn = namedDistribution(params)
    if (drawn?.shape !== 'continuous' && drawn?.shape !== 'discrete') return null
    return withZeros(drawn, params.p)
  },
  pieces(params) {
    const frozen = params.p > 0 ? freezeFamily(params) : null
    return [...(params.p < 1 ? [0] : []), ...(frozen === null ? [] : [frozen])]
  },
  check: (params, context) => familyProblems(params, context),
  prepare(params) {
    const { p, dist_name: name } = params
    const frozen = freezeFamily(params)
    if (frozen === null) throw new RangeError(`No distribution '${name}'.`)
    const draw = drawFrom(frozen)
    const nothing = frozen.kind === 'discrete' ? 0 : new Double(0)
    return (random) => (random.uniform() < p ? draw(random) : nothing)
  },
})

function withZeros(
  drawn: ContinuousDistribution | DiscreteDistribution,
  p: number,
): ContinuousDistribution | DiscreteDistribution {
  const cdf = (value: number): number => (value >= 0 ? 1 - p : 0) + p * drawn.cdf(value)
  return { ...drawn, label: `${drawn.label}, with the chance ${p}, otherwise 0`, cdf }
}
