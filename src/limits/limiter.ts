/** What a limiter learns from a request that left it. */
export type LimiterOutcome =
  | { kind: 'ok' }
  | { kind: 'throttled'; retryAfterMs: number | null }
  | { kind: 'failed' }
  /** The unit came back without a request having left. */
  | { kind: 'unused' }

/**
 * One thing that can be saturated. Units are taken for the time a request is on the wire.
 *
 * A limiter never waits and never calls anybody: it answers when a unit could be had.
 */
export interface Limiter {
  readonly name: string
  /**
   * When a unit can be had if nobody gives one back: at or before `now` means at once,
   * `Infinity` means only after a release.
   */
  readyAt(now: number): number
  /** Takes a unit; the returned mark goes back with `release`. Throws when there is none. */
  take(now: number): number
  release(mark: number, outcome: LimiterOutcome, now: number): void
  readonly inFlight: number
  /** Units that may be in flight now; moves when the limiter adapts. */
  readonly limit: number
  /** Units that can ever be in flight. */
  readonly cap: number
}

export interface ConcurrencyOptions {
  name: string
  /** Most units ever in flight, ≥ 1. */
  cap: number
}

/** A fixed number of units: an alias's own cap, an endpoint's declared cap, a lane of this machine. */
export function createConcurrencyLimiter({ name, cap }: ConcurrencyOptions): Limiter {
  let inFlight = 0
  return {
    name,
    cap,
    readyAt: (now) => (inFlight < cap ? now : Number.POSITIVE_INFINITY),
    take() {
      if (inFlight >= cap) throw new Error(`limiter ${name} has no free unit`)
      inFlight += 1
      return 0
    },
    release() {
      inFlight -= 1
    },
    get inFlight() {
      return inFlight
    },
    get limit() {
      return cap
    },
  }
}

export interface AdaptiveOptions extends ConcurrencyOptions {
  /** The limit is multiplied by this once per burst of 429s; in (0, 1). */
  decrease: number
  /** Units added after `successesUntilIncrease` successes without a 429 between them. */
  increase: number
  successesUntilIncrease: number
  /** Pause after a 429 without Retry-After. */
  cooldownMs: number
  /** A Retry-After beyond this is cut to it. */
  longestCooldownMs: number
  /** Time over which the limit grows from 1 to the cap at the start; 0 starts at the cap. */
  rampMs: number
}

/**
 * A concurrency limit that follows what the endpoint bears: it shrinks once per burst of 429s,
 * grows back with successes, and is closed while the endpoint asked for quiet.
 *
 * A mark is the number of decreases seen when the unit was taken: a 429 of a request that left
 * before the last decrease says nothing new.
 */
export function createAdaptiveLimiter(options: AdaptiveOptions): Limiter {
  const { name, cap, decrease, increase, successesUntilIncrease } = options
  let inFlight = 0
  let ramping = options.rampMs > 0 && cap > 1
  let limit = ramping ? 1 : cap
  let decreases = 0
  let streak = 0
  let blockedUntil = Number.NEGATIVE_INFINITY
  let rampStart: number | null = null

  function currentLimit(now: number): number {
    if (!ramping) return limit
    rampStart ??= now
    const share = Math.min(1, (now - rampStart) / options.rampMs)
    limit = 1 + Math.floor((cap - 1) * share)
    if (share >= 1) ramping = false
    return limit
  }

  /** While ramping, when the limit grows by one more. */
  function nextRampStep(): number {
    return ramping && rampStart !== null
      ? rampStart + (limit / (cap - 1)) * options.rampMs
      : Number.POSITIVE_INFINITY
  }

  function onThrottled(mark: number, retryAfterMs: number | null, now: number): void {
    const pause = Math.min(retryAfterMs ?? options.cooldownMs, options.longestCooldownMs)
    blockedUntil = Math.max(blockedUntil, now + pause)
    streak = 0
    if (mark !== decreases) return
    currentLimit(now)
    ramping = false
    decreases += 1
    limit = Math.max(1, Math.floor(limit * decrease))
  }

  function onSuccess(now: number): void {
    if (ramping || now < blockedUntil) return
    streak += 1
    if (streak < successesUntilIncrease) return
    streak = 0
    limit = Math.min(cap, limit + increase)
  }

  return {
    name,
    cap,
    readyAt(now) {
      // A step that rounding puts at or before now is still to come.
      if (inFlight >= currentLimit(now)) return Math.max(nextRampStep(), now + 1)
      return Math.max(now, blockedUntil)
    },
    take(now) {
      if (inFlight >= currentLimit(now) || now < blockedUntil) {
        throw new Error(`limiter ${name} has no free unit`)
      }
      inFlight += 1
      return decreases
    },
    release(mark, outcome, now) {
      inFlight -= 1
      if (outcome.kind === 'throttled') onThrottled(mark, outcome.retryAfterMs, now)
      else if (outcome.kind === 'ok') onSuccess(now)
    },
    get inFlight() {
      return inFlight
    },
    get limit() {
      return limit
    },
  }
}
