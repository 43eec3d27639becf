import { bernoulli } from './bernoulli.ts'
import { category } from './category.ts'
import { datetime } from './datetime.ts'
import { gaussian } from './gaussian.ts'
import { subcategory } from './subcategory.ts'
import { timedelta } from './timedelta.ts'
import { uniform } from './uniform.ts'
import { uuid } from './uuid.ts'

/** The built-in samplers by their `sampler_type`. */
export const samplers = {
  bernoulli,
  category,
  datetime,
  gaussian,
  subcategory,
  timedelta,
  uniform,
  uuid,
} as const
