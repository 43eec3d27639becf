import type { RequestAdmission } from '../config/run-config.ts'
import { createAdaptiveLimiter } from '../limits/adaptive-limiter.ts'
import { type Breaker, createBreaker } from '../limits/breaker.ts'
import { createConcurrencyLimiter, type Limiter } from '../limits/limiter.ts'
import { createRateLimiter } from '../limits/rate-limiter.ts'
import type { ModelRegistry } from '../models/registry.ts'
import type { Rate, RouteTarget } from '../models/route-target.ts'
import type { Choice, Route } from '../scheduler/route.ts'
import { jitter } from '../util/random-source.ts'

/** A Retry-After beyond this is cut to it, so that a typo of a server does not stop a run. */
const LONGEST_COOLDOWN_MS = 5 * 60_000

export interface RoutesOptions {
  admission: RequestAdmission
  /** Whether requests wait for an endpoint that fails, as they do for one that can't be reached. */
  waitsForFailing: boolean
  /** Whether requests that begin alike go together. */
  prefixOrder?: boolean
  /** Names of places that answered when they were asked whether they are ready. */
  ready?: ReadonlySet<string>
  random?: () => number
}

/**
 * A route per alias, with a choice for each place its requests may go. Limiters of a choice: the alias's
 * own cap and rates, shared by all of them; what (provider, key, model) tolerates, which adapts to 429s,
 * with the rates its replies report, shared by aliases of the same model; the endpoint's cap, and the rates
 * of its key, where they are declared; breakers of the endpoint, for when it can't be reached, and of the
 * model there, for when it fails.
 */
export function createRoutes(
  models: Pick<ModelRegistry, 'aliases' | 'targets'>,
  {
    admission,
    waitsForFailing,
    prefixOrder = true,
    ready = new Set(),
    random = jitter,
  }: RoutesOptions,
): Route[] {
  const shared = new Map<string, Limiter>()
  const breakers = new Map<string, Breaker>()
  const all = models.aliases.flatMap((alias) => models.targets(alias))

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

  function ofModel(target: RouteTarget): Limiter[] {
    const { provider, model, key } = target
    const shown = [provider, ...(isOneKeyOfSeveral(target, all) ? [key] : []), model].join(' ')
    const siblings = all.filter(
      (other) => other.provider === provider && other.model === model && other.key === key,
    )
    return [
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
      // Limits that replies report: endpoints count most quotas per model.
      ...(['requests', 'tokens'] as const).map((counts) =>
        share(`${counts} of ${shown}`, () =>
          createRateLimiter({ name: shown, counts, perMinute: null }),
        ),
      ),
    ]
  }

  function ofEndpoint(target: RouteTarget): Limiter[] {
    const { endpoint, endpointCap: cap, endpointRate, key } = target
    // Endpoints count quotas per key.
    const keyed = isOneKeyOfSeveral(target, all) ? `${endpoint} ${key}` : endpoint
    const rates = ratesOf(endpointRate).map(({ counts, perMinute }) =>
      share(`${counts} of endpoint ${keyed}`, () =>
        createRateLimiter({ name: endpoint, counts, perMinute }),
      ),
    )
    if (cap === null) return rates
    const own = share(`endpoint ${endpoint}`, () =>
      createConcurrencyLimiter({ name: endpoint, cap }),
    )
    return [...rates, own]
  }

  function choiceOf(target: RouteTarget, ofAlias: readonly Limiter[]): Choice {
    const { endpoint, model } = target
    const ownBreakers = [
      breaker(endpoint, 'unreachable'),
      ...(waitsForFailing ? [breaker(`${endpoint} ${model}`, 'failing')] : []),
    ]
    return {
      name: target.name,
      label: target.choice,
      resource: target.resource,
      endpoint,
      model,
      limiters: [...ofAlias, ...ofModel(target), ...ofEndpoint(target), ...ownBreakers],
      weight: target.weight,
      breakers: ownBreakers,
      isReady: ready.has(target.name),
    }
  }

  return models.aliases.map((alias): Route => {
    const targets = models.targets(alias)
    const [first] = targets
    if (first === undefined) throw new Error(`the model alias ${alias} leads nowhere`)
    const ofAlias = [
      createConcurrencyLimiter({ name: alias, cap: first.aliasCap }),
      ...ratesOf(first.aliasRate).map((rate) => createRateLimiter({ name: alias, ...rate })),
    ]
    return {
      name: alias,
      choices: targets.map((target) => choiceOf(target, ofAlias)),
      maxTokens: first.maxTokens,
      timeoutMs: first.timeoutMs,
      hedge: targets.length > 1 ? first.hedge : null,
      keepsPrefixes: prefixOrder && (targets.length > 1 || first.cachesPrompts),
    }
  })
}

/** Whether the provider uses several keys. */
function isOneKeyOfSeveral({ provider, key }: RouteTarget, all: readonly RouteTarget[]): boolean {
  return all.some((other) => other.provider === provider && other.key !== key)
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

/** One of the two is enough to ask for growth by steps; the other then has NeMo Data Designer's value. */
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
