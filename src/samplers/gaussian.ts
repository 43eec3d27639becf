import { z } from 'zod'
import { double, integer } from '../config/scalars.ts'
import { normalCdf } from '../random/normal.ts'
import { toDouble } from '../util/value.ts'
import { defineSampler } from './define.ts'
import { refusal } from './refusal.ts'
import { moved } from './scipy/frozen.ts'
import { normal } from './scipy/normal-families.ts'

export const gaussian = defineSampler({
  kind: 'gaussian',
  params: z
    .strictObject({
      mean: double().describe('Centre of the values.'),
      stddev: double().describe('Spread of the values, at least 0.'),
      decimal_places: integer().nullable().default(null).describe('Digits to round to.'),
    })
    .describe('A number around a mean.'),
  converts: 'number',
  sampleType: () => 'float64',
  decimalPlaces: (params) => params.decimal_places,
  distribution: ({ mean, stddev }) => ({
    shape: 'continuous',
    label: `gaussian, mean ${mean}, standard deviation ${stddev}`,
    of: 'number',
    cdf(value) {
      if (stddev === 0) return value < mean ? 0 : 1
      return normalCdf((value - mean) / stddev)
    },
    rounding: null,
  }),
  frozen: ({ mean, stddev }) => (stddev > 0 ? moved(normal, mean, stddev) : null),
  pieces: ({ mean, stddev }) => (stddev === 0 ? [mean] : []),
  check({ mean, stddev }, { path, columnName }) {
    const problems = []
    if (!Number.isFinite(mean)) {
      problems.push(
        refusal('out-of-range', [...path, 'mean'], `The mean of '${columnName}' is not finite`, {
          expected: 'a finite number',
          received: `${mean}`,
        }),
      )
    }
    if (!(Number.isFinite(stddev) && stddev >= 0)) {
      problems.push(
        refusal(
          'out-of-range',
          [...path, 'stddev'],
          `The standard deviation of '${columnName}' is negative or not finite`,
          { expected: 'a finite number, at least 0', received: `${stddev}` },
        ),
      )
    }
    return problems
  },
  prepare:
    ({ mean, stddev }) =>
    (random) =>
      toDouble(mean + stddev * random.normal()),
})
