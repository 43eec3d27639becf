import { InFlight } from './in-flight.ts'
import type { Breaker } from '../limits/breaker.ts'
import type { ChoiceOptions } from '../limits/lanes.ts'

/** A way for requests to leave: a model alias, with everywhere its requests may go. */
export interface Route {
  /** The alias. */
  readonly name: string
  /** At least one. */
  readonly choices: readonly Choice[]
  /** Bound of an answer, where there is one. */
  readonly maxTokens?: number | null
  /** How long a request may take, where that is known. */
  readonly timeoutMs?: number | null
  /** Requests that begin alike go to the same choice, one of them first. */
  readonly keepsPrefixes?: boolean
  /** A second request is sent when an answer takes longer than this share of the others; null for none. */
  readonly hedge?: number | null
}

/** One place a route's requests may go, with everything that can be saturated on it. */
export interface Choice extends ChoiceOptions {
  /** What `send` receives. */
  readonly name: string
  /** What tells it from the other choices in accounts; empty where it is the only one. */
  readonly label?: string
  /** An endpoint with its key: what stops together when the key is refused or has no quota left. */
  readonly resource: string
  /** Where, as shown. */
  readonly endpoint: string
  /** The provider's id of the model: with `resource`, what stops together when it is not there. */
  readonly model: string
  /** Those of `limiters` that close while it is away. */
  readonly breakers?: readonly Breaker[]
  /** It answered when it was asked whether it is ready. */
  readonly isReady?: boolean
}

/** What is known of a choice since the run was opened. */
export interface ChoiceState {
  /** It answered once: what it refuses now is about the request. */
  proven: boolean
  /** Suspect answers (403, 404) in a row, from different rows. */
  suspects: number
  lastSuspectRow: number
  /** Why it stopped, once it has. */
  stopped: Error | null
}

export function createChoiceStates({ choices }: Route): ChoiceState[] {
  return choices.map(({ isReady = false }) => ({
    proven: isReady,
    suspects: 0,
    lastSuspectRow: -1,
    stopped: null,
  }))
}

/** What was counted on a route since the run was opened. */
export interface RouteCounters {
  inFlight: number
  readonly sent: InFlight
  requests: number
  throttled: number
  failed: number
  succeeded: number
  /** Answers from the cache, for which nothing was sent. */
  cached: number
  inputTokens: number
  outputTokens: number
  /** Dollars; null until a request said its own. */
  cost: number | null
  /** Why all of its choices stopped, once they have. */
  stopped: Error | null
}

export function createRouteCounters(): RouteCounters {
  return {
    inFlight: 0,
    sent: new InFlight(),
    requests: 0,
    throttled: 0,
    failed: 0,
    succeeded: 0,
    cached: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: null,
    stopped: null,
  }
}
