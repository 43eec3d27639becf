import type { Evidence, Limiter, LimiterOutcome } from './limiter.ts'

/** Stands between requests and an endpoint that is away: one at a time asks whether it is back. */
export interface Breaker extends Limiter {
  /** When the failures began that opened it, by the clock; null while it is closed. */
  readonly openSince: number | null
  /** When the next request may ask; null while it is closed or one is asking. */
  readonly nextProbeAt: number | null
  /** When the request left that is asking; null while none is. */
  readonly probeSince: number | null
}

export interface BreakerOptions {
  name: string
  /**
   * What opens it: an endpoint that can't be reached, or one that fails to answer. The first is
   * no one's fault but the endpoint's; the second may be the request's, so it needs more of them.
   */
  opensFor: 'unreachable' | 'failing'
  /** Uniform in [0, 1): probes of several processes must not come together. */
  jitter: () => number
}

/** Refusals in a row after which an endpoint is taken to be away. */
const REFUSALS = 3
/** Different rows in a row that failed on their first attempt, with no answer in between. */
const FAILED_ROWS = 5
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 5_000
const PAUSE_GROWTH = 2
/** After so many that asked in vain only the pauses let one ask. */
const MOST_IN_VAIN = 3

/**
 * Closed, it only counts. Open, it lets one request through at a time, after pauses that grow; the
 * first one that is answered closes it. An answer to a request that left before says little of now:
 * it lets one more ask, so that nothing is lost when the endpoint was not away after all, and no more
 * once some asked in vain.
 *
 * Only first attempts of different rows count as failures of the endpoint: a few rows that no
 * server can answer, tried again and again at the end of a run, never open it.
 *
 * The mark is the number of the opening for a request that asks, 0 for any other.
 */
export function createBreaker({ name, opensFor, jitter }: BreakerOptions): Breaker {
  let inFlight = 0
  /** The first failure since the last answer. */
  let failingSince: number | null = null
  let refusals = 0
  const rows = new Set<number>()
  let openSince: number | null = null
  let openings = 0
  let probeSince: number | null = null
  let asking = 0
  /** Requests that may ask next to the one, for answers to requests that left before it opened. */
  let permits = 0
  /** Those that asked since it opened and were not answered. */
  let askedInVain = 0
  let nextProbeAt = 0
  let pauseMs = FIRST_PAUSE_MS

  function readyAt(now: number): number {
    if (openSince === null) return now
    if (permits > 0) return now
    return probeSince === null ? Math.max(now, nextProbeAt) : Number.POSITIVE_INFINITY
  }

  function close(): void {
    if (failingSince === null) return
    failingSince = null
    openSince = null
    refusals = 0
    rows.clear()
    probeSince = null
    asking = 0
    permits = 0
  }

  /** Whether a failure is one of those that open it, and enough of them occurred. */
  function isEnough(evidence: Evidence | null, row: number | null): boolean {
    if (opensFor === 'unreachable') {
      if (evidence === 'unreachable') refusals += 1
      return refusals >= REFUSALS
    }
    if (row !== null && (evidence === 'fails' || evidence === 'silent')) rows.add(row)
    return rows.size >= FAILED_ROWS
  }

  function onFailure(evidence: Evidence | null, row: number | null, now: number): void {
    if (openSince !== null) return
    const isEnoughNow = isEnough(evidence, row)
    if (refusals + rows.size > 0) failingSince ??= now
    if (!isEnoughNow) return
    openSince = failingSince
    openings += 1
    pauseMs = FIRST_PAUSE_MS
    askedInVain = 0
    nextProbeAt = now + pauseMs * (1 - jitter() / 4)
  }

  function onProbe(now: number): void {
    askedInVain += 1
    if (askedInVain >= MOST_IN_VAIN) permits = 0
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH)
    nextProbeAt = now + pauseMs * (1 - jitter() / 4)
  }

  return {
    name,
    counts: 'outage',
    perMinute: null,
    cap: Number.POSITIVE_INFINITY,
    limit: Number.POSITIVE_INFINITY,
    closedUntil: Number.NEGATIVE_INFINITY,
    readyAt,
    take(now) {
      if (readyAt(now) > now) throw new Error(`limiter ${name} has no free unit`)
      inFlight += 1
      if (openSince === null) return 0
      if (permits > 0) permits -= 1
      asking += 1
      probeSince ??= now
      return openings
    },
    release(mark, outcome, now) {
      inFlight -= 1
      const isProbe = openSince !== null && mark === openings
      if (isProbe && (asking -= 1) === 0) probeSince = null
      if (outcome.kind === 'unused') return
      const evidence = outcome.kind === 'failed' ? (outcome.evidence ?? null) : 'answers'
      const isThere = evidence === 'answers' || (evidence === 'fails' && opensFor === 'unreachable')
      if (isThere && (openSince === null || isProbe)) close()
      else if (isThere) permits += askedInVain < MOST_IN_VAIN ? 1 : 0
      else if (isProbe) onProbe(now)
      else onFailure(evidence, rowOf(outcome), now)
    },
    get inFlight() {
      return inFlight
    },
    get openSince() {
      return openSince
    },
    get probeSince() {
      return probeSince
    },
    get nextProbeAt() {
      return openSince === null || probeSince !== null ? null : nextProbeAt
    },
  }
}

function rowOf(outcome: LimiterOutcome): number | null {
  return outcome.kind === 'failed' ? (outcome.firstTryOf ?? null) : null
}
