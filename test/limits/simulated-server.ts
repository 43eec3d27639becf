import {
  type ModelReply,
  type ModelRequest,
  noUsage,
  type Quota,
  type RateLimits,
} from '../../src/graph/request.ts'
import { charactersOf } from '../../src/graph/request-size.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import type { Clock } from '../../src/util/clock.ts'
import { promptOf } from '../support/engine.ts'

/** A model server under virtual time, with the quotas and the manners of real ones. */
export interface SimulatedServerOptions {
  requestsPerMinute?: number
  tokensPerMinute?: number
  /** How it counts a minute. */
  counting?: 'sliding' | 'bucket'
  /** Whether its replies tell its quotas. */
  headers?: boolean
  /** Whether its refusals say when to return. */
  retryAfter?: boolean
  /** Refuses what comes while it answers so many. */
  slots?: number
  /** Refuses everything for so many ms from `now` on; 0 while it is open. */
  closedMs?: (now: number) => number
  /** Is not there for a while: no one listens and what is in flight breaks, or all is answered 503. */
  away?: { from: number; until: number; how: 'gone' | 'fails' }
  /** Rows, by their prompt, that it always answers with 500. */
  poison?: (prompt: string) => boolean
  latencyMs?: (call: { number: number; inFlight: number; outputTokens: number }) => number
  outputTokens?: (number: number) => number
  /** Answers nothing, and the client gives up. */
  timesOut?: (call: { number: number; inFlight: number }) => boolean
}

/** A request as it came. */
interface Arrival {
  at: number
  accepted: boolean
  /** Being answered when it came. */
  inFlight: number
  /** Tokens of question and answer. */
  tokens: number
}

export interface SimulatedServer {
  send(request: ModelRequest): Promise<ModelReply>
  readonly answered: number
  /** When it answered, in order. */
  readonly answeredAt: readonly number[]
  /** When it was asked in vain, in order. */
  readonly missed: readonly number[]
  readonly refused: number
  readonly inFlight: number
  readonly maxInFlight: number
  readonly arrivals: readonly Arrival[]
}

const MINUTE = 60_000
const CHARACTERS_PER_TOKEN = 4.3

export function createSimulatedServer(
  clock: () => Clock,
  options: SimulatedServerOptions,
): SimulatedServer {
  const { counting = 'sliding', headers = false, retryAfter = false } = options
  const requests = createMeter(options.requestsPerMinute, counting)
  const tokens = createMeter(options.tokensPerMinute, counting)
  const arrivals: Arrival[] = []
  const answeredAt: number[] = []
  const missed: number[] = []
  let number = 0
  let answered = 0
  let refused = 0
  let inFlight = 0
  let maxInFlight = 0

  function limitsAt(now: number): RateLimits | null {
    if (!headers) return null
    return { requests: requests.quota(now), tokens: tokens.quota(now) }
  }

  function isAway(now: number): boolean {
    const { away } = options
    return away !== undefined && now >= away.from && now < away.until
  }

  function sendInVain(now: number): Promise<ModelReply> {
    missed.push(now)
    return after(2, () => {
      if (options.away?.how === 'fails') {
        const told = { status: 503 }
        throw new RequestError('server-error', 'not now', { kind: 'transient' }, told)
      }
      throw new RequestError('unreachable', 'nobody listens', { kind: 'unreachable' })
    })
  }

  function send(request: ModelRequest): Promise<ModelReply> {
    const now = clock().now()
    if (isAway(now)) return sendInVain(now)
    const call = number++
    const inputTokens = Math.ceil(charactersOf(request) / CHARACTERS_PER_TOKEN)
    const outputTokens = options.outputTokens?.(call) ?? 20
    const cost = inputTokens + outputTokens
    const isFull = options.slots !== undefined && inFlight >= options.slots
    const closedMs = options.closedMs?.(now) ?? 0
    const waitMs = Math.max(closedMs, requests.wait(1, now), tokens.wait(cost, now))
    const accepted = !isFull && waitMs === 0
    arrivals.push({ at: now, accepted, inFlight, tokens: cost })
    if (!accepted) {
      refused += 1
      const retryAfterMs = retryAfter ? Math.ceil(waitMs / 1000) * 1000 || 1000 : null
      const problem = { kind: 'throttled', retryAfterMs } as const
      const limits = limitsAt(now)
      return after(5, () => {
        throw new RequestError('throttled', 'refused', problem, { status: 429, limits })
      })
    }
    requests.take(1, now)
    tokens.take(cost, now)
    inFlight += 1
    maxInFlight = Math.max(maxInFlight, inFlight)
    if (options.timesOut?.({ number: call, inFlight }) === true) {
      return after(MINUTE, () => {
        inFlight -= 1
        throw new RequestError('timeout', 'no reply in 60 s', { kind: 'transient' })
      })
    }
    const limits = limitsAt(now)
    const latency = options.latencyMs?.({ number: call, inFlight, outputTokens }) ?? 1_000
    const { away } = options
    const breaksAt = away?.how === 'gone' && now < away.from ? away.from : Number.POSITIVE_INFINITY
    return after(Math.min(latency, breaksAt - now), () => {
      inFlight -= 1
      if (clock().now() >= breaksAt) {
        throw new RequestError('disconnected', 'it broke', { kind: 'transient' })
      }
      if (options.poison?.(promptOf(request)) === true) {
        throw new RequestError('server-error', 'no idea', { kind: 'transient' }, { status: 500 })
      }
      answered += 1
      answeredAt.push(clock().now())
      return {
        content: [{ type: 'text', text: 'answer' }],
        reasoning: null,
        finishReason: 'stop',
        usage: { ...noUsage, inputTokens, outputTokens },
        model: 'simulated',
        ...(limits === null ? {} : { limits }),
      }
    })
  }

  function after<T>(ms: number, result: () => T): Promise<T> {
    return new Promise<void>((resolve) => {
      clock().after(ms, resolve)
    }).then(result)
  }

  return {
    send,
    arrivals,
    answeredAt,
    missed,
    get answered() {
      return answered
    },
    get refused() {
      return refused
    },
    get inFlight() {
      return inFlight
    },
    get maxInFlight() {
      return maxInFlight
    },
  }
}

/** A quota as a server keeps it. */
interface Meter {
  /** Until so many units are there; 0 for at once. */
  wait(units: number, now: number): number
  take(units: number, now: number): void
  quota(now: number): Quota | null
}

function createMeter(perMinute: number | undefined, counting: 'sliding' | 'bucket'): Meter {
  if (perMinute === undefined) return { wait: () => 0, take: () => undefined, quota: () => null }
  const left = counting === 'sliding' ? slidingWindow(perMinute) : bucket(perMinute)
  return {
    wait: (units, now) =>
      left.at(now) >= units ? 0 : Math.max(1, ((units - left.at(now)) / perMinute) * MINUTE),
    take: (units, now) => left.take(units, now),
    quota: (now) => ({ perMinute, remaining: Math.floor(left.at(now)), closedMs: 0 }),
  }
}

interface Left {
  at(now: number): number
  take(units: number, now: number): void
}

function slidingWindow(perMinute: number): Left {
  const taken: { at: number; units: number }[] = []
  let first = 0
  let used = 0
  return {
    at(now) {
      for (; (taken[first]?.at ?? Infinity) <= now - MINUTE; first += 1) {
        used -= taken[first]?.units ?? 0
      }
      return perMinute - used
    },
    take(units, now) {
      taken.push({ at: now, units })
      used += units
    },
  }
}

function bucket(perMinute: number): Left {
  let level = perMinute
  let filledAt = 0
  function at(now: number): number {
    level = Math.min(perMinute, level + ((now - filledAt) * perMinute) / MINUTE)
    filledAt = now
    return level
  }
  return {
    at,
    take(units, now) {
      level = at(now) - units
    },
  }
}
