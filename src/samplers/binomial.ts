import { z } from 'zod'
import { double, integer } from '../config/scalars.ts'
import { defineSampler } from './define.ts'
import { binomialCounts } from './scipy/counts.ts'
import { discreteDistribution, drawFrom } from './scipy/draw-frozen.ts'

/** How many of n tries succeed. */
export const binomial = defineSampler({
  kind: 'binomial',
  params: z
    .strictObject({
      n: integer({ min: 0 }).describe('Tries.'),
      p: double({ min: 0, max: 1 }).describe('Chance of success in each.'),
    })
    .describe('Successes in a number of tries.'),
  converts: 'number',
  sampleType: () => 'int64',
  distribution: ({ n, p }) =>
    discreteDistribution(binomialCounts(n, p), `binomial, n ${n}, p ${p}`),
  frozen: ({ n, p }) => binomialCounts(n, p),
  prepare: ({ n, p }) => drawFrom(binomialCounts(n, p)),
})
