import type { RateLimits } from '../graph/request.ts'
import { type AdjustableLimiter, checkedCap, type ReplyFacts, type Throttled } from './limiter.ts'
import { createRecovery } from './recovery.ts'
import { createSlowdownWatch, type SlowdownWatch } from './slowdown.ts'

export interface AdaptiveOptions {
  name: string
  /** Most units ever in flight, ≥ 1. */
  cap: number
  /** The limit is multiplied by this once per burst of 429s; in (0, 1). */
  decrease: number
  /** So many units more after so many successes without a 429; null grows as `recovery.ts` says. */
  increase: { units: number; successes: number } | null
  /** Pause after a 429 without Retry-After; null begins with a quarter of a second and doubles. */
  cooldownMs: number | null
  /** A Retry-After beyond this is cut to it. */
  longestCooldownMs: number
  /** Time over which the limit grows from 1 to the cap at the start, 0 for none; null grows with replies. */
  rampMs: number | null
  /** Tries whether fewer requests at once are served as fast (`slowdown.ts`). */
  slowdownTrials: boolean
  /** Uniform in [0, 1): pauses of several processes must not end together. */
  jitter: () => number
}

/** With no ramp declared: units at the start, and units more for each reply, up to the cap. */
const FIRST_UNITS = 32
const UNITS_PER_REPLY = 3
const FIRST_PAUSE_MS = 250
const LONGEST_OWN_PAUSE_MS = 60_000
/** A Retry-After below this is not shorter than the own pause: "at once" would be a storm. */
const LONGEST_FLOOR_MS = 1_000
/** Requests after a pause, as a share of the limit, and how many more each success allows. */
const PROBE_SHARE = 1 / 8
const PROBES_PER_SUCCESS = 2
/** Refusals come at once: what is unanswered for this long was let in, and lets others go. */
const LEAST_ACCEPT_MS = 1_000
const PROBE_GROWTH = 3
/** A 429 with fewer requests in flight than this share of what was tolerated is not about concurrency. */
const LIKELY_SHARE = 0.75
const FORGET = 0.9
/** A quota with less than this share left is what refused. */
const USED_UP_SHARE = 0.05
/** Timeouts, at least two and this share of what ended, are taken for overload. */
const TIMEOUT_SHARE = 0.05

/**
 * A concurrency limit that follows what the endpoint tolerates.
 *
 * It shrinks once per burst of 429s, of timeouts, and, where that is tried, when fewer requests at once
 * would be served no slower (`slowdown.ts`); it grows with successes. After a 429 it is closed for a while and then
 * opens for a few requests, whose successes open it wholly.
 *
 * A mark is the number of bursts seen when the unit was taken: a 429 of a request that left before
 * the last one says nothing new.
 */
export function createAdaptiveLimiter(options: AdaptiveOptions): AdjustableLimiter {
  const { name, decrease, increase, jitter } = options
  let { cap } = options
  const slowdown: SlowdownWatch | null = options.slowdownTrials
    ? createSlowdownWatch(() => cap)
    : null
  const recovery = createRecovery()
  let inFlight = 0
  let startup: 'ramp' | 'replies' | null = startupOf(options)
  let limit = startup === 'ramp' ? 1 : startup === 'replies' ? FIRST_UNITS : cap
  let rampStart: number | null = null
  let bursts = 0
  /** Units taken since the last burst, and how many of those may be in flight while probing. */
  let fresh = 0
  let probes = Number.POSITIVE_INFINITY
  let probesSince: number | null = null
  let acceptMs = LEAST_ACCEPT_MS
  /** Bursts since the last success of a request that left after one. */
  let refusals = 0
  /** Most in flight when one succeeded; less believed with every refusal. */
  let borne = 0
  /** Most in flight lately: a limit that is not reached teaches nothing. */
  let peak = 0
  let sincePeak = 0
  let streak = 0
  let timeouts = 0
  let ended = 0
  let closedUntil = Number.NEGATIVE_INFINITY

  function currentLimit(now: number): number {
    if (startup === 'ramp' && options.rampMs !== null) {
      rampStart ??= now
      limit = Math.min(cap, 1 + stepsBy(now, rampStart, rampStepMs(options.rampMs)))
      if (limit === cap) startup = null
    }
    return allowed()
  }

  function allowed(): number {
    const most = Math.min(limit, cap)
    return slowdown === null ? most : Math.min(most, slowdown.ceiling)
  }

  function rampStepMs(rampMs: number): number {
    return cap > 1 ? rampMs / (cap - 1) : Number.POSITIVE_INFINITY
  }

  /** While ramping, when the limit grows by one more. */
  function nextRampStep(): number {
    return startup === 'ramp' && rampStart !== null && options.rampMs !== null
      ? stepAt(limit, rampStart, rampStepMs(options.rampMs))
      : Number.POSITIVE_INFINITY
  }

  /** Units that may be in flight of those taken since the last burst. */
  function allowedProbes(now: number): number {
    if (probes === Number.POSITIVE_INFINITY || probesSince === null) return probes
    const grown = probes * PROBE_GROWTH ** stepsBy(now, probesSince, acceptMs)
    if (grown < limit) return grown
    probes = Number.POSITIVE_INFINITY
    refusals = 0
    return probes
  }

  /** While probing, when more may leave though no one answered. */
  function nextProbeStep(now: number): number {
    if (probesSince === null) return Number.POSITIVE_INFINITY
    return stepAt(stepsBy(now, probesSince, acceptMs) + 1, probesSince, acceptMs)
  }

  /** The one answer to whether a unit is free: at or before `now` is yes. */
  function readyAt(now: number): number {
    if (inFlight >= currentLimit(now)) return nextRampStep()
    if (fresh >= allowedProbes(now)) return nextProbeStep(now)
    return Math.max(now, closedUntil)
  }

  function beginBurst(): void {
    bursts += 1
    fresh = 0
    probesSince = null
    streak = 0
    timeouts = 0
    ended = 0
    startup = null
  }

  function onThrottled(
    mark: number,
    { retryAfterMs, latencyMs, limits }: Throttled,
    now: number,
  ): void {
    const isNew = mark === bursts
    if (isNew) refusals += 1
    // "At once", or a date in the past, says nothing of when it is open again.
    const toldMs = retryAfterMs === null || !(retryAfterMs > 0) ? null : retryAfterMs
    if (isNew || toldMs !== null) closedUntil = Math.max(closedUntil, now + pauseMs(toldMs))
    if (latencyMs !== undefined) acceptMs = Math.max(LEAST_ACCEPT_MS, 2 * latencyMs)
    if (!isNew) return
    const before = currentLimit(now)
    const asked = Math.min(before, allowedProbes(now))
    const isAboutConcurrency = !isQuotaUsedUp(limits) && inFlight + 1 >= LIKELY_SHARE * borne
    // A refused first probe says that it is closed, not that the limit is too high.
    if (isAboutConcurrency && asked > firstProbes(before)) {
      // Probes come on top of what is still in flight from before.
      const at = Math.min(before, Math.max(asked, inFlight + 1))
      limit = Math.max(1, Math.floor(at * decrease))
      recovery.refused({ at, now: limit })
    }
    borne *= FORGET
    beginBurst()
    probes = refusals > 1 ? 1 : firstProbes(limit)
  }

  /** `toldMs` above 0, or null. */
  function pauseMs(toldMs: number | null): number {
    if (toldMs === null) return ownPauseMs()
    const told = Math.min(toldMs, options.longestCooldownMs) * (1 + jitter() / 10)
    return told >= LONGEST_FLOOR_MS
      ? told
      : Math.max(told, Math.min(ownPauseMs(), LONGEST_FLOOR_MS))
  }

  function ownPauseMs(): number {
    if (options.cooldownMs !== null) return options.cooldownMs
    const doubled = FIRST_PAUSE_MS * 2 ** Math.min(20, Math.max(0, refusals - 1))
    return Math.min(LONGEST_OWN_PAUSE_MS, doubled) * (0.75 + jitter() / 2)
  }

  function onTimeout(mark: number, now: number): void {
    if (mark !== bursts) return
    timeouts += 1
    if (timeouts < 2 || timeouts < TIMEOUT_SHARE * ended) return
    limit = Math.max(1, Math.floor(currentLimit(now) * decrease))
    recovery.overloaded(limit)
    beginBurst()
  }

  function onSuccess(mark: number, reply: ReplyFacts | undefined, now: number): void {
    if (mark === bursts) {
      refusals = 0
      borne = Math.max(borne, inFlight + 1)
    }
    const isFull = peak >= currentLimit(now) / 2
    sincePeak += 1
    if (sincePeak >= limit) {
      peak = inFlight
      sincePeak = 0
    }
    if (slowdown !== null && reply !== undefined)
      slowdown.note(reply, { now, limit: currentLimit(now), isFull })
    if (now < closedUntil || startup === 'ramp') return
    if (allowedProbes(now) < limit) {
      if (mark === bursts) probes += PROBES_PER_SUCCESS
      return
    }
    if (startup === 'replies') {
      if (isFull) limit = Math.min(cap, limit + UNITS_PER_REPLY)
      if (limit === cap) startup = null
    } else if (increase !== null) {
      streak += 1
      if (streak < increase.successes) return
      streak = 0
      limit = Math.min(cap, limit + increase.units)
    } else if (isFull && limit < cap) {
      limit = Math.min(cap, recovery.grow(limit))
    }
  }

  return {
    name,
    counts: 'in-flight',
    perMinute: null,
    get cap() {
      return cap
    },
    readyAt,
    take(now) {
      if (readyAt(now) > now) throw new Error(`limiter ${name} has no free unit`)
      inFlight += 1
      fresh += 1
      probesSince ??= now
      if (inFlight > peak) peak = inFlight
      return bursts
    },
    release(mark, outcome, now) {
      inFlight -= 1
      if (mark === bursts) {
        fresh -= 1
        ended += 1
      }
      switch (outcome.kind) {
        case 'throttled':
          onThrottled(mark, outcome, now)
          break
        case 'ok':
          onSuccess(mark, outcome.reply, now)
          break
        case 'failed':
          if (outcome.timedOut === true) onTimeout(mark, now)
          break
        case 'unused':
          break
      }
    },
    setCap(units) {
      const before = cap
      cap = checkedCap(name, units)
      // Where nothing but the old cap held it down, it goes on as at the start.
      if (cap > before && limit >= before && startup !== 'ramp') {
        limit = Math.min(cap, Math.max(2 * limit, FIRST_UNITS))
        if (limit < cap) startup = 'replies'
      }
      limit = Math.min(cap, Math.max(1, limit))
    },
    get inFlight() {
      return inFlight
    },
    get limit() {
      return allowed()
    },
    get closedUntil() {
      return closedUntil
    },
  }
}

function stepAt(step: number, from: number, stepMs: number): number {
  return from + step * stepMs
}

/**
 * Steps whose instant has come, by `stepAt` and nothing else: with a separate rounding a step
 * could be foretold for now and not be taken yet.
 */
function stepsBy(now: number, from: number, stepMs: number): number {
  let steps = Math.max(0, Math.floor((now - from) / stepMs))
  while (steps > 0 && stepAt(steps, from, stepMs) > now) steps -= 1
  while (stepAt(steps + 1, from, stepMs) <= now) steps += 1
  return steps
}

function startupOf({ cap, rampMs }: AdaptiveOptions): 'ramp' | 'replies' | null {
  if (rampMs === null) return cap > FIRST_UNITS ? 'replies' : null
  return rampMs > 0 && cap > 1 ? 'ramp' : null
}

function firstProbes(limit: number): number {
  return Math.max(1, Math.ceil(limit * PROBE_SHARE))
}

function isQuotaUsedUp(limits: RateLimits | null | undefined): boolean {
  if (limits === null || limits === undefined) return false
  return [limits.requests, limits.tokens].some(
    (quota) =>
      quota !== null &&
      quota.remaining !== null &&
      quota.remaining <= USED_UP_SHARE * (quota.perMinute ?? 0),
  )
}
