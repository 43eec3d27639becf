import { z } from 'zod'
import { double } from '../config/scalars.ts'
import { defineSampler } from './define.ts'

export const bernoulli = defineSampler({
  kind: 'bernoulli',
  params: z
    .strictObject({ p: double({ min: 0, max: 1 }).describe('Chance of a 1.') })
    .describe('1 with a chance, otherwise 0.'),
  converts: 'number',
  sampleType: () => 'int64',
  distribution: ({ p }) => ({
    shape: 'listed',
    label: `bernoulli, p ${p}`,
    shares: [
      { value: 1, share: p },
      { value: 0, share: 1 - p },
    ],
  }),
  prepare:
    ({ p }) =>
    (random) =>
      random.uniform() < p ? 1 : 0,
})
