import { z } from 'zod'
import { double, list, mapOf, text } from '../../config/scalars.ts'

/** The parameters that name a distribution of scipy.stats. */
export const namedParams = {
  dist_name: text({ nonEmpty: true }).describe('A distribution of scipy.stats.'),
  dist_params: mapOf(z.union([double(), list(double())])).describe(
    'Its parameters by their names in scipy: shapes, loc, scale.',
  ),
}
