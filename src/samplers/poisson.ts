import { z } from 'zod'
import { double } from '../config/scalars.ts'
import { defineSampler } from './define.ts'
import { poissonCounts } from './scipy/counts.ts'
import { discreteDistribution, drawFrom } from './scipy/draw-frozen.ts'

/** How often something happens that happens `mean` times on average. */
export const poisson = defineSampler({
  kind: 'poisson',
  params: z
    .strictObject({
      // Above it doubles are no longer all whole numbers.
      mean: double({ min: 0, max: 1e15 }).describe('Events on average, 0 or more.'),
    })
    .describe('A number of events.'),
  converts: 'number',
  sampleType: () => 'int64',
  distribution: ({ mean }) => discreteDistribution(poissonCounts(mean), `poisson, mean ${mean}`),
  frozen: ({ mean }) => poissonCounts(mean),
  prepare: ({ mean }) => drawFrom(poissonCounts(mean)),
})
