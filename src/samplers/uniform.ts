import { z } from 'zod'
import { double, integer } from '../config/scalars.ts'
import { toDouble } from '../util/value.ts'
import { defineSampler } from './define.ts'
import { uniformCdf } from './declare-distribution.ts'
import { refusal } from './refusal.ts'
import { continuous } from './scipy/frozen.ts'

/** Continuous in [low, high); equal bounds are a constant. */
export const uniform = defineSampler({
  kind: 'uniform',
  params: z
    .strictObject({
      low: double().describe('Smallest value.'),
      high: double().describe('End of the range; itself not drawn, unless rounding reaches it.'),
      decimal_places: integer().nullable().default(null).describe('Digits to round to.'),
    })
    .describe('A number from a range.'),
  converts: 'number',
  sampleType: () => 'float64',
  decimalPlaces: (params) => params.decimal_places,
  distribution: ({ low, high }) => ({
    shape: 'continuous',
    label: `uniform from ${low} to ${high}`,
    of: 'number',
    cdf: (value) => uniformCdf(low, high, value),
    rounding: null,
  }),
  frozen({ low, high }) {
    if (!(low < high)) return null
    return continuous(
      (value) => [(value - low) / (high - low), (high - value) / (high - low)],
      (below, above) => (below <= 0.5 ? low + below * (high - low) : high - above * (high - low)),
      { low, high },
    )
  },
  pieces: ({ low, high }) => (low === high ? [low] : []),
  check({ low, high }, { path, columnName }) {
    if (Number.isFinite(high - low) && low <= high) return []
    const reversed = high < low
    const message = reversed
      ? `Column '${columnName}' draws from low to high, but high lies below low`
      : `Column '${columnName}' draws between bounds that are not finite`
    return [
      refusal(reversed ? 'reversed-range' : 'out-of-range', [...path, 'high'], message, {
        expected: reversed ? `at least ${low}` : 'two finite numbers a finite distance apart',
        received: reversed ? `${high}` : `${low} to ${high}`,
        suggestion: reversed ? 'Exchange low and high.' : 'Write the range you need as numbers.',
      }),
    ]
  },
  prepare:
    ({ low, high }) =>
    (random) => {
      const value = low + (high - low) * random.uniform()
      // Rounding may reach the open end of a range with few doubles inside.
      return toDouble(value < high ? value : low)
    },
})
