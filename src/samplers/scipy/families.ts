import { algebraicFamilies } from './algebraic-families.ts'
import { betaFamilies } from './beta-families.ts'
import { endlessFamilies } from './endless-families.ts'
import { exponentialFamilies } from './exponential-families.ts'
import type { Family } from './family.ts'
import { finiteFamilies } from './finite-families.ts'
import { gammaFamilies } from './gamma-families.ts'
import { landauFamilies } from './landau.ts'
import { noncentralFamilies } from './noncentral-families.ts'
import { normalFamilies } from './normal-families.ts'
import { testStatisticFamilies } from './test-statistic-families.ts'

/** The distributions of scipy.stats by their names there. */
export const families: ReadonlyMap<string, Family> = new Map(
  Object.entries<Family>({
    ...algebraicFamilies,
    ...exponentialFamilies,
    ...normalFamilies,
    ...gammaFamilies,
    ...betaFamilies,
    ...noncentralFamilies,
    ...landauFamilies,
    ...testStatisticFamilies,
    ...finiteFamilies,
    ...endlessFamilies,
  }),
)

const noInverse = 'its quantile has no formula, and scipy itself searches for each one'
const noTail =
  'its distribution function has no formula: scipy itself integrates or approximates it'

/** Families that are refused, with the reason. */
export const refusedFamilies: ReadonlyMap<string, string> = new Map([
  ['argus', noInverse],
  ['dpareto_lognorm', noInverse],
  ['exponnorm', noInverse],
  ['foldcauchy', noInverse],
  ['foldnorm', noInverse],
  ['gausshyper', noTail],
  ['genhyperbolic', noTail],
  ['geninvgauss', noTail],
  ['irwinhall', noInverse],
  ['levy_stable', noTail],
  ['norminvgauss', noTail],
  ['recipinvgauss', noInverse],
  ['rel_breitwigner', noInverse],
  ['studentized_range', noTail],
  ['vonmises', noTail],
  ['vonmises_line', noTail],
])
