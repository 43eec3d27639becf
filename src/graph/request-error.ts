import type { RateLimits, Usage } from './request.ts'

/** The way a request ended, by what the engine does next. `models/` classifies each error once. */
export type RequestProblem =
  /** Wait, then again; not an attempt. `retryAfterMs` null: the engine's own cool-down. */
  | { kind: 'throttled'; retryAfterMs: number | null }
  /** Timeout, 5xx, disconnect, unreadable 200: again within the budget of attempts. */
  | { kind: 'transient' }
  /** No one was there to ask: again, and not an attempt. */
  | { kind: 'unreachable' }
  /** This request can never work: the cell fails. */
  | { kind: 'refused' }
  /** 403 or 404: the cell fails, or, when several rows get it, the endpoint has no such model. */
  | { kind: 'suspect' }
  /** 401 or exhausted quota: nothing else can work with this endpoint's key. */
  | { kind: 'endpoint-stopped' }

/** A request without a usable reply. */
export class RequestError extends Error {
  readonly problem: RequestProblem
  /** Kebab-case: `timeout`, `server-error`, `disconnected`, `bad-reply`, `throttled`, `unauthorized`, `quota-exhausted`, `forbidden`, `not-found`, `bad-request`, `context-length`… */
  readonly code: string
  readonly status: number | null
  /** The provider's own text, shortened, without secrets. */
  readonly detail: string | null
  /** What the headers of the refusal said of quotas. */
  readonly limits: RateLimits | null
  /** The usage of an unusable reply; null without a reply, or if it reports none. */
  readonly usage: Usage | null

  constructor(
    code: string,
    message: string,
    problem: RequestProblem,
    {
      status = null,
      detail = null,
      limits = null,
      usage = null,
      cause,
    }: {
      status?: number | null
      detail?: string | null
      limits?: RateLimits | null
      usage?: Usage | null
      cause?: unknown
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RequestError'
    this.code = code
    this.problem = problem
    this.status = status
    this.detail = detail
    this.limits = limits
    this.usage = usage
  }
}
