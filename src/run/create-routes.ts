import type { RequestAdmission } from '../config/run-config.ts'
import { createAdaptiveLimiter } from '../limits/adaptive-limiter.ts'
import { type Breaker, createBreaker } from '../limits/breaker.ts'
import { createConcurrencyLimiter, type Limiter } from '../limits/limiter.ts'
import { createRateLimiter } from '../limits/rate-limiter.ts'
import type { ModelRegistry, Rate } from '../models/registry.ts'
import type { Choice, Route } from '../scheduler/route.ts'
import { jitter } from '../util/random-source.ts'

/** A Retry-After beyond this is cut to it, so that a typo of a server does not stop a run. */
const LONGEST_COOLDOWN_MS = 5 * 60_000

export interface RoutesOptions {
  admission: RequestAdmission
  /** Whether requests wait for an endpoint that fails, as they do for one that can't be reached. */
  waitsForFailing: boolean
  /** Aliases that answered when they were asked whether they are ready. */
  ready?: ReadonlySet<string>
  random?: () => number
}

/**
 * A route per alias, of one choice. Its limiters: the alias's own cap and rates; what (provider,
 * model) tolerates, which adapts to 429s, with the rates its replies tell, shared by aliases of the
 * same model; the endpoint's cap and rates where they are declared; breakers of the endpoint, for when
 * it can't be reached, and of the model there, for when it fails.
 */
export function createRoutes(
  models: Pick<ModelRegistry, 'aliases' | 'target'>,
  { admission, waitsForFailing, ready = new Set(), random = jitter }: RoutesOptions,
): Route[] {
  const shared = new Map<string, Limiter>()
  const breakers = new Map<string, Breaker>()
  const targets = models.aliases.map((alias) => models.target(alias))

  function share(key: string, create: () => Limiter): Limiter {
    let limiter = shared.get(key)
    if (limiter === undefined) shared.set(key, (limiter = create()))
    return limiter
  }

  function breaker(name: string, opensFor: 'unreachable' | 'failing'): Breaker {
    const key = `${opensFor} ${name}`
    let known = breakers.get(key)
    if (known === undefined) {
      breakers.set(key, (known = createBreaker({ name, opensFor, jitter: random })))
    }
    return known
  }

  return targets.map((target) => {
    const { alias, provider, model, endpoint, resource, aliasCap, endpointCap } = target
    const siblings = targets.filter((other) => other.provider === provider && other.model === model)
    const shown = `${provider} ${model}`
    const ownBreakers = [
      breaker(endpoint, 'unreachable'),
      ...(waitsForFailing ? [breaker(`${endpoint} ${model}`, 'failing')] : []),
    ]
    const limiters = [
      createConcurrencyLimiter({ name: alias, cap: aliasCap }),
      ...ratesOf(target.aliasRate).map((rate) => createRateLimiter({ name: alias, ...rate })),
      share(`model ${shown}`, () =>
        createAdaptiveLimiter({
          name: shown,
          cap: siblings.reduce((sum, sibling) => sum + sibling.aliasCap, 0),
          decrease: admission.multiplicative_decrease_factor,
          increase: increaseOf(admission),
          cooldownMs: msOf(admission.cooldown_seconds),
          longestCooldownMs: LONGEST_COOLDOWN_MS,
          rampMs: msOf(admission.startup_ramp_seconds),
          slowdownTrials: admission.slowdown_trials,
          jitter: random,
        }),
      ),
      // What replies tell: endpoints count most quotas per model.
      ...(['requests', 'tokens'] as const).map((counts) =>
        share(`${counts} of ${shown}`, () =>
          createRateLimiter({ name: shown, counts, perMinute: null }),
        ),
      ),
      ...ratesOf(target.endpointRate).map(({ counts, perMinute }) =>
        share(`${counts} of endpoint ${endpoint}`, () =>
          createRateLimiter({ name: endpoint, counts, perMinute }),
        ),
      ),
      ...ownBreakers,
    ]
    if (endpointCap !== null) {
      limiters.push(
        share(`endpoint ${endpoint}`, () =>
          createConcurrencyLimiter({ name: endpoint, cap: endpointCap }),
        ),
      )
    }
    const choice: Choice = {
      name: alias,
      resource,
      endpoint,
      model,
      limiters,
      weight: 1,
      breakers: ownBreakers,
      isReady: ready.has(alias),
    }
    const { maxTokens, timeoutMs } = target
    return { name: alias, choices: [choice], maxTokens, timeoutMs }
  })
}

function ratesOf({
  requests,
  tokens,
}: Rate): { counts: 'requests' | 'tokens'; perMinute: number }[] {
  return [
    ...(requests === null ? [] : [{ counts: 'requests' as const, perMinute: requests }]),
    ...(tokens === null ? [] : [{ counts: 'tokens' as const, perMinute: tokens }]),
  ]
}

/** One of the two is enough to ask for growth by steps; the other then has the ancestor's value. */
function increaseOf({
  additive_increase_step: units,
  successes_until_increase: successes,
}: RequestAdmission): { units: number; successes: number } | null {
  if (units === null && successes === null) return null
  return { units: units ?? 1, successes: successes ?? 25 }
}

function msOf(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000
}
