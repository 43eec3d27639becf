import { bernoulliMixture } from './bernoulli-mixture.ts'
import { bernoulli } from './bernoulli.ts'
import { binomial } from './binomial.ts'
import { category } from './category.ts'
import { datetime } from './datetime.ts'
import { gaussian } from './gaussian.ts'
import { person } from './person.ts'
import { personFromFaker } from './person-from-faker.ts'
import { poisson } from './poisson.ts'
import { scipy } from './scipy.ts'
import { subcategory } from './subcategory.ts'
import { timedelta } from './timedelta.ts'
import { uniform } from './uniform.ts'
import { uuid } from './uuid.ts'

/** The built-in samplers by their `sampler_type`. */
export const samplers = {
  bernoulli,
  bernoulli_mixture: bernoulliMixture,
  binomial,
  category,
  datetime,
  gaussian,
  person,
  person_from_faker: personFromFaker,
  poisson,
  scipy,
  subcategory,
  timedelta,
  uniform,
  uuid,
} as const
