import type { RequestAdmission } from '../config/run-config.ts'
import { createAdaptiveLimiter, createConcurrencyLimiter, type Limiter } from '../limits/limiter.ts'
import type { ModelRegistry } from '../models/registry.ts'
import type { Route } from '../scheduler/routes.ts'

/** A Retry-After beyond this is cut to it, so that a typo of a server does not stop a run. */
const LONGEST_COOLDOWN_MS = 5 * 60_000

/**
 * A route per alias. Its limiters: the alias's own cap; what (provider, model) bears, which adapts
 * to 429s and is shared by aliases of the same model; the endpoint's cap where one is declared.
 */
export function createRoutes(models: ModelRegistry, admission: RequestAdmission): Route[] {
  const shared = new Map<string, Limiter>()
  const targets = models.aliases.map((alias) => models.target(alias))

  function share(key: string, create: () => Limiter): Limiter {
    let limiter = shared.get(key)
    if (limiter === undefined) shared.set(key, (limiter = create()))
    return limiter
  }

  return targets.map(({ alias, provider, model, endpoint, aliasCap, endpointCap }) => {
    const siblings = targets.filter(
      (target) => target.provider === provider && target.model === model,
    )
    const limiters = [
      createConcurrencyLimiter({ name: alias, cap: aliasCap }),
      share(`model ${provider} ${model}`, () =>
        createAdaptiveLimiter({
          name: `${provider} ${model}`,
          cap: siblings.reduce((sum, target) => sum + target.aliasCap, 0),
          decrease: admission.multiplicative_decrease_factor,
          increase: admission.additive_increase_step,
          successesUntilIncrease: admission.successes_until_increase,
          cooldownMs: admission.cooldown_seconds * 1000,
          longestCooldownMs: LONGEST_COOLDOWN_MS,
          rampMs: admission.startup_ramp_seconds * 1000,
        }),
      ),
    ]
    if (endpointCap !== null) {
      limiters.push(
        share(`endpoint ${endpoint}`, () =>
          createConcurrencyLimiter({ name: endpoint, cap: endpointCap }),
        ),
      )
    }
    return { name: alias, endpoint, limiters }
  })
}
