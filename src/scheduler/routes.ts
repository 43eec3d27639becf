import type { Limiter } from '../limits/limiter.ts'

/** A way for requests to leave: a model alias with everything that can be saturated on it. */
export interface Route {
  /** The alias. */
  name: string
  /** What stops together when the endpoint refuses its key or has no quota left. */
  endpoint: string
  limiters: readonly Limiter[]
  /** Bound of an answer, where there is one. */
  maxTokens?: number | null
  /** How long a request may take, where that is known. */
  timeoutMs?: number | null
}

/** What was counted on a route since the run was opened. */
export interface RouteCounters {
  inFlight: number
  /** The requests in flight, the oldest first. */
  onWire: Set<{ readonly sentAt: number }>
  requests: number
  throttled: number
  failed: number
  succeeded: number
  inputTokens: number
  outputTokens: number
  /** Suspect answers (403, 404) in a row, from different rows. */
  suspects: number
  lastSuspectRow: number
  /** Why the route stopped, once it has. */
  stopped: Error | null
}

export function createRouteCounters(): RouteCounters {
  return {
    inFlight: 0,
    onWire: new Set(),
    requests: 0,
    throttled: 0,
    failed: 0,
    succeeded: 0,
    inputTokens: 0,
    outputTokens: 0,
    suspects: 0,
    lastSuspectRow: -1,
    stopped: null,
  }
}
