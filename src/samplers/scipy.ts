import { z } from 'zod'
import { integer } from '../config/scalars.ts'
import { defineSampler } from './define.ts'
import { drawFrom } from './scipy/draw-frozen.ts'
import { namedParams } from './scipy/named-params.ts'
import {
  familyProblems,
  freezeFamily,
  isDiscrete,
  namedDistribution,
} from './scipy/resolve-family.ts'

/** A distribution of scipy.stats. */
export const scipy = defineSampler({
  kind: 'scipy',
  params: z
    .strictObject({
      ...namedParams,
      decimal_places: integer().nullable().default(null).describe('Digits to round to.'),
    })
    .describe('A number from a distribution of scipy.stats.'),
  converts: 'number',
  sampleType: (params) => (isDiscrete(params) ? 'int64' : 'float64'),
  decimalPlaces: (params) => params.decimal_places,
  distribution: (params) => namedDistribution(params),
  frozen: (params) => freezeFamily(params),
  check: (params, context) => familyProblems(params, context),
  prepare(params) {
    const frozen = freezeFamily(params)
    if (frozen === null) throw new RangeError(`No distribution '${params.dist_name}'.`)
    return drawFrom(frozen)
  },
})
