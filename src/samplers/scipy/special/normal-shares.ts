import { normalQuantile } from '../../../random/normal.ts'
import { incompleteGamma } from './incomplete-gamma.ts'

/** The shares of the standard normal below and above z, both exact however small. */
export function normalShares(z: number): readonly [below: number, above: number] {
  const [inner, outer] = incompleteGamma(0.5, (z * z) / 2)
  const far = (1 + inner) / 2
  return z < 0 ? [outer / 2, far] : [far, outer / 2]
}

/** The quantile, by the tail that is exact. */
export function normalPlace(below: number, above: number): number {
  if (below <= 0) return -Infinity
  if (above <= 0) return Infinity
  return below <= above ? normalQuantile(below) : -normalQuantile(above)
}
