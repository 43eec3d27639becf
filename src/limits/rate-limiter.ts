import type { Quota, RateLimits } from '../graph/request.ts'
import { type AdjustableLimiter, checkedCap, type LimiterOutcome } from './limiter.ts'

export interface RateOptions {
  name: string
  counts: 'requests' | 'tokens'
  /** Null: no limit until a reply tells one. */
  perMinute: number | null
}

const MINUTE_MS = 60_000
/** Units that may leave at once after a pause, as a share of a minute's: one second's worth. */
const BURST_SHARE = 1 / 60
/**
 * Requests of more than this share of a minute's tokens go beyond the limit by what is over, and
 * the next one waits until the bucket has made up for it.
 */
const LARGEST_SHARE = 1 / 4
/** Kept back of tokens: what a request uses is only known when it comes back. */
const TOKEN_RESERVE = 0.02
/** What rounding of times may lack. */
const TOLERANCE = 1e-6

/**
 * Requests or tokens a minute, as a bucket that fills evenly: in no window of 60 s more leaves than
 * `perMinute`, because what may leave at once is taken from the rate. So servers that count in a
 * sliding window, in a fixed one or with a separate bucket see the same even flow.
 *
 * The mark of a request is the tokens it was expected to use; its release settles the difference.
 */
export function createRateLimiter({ name, counts, perMinute }: RateOptions): AdjustableLimiter {
  const learns = perMinute === null
  const isTokens = counts === 'tokens'
  let limit = perMinute
  /** What was set; replies may tell less, not more. */
  let most = Number.POSITIVE_INFINITY
  let burst = perMinute === null ? 0 : burstOf(perMinute)
  let level = burst
  let filledAt: number | null = null
  /** Nothing has left and nothing was reported yet. */
  let isUntouched = true
  let inFlight = 0
  let closedUntil = Number.NEGATIVE_INFINITY
  /** What was sent in the last minute while there was no limit: a limit that is reported later counts it too. */
  let unlimited = { since: 0, units: 0 }

  function burstOf(units: number): number {
    return isTokens ? units * BURST_SHARE : Math.max(1, Math.floor(units * BURST_SHARE))
  }

  /** Units per ms. A whole unit at once is not counted twice: nothing smaller than it leaves. */
  function rateOf(units: number): number {
    const even = isTokens ? units * (1 - TOKEN_RESERVE) - burst : units - burst + 1
    return even / MINUTE_MS
  }

  function fill(now: number): void {
    if (limit === null) return
    filledAt ??= now
    level = Math.min(burst, level + (now - filledAt) * rateOf(limit))
    filledAt = now
  }

  /** A request larger than what may leave at once makes room for itself once. */
  function need(tokens: number): number {
    if (!isTokens || limit === null) return 1
    const wanted = Math.max(1, tokens)
    const largest = Math.min(wanted, limit * LARGEST_SHARE)
    if (largest > burst) {
      if (isUntouched) level = largest
      burst = largest
    }
    return Math.min(wanted, burst)
  }

  function learn(quota: Quota | null | undefined, now: number): void {
    if (!learns || quota === null || quota === undefined) return
    const { perMinute: told, remaining, closedMs } = quota
    if (told !== null && told >= 1) change(Math.min(told, most), now)
    if (closedMs > 0) closedUntil = Math.max(closedUntil, now + closedMs)
    if (remaining === null || limit === null) return
    fill(now)
    level = Math.min(level, remaining)
  }

  /** Another limit from now on; what was used of the old one counts. */
  function change(units: number, now: number): void {
    if (units === limit) return
    fill(now)
    const used = limit === null ? recentUnits(now) : burst - level
    limit = units
    burst = Math.max(burstOf(units), Math.min(burst, units * LARGEST_SHARE))
    level = burst - used
    filledAt = now
  }

  function recentUnits(now: number): number {
    return now - unlimited.since > MINUTE_MS ? 0 : unlimited.units
  }

  function noteUnlimited(units: number, now: number): void {
    if (now - unlimited.since > MINUTE_MS) unlimited = { since: now, units: 0 }
    unlimited.units += units
  }

  function use(units: number, now: number): void {
    isUntouched = false
    if (limit === null) {
      noteUnlimited(units, now)
    } else {
      fill(now)
      level -= units
    }
  }

  function readyAt(now: number, tokens: number): number {
    if (limit === null) return Math.max(now, closedUntil)
    if (limit === 0) return Number.POSITIVE_INFINITY
    fill(now)
    const missing = need(tokens) - level
    const at = missing <= TOLERANCE ? now : now + missing / rateOf(limit)
    return Math.max(at, closedUntil)
  }

  return {
    name,
    counts,
    cap: Number.POSITIVE_INFINITY,
    limit: Number.POSITIVE_INFINITY,
    get perMinute() {
      return limit
    },
    get inFlight() {
      return inFlight
    },
    get closedUntil() {
      return closedUntil
    },
    setCap(units, now) {
      most = checkedCap(name, units)
      change(limit === null ? most : learns ? Math.min(limit, most) : most, now)
    },
    readyAt: (now, tokens = 0) => readyAt(now, tokens),
    take(now, tokens = 0) {
      if (readyAt(now, tokens) > now) throw new Error(`limiter ${name} has no free unit`)
      inFlight += 1
      use(isTokens ? tokens : 1, now)
      return isTokens ? tokens : 1
    },
    release(mark, outcome, now) {
      inFlight -= 1
      const used = usedBy(outcome, mark, isTokens)
      if (used !== mark) use(used - mark, now)
      const limits = limitsOf(outcome)
      if (limits !== null) learn(limits[counts], now)
    },
  }
}

/** Units a request used after all. A refused one used no tokens, but counts as a request; one that reached no one used nothing. */
function usedBy(outcome: LimiterOutcome, mark: number, isTokens: boolean): number {
  switch (outcome.kind) {
    case 'ok':
      return isTokens ? (outcome.reply?.tokens ?? mark) : mark
    case 'throttled':
      return isTokens ? 0 : mark
    case 'unused':
      return 0
    case 'failed':
      if (outcome.evidence === 'unreachable') return 0
      break
  }
  return mark
}

function limitsOf(outcome: LimiterOutcome): RateLimits | null {
  switch (outcome.kind) {
    case 'ok':
      return outcome.reply?.limits ?? null
    case 'throttled':
    case 'failed':
      return outcome.limits ?? null
    case 'unused':
      break
  }
  return null
}
