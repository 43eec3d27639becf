import type { RateLimits } from '../graph/request.ts'

/** What a limiter learns from a request that left it. */
export type LimiterOutcome =
  | { kind: 'ok'; reply?: ReplyFacts }
  | Throttled
  | Failed
  /** The unit returned without a request having left. */
  | { kind: 'unused' }

interface Failed {
  kind: 'failed'
  timedOut?: boolean
  limits?: RateLimits | null
  /** What the failure says of the endpoint; null or omitted when it says nothing. */
  evidence?: Evidence | null
  /** The row, when none of its requests failed before; null or omitted otherwise. */
  firstTryOf?: number | null
}

/**
 * It is there and answers, answers that it failed, takes the request and says nothing (a timeout, a
 * broken connection), or can't be reached at all.
 */
export type Evidence = 'answers' | 'fails' | 'silent' | 'unreachable'

export interface Throttled {
  kind: 'throttled'
  retryAfterMs: number | null
  /** How long the refusal took. */
  latencyMs?: number
  limits?: RateLimits | null
}

/** What is known of a request that was answered. */
export interface ReplyFacts {
  latencyMs: number
  /** Tokens of question and answer, estimated where the provider did not count. */
  tokens: number
  /** 0 where the provider did not count. */
  outputTokens: number
  limits: RateLimits | null
}

/**
 * One thing that can be saturated. Units are taken for the time a request is in flight.
 *
 * A limiter never waits and never calls anybody: it answers when a unit is available.
 */
export interface Limiter {
  readonly name: string
  /** What it holds down: requests at once, requests or tokens a minute, or all while one is away. */
  readonly counts: 'in-flight' | 'requests' | 'tokens' | 'outage'
  /** Units a minute now; null where there is no such limit. */
  readonly perMinute: number | null
  /**
   * When a unit can be had if no one gives one back: at or before `now` means at once,
   * `Infinity` means only after a release. `tokens` is what the request is expected to use.
   */
  readyAt(now: number, tokens?: number): number
  /** Takes a unit; the returned mark goes back with `release`. Throws when there is none. */
  take(now: number, tokens?: number): number
  release(mark: number, outcome: LimiterOutcome, now: number): void
  readonly inFlight: number
  /** Units that may be in flight now; moves when the limiter adapts; `Infinity` for a rate. */
  readonly limit: number
  /** Units that can ever be in flight; `Infinity` for a rate. */
  readonly cap: number
  /** When the quiet the endpoint asked for ends; in the past when it asked for none. */
  readonly closedUntil: number
}

/** A limiter whose cap may change while it works: a share of an endpoint that others hand out. */
export interface AdjustableLimiter extends Limiter {
  /**
   * Units in flight, or a minute for a rate, from 0 on. What is in flight beyond it stays there. By
   * itself it wakes no one: `Dispatcher.setCap` does.
   */
  setCap(cap: number, now: number): void
}

export interface ConcurrencyOptions {
  name: string
  /** Most units ever in flight, ≥ 1. */
  cap: number
}

/** A number of units: an alias's own cap, an endpoint's declared cap, a lane of this machine. */
export function createConcurrencyLimiter({
  name,
  cap: firstCap,
}: ConcurrencyOptions): AdjustableLimiter {
  let cap = firstCap
  let inFlight = 0
  return {
    name,
    counts: 'in-flight',
    perMinute: null,
    closedUntil: Number.NEGATIVE_INFINITY,
    readyAt: (now) => (inFlight < cap ? now : Number.POSITIVE_INFINITY),
    take() {
      if (inFlight >= cap) throw new Error(`limiter ${name} has no free unit`)
      inFlight += 1
      return 0
    },
    release() {
      inFlight -= 1
    },
    setCap(units) {
      cap = checkedCap(name, units)
    },
    get cap() {
      return cap
    },
    get inFlight() {
      return inFlight
    },
    get limit() {
      return cap
    },
  }
}

/** Whole units from 0 on; a share that is not a number must not open or close an endpoint. */
export function checkedCap(name: string, cap: number): number {
  if (Number.isFinite(cap) && cap >= 0) return Math.floor(cap)
  throw new RangeError(`the cap of limiter ${name} must be a number from 0 on, not ${cap}`)
}
