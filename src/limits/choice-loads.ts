import type { ChoiceOptions, RouteOptions } from './lanes.ts'
import type { Limiter, LimiterOutcome } from './limiter.ts'

/** What goes through one choice. */
export interface ChoiceLoad {
  inFlight: number
  /** Requests that it allows at once, as far as its route has room for them. */
  limit: number
}

/** What goes through the choices of a route. */
export interface ChoiceLoads {
  /** Requests that its open choices allow at once, together. */
  readonly limit: number
  loadOf(choice: number): ChoiceLoad
  isStopped(choice: number): boolean
  stop(choice: number): void
  take(choice: number, now: number): void
  release(choice: number, outcome: LimiterOutcome, now: number): void
  /** Whether work that avoids a choice may go by one: by the avoided one when nothing else is left. */
  mayTake(choice: number, avoids: number, now: number): boolean
  /**
   * Of some choices the one with the least to do for what it tolerates; -1 for none of them. Work with a prefix
   * goes where others with the same one went, unless that has too much to do next to the others.
   */
  least(among: (choice: number) => boolean, now: number, prefix: number): number
}

interface Load {
  inFlight: number
  sent: number
  stopped: boolean
  /** Of its answers, the later ones counting for more; 0 before the first. */
  latencyMs: number
  /** When one arrived last. */
  answeredAt: number
  /** No one asked for so long that the next answer counts alone. */
  isStale: boolean
}

/** Weight of the latest answer in the mean. */
const LATEST = 0.2
/** A choice that answers this many times more slowly than the fastest one gets fewer requests. */
const SLOW = 2
/** What takes less is quick, whatever others take. */
const QUICK_MS = 20
/** What no one asks may have become faster: its latency counts for half after so long. */
const HALF_LIFE_MS = 10_000

export function createChoiceLoads({ choices }: Pick<RouteOptions, 'choices'>): ChoiceLoads {
  const loads = choices.map((): Load => ({
    inFlight: 0,
    sent: 0,
    stopped: false,
    latencyMs: 0,
    answeredAt: 0,
    isStale: true,
  }))
  const shared = (choices[0]?.limiters ?? []).filter((limiter) =>
    choices.every(({ limiters }) => limiters.includes(limiter)),
  )
  const isOne = choices.length === 1
  /** What a choice has for itself. */
  const own = choices.map(({ limiters }) =>
    isOne ? limiters : limiters.filter((limiter) => !shared.includes(limiter)),
  )

  function loadOf(choice: number): Load {
    return loads[choice] as Load
  }

  function isAway(choice: number, now: number): boolean {
    for (const limiter of (choices[choice] as ChoiceOptions).limiters) {
      if (limiter.counts === 'outage' && limiter.readyAt(now) > now) return true
    }
    return false
  }

  function latencyOf({ latencyMs, answeredAt, inFlight }: Load, now: number): number {
    return inFlight > 0 ? latencyMs : latencyMs * 0.5 ** ((now - answeredAt) / HALF_LIFE_MS)
  }

  function fastest(now: number): number {
    let least = Number.POSITIVE_INFINITY
    for (const load of loads) {
      if (load.stopped || load.latencyMs === 0) continue
      least = Math.min(least, latencyOf(load, now))
    }
    return least
  }

  function slowness(load: Load, fastestMs: number, now: number): number {
    if (load.latencyMs < QUICK_MS) return 1
    const times = latencyOf(load, now) / fastestMs
    return times > SLOW ? times : 1
  }

  return {
    get limit() {
      if (isOne) return narrowest(own[0] as readonly Limiter[])
      const open = own.filter((_, choice) => !loadOf(choice).stopped)
      const sum = (open.length > 0 ? open : own).reduce((all, each) => all + narrowest(each), 0)
      return Math.min(sum, narrowest(shared))
    },
    loadOf: (choice) => ({
      inFlight: loadOf(choice).inFlight,
      limit: narrowest((choices[choice] as ChoiceOptions).limiters),
    }),
    isStopped: (choice) => loadOf(choice).stopped,
    stop(choice) {
      loadOf(choice).stopped = true
    },
    take(choice, now) {
      const load = loadOf(choice)
      if (load.inFlight === 0 && now - load.answeredAt > HALF_LIFE_MS) load.isStale = true
      load.inFlight += 1
      load.sent += 1
    },
    release(choice, outcome, now) {
      const load = loadOf(choice)
      load.inFlight -= 1
      if (isOne || outcome.kind !== 'ok' || outcome.reply === undefined) return
      const { latencyMs } = outcome.reply
      load.latencyMs += (load.isStale ? 1 : LATEST) * (latencyMs - load.latencyMs)
      load.isStale = false
      load.answeredAt = now
    },
    mayTake(choice, avoids, now) {
      if (loadOf(choice).stopped) return false
      if (choice !== avoids) return true
      return loads.every(({ stopped }, other) => other === choice || stopped || isAway(other, now))
    },
    least(among, now, prefix) {
      const fastestMs = fastest(now)
      const fits: Fit[] = []
      for (let choice = 0; choice < loads.length; choice += 1) {
        if (among(choice)) fits.push(fitOf(choice, fastestMs, now))
      }
      const kept = prefix === 0 ? null : keeper(fits, prefix)
      return (kept ?? fits.reduce(lighter, noFit)).choice
    },
  }

  function fitOf(choice: number, fastestMs: number, now: number): Fit {
    const load = loadOf(choice)
    const { weight } = choices[choice] as ChoiceOptions
    const limit = narrowest(own[choice] as readonly Limiter[])
    const slow = slowness(load, fastestMs, now)
    const bears = (limit === Number.POSITIVE_INFINITY ? weight : weight * limit) / slow
    const { inFlight, sent } = load
    return { choice, weight, bears, inFlight, full: (inFlight + 1) / bears, past: sent / weight }
  }
}

/** How well a request fits into a choice. */
interface Fit {
  choice: number
  weight: number
  /** Requests at once, as far as that is known, for its weight and speed. */
  bears: number
  inFlight: number
  /** With one request more. */
  full: number
  /** Requests that it ever got, for its weight. */
  past: number
}

const noFit: Fit = {
  choice: -1,
  weight: 0,
  bears: 0,
  inFlight: 0,
  full: Number.POSITIVE_INFINITY,
  past: Number.POSITIVE_INFINITY,
}

function lighter(one: Fit, other: Fit): Fit {
  return other.full < one.full || (other.full === one.full && other.past < one.past) ? other : one
}

/** A choice takes requests that begin alike as long as it has less than so many times its share. */
const SLACK = 2

/**
 * The choice for a prefix: rendezvous hashing, so that few move when choices come and go, with bounded loads,
 * so that no prefix that many share fills one of them while others are idle.
 */
function keeper(fits: readonly Fit[], prefix: number): Fit | null {
  let inFlight = 1
  let bears = 0
  for (const fit of fits) {
    inFlight += fit.inFlight
    bears += fit.bears
  }
  let best: Fit | null = null
  let bestScore = Number.NEGATIVE_INFINITY
  for (const fit of fits) {
    const most = Math.ceil((SLACK * inFlight * fit.bears) / bears)
    const score = fit.weight / -Math.log(uniformOf(prefix, fit.choice))
    if (fit.inFlight >= most || score <= bestScore) continue
    best = fit
    bestScore = score
  }
  return best
}

/** A number in (0, 1) for a prefix and a choice, mixed as MurmurHash3 ends. */
function uniformOf(prefix: number, choice: number): number {
  let hash = (prefix ^ Math.imul(choice + 1, 0x9e3779b1)) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash = (hash ^ (hash >>> 16)) >>> 0
  return (hash + 0.5) / 2 ** 32
}

/** Requests that the narrowest of some limiters allows at once. */
function narrowest(limiters: readonly Limiter[]): number {
  let least = Number.POSITIVE_INFINITY
  for (const { limit } of limiters) if (limit < least) least = limit
  return least
}
