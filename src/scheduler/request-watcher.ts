import { type ModelReply, type ModelRequest, noUsage, type Usage } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'

/** A request as it leaves. */
export interface SentRequest {
  /** Of its route: the alias of the model, or the name of the server. */
  readonly route: string
  readonly endpoint: string
  readonly model: string
  readonly operation: ModelRequest['operation']
  /** Id of its column. */
  readonly column: number
  /** The first of them where several rows share it. */
  readonly row: number
  /** Among the requests of its cell. */
  readonly turn: number
  readonly isShared: boolean
  /** Attempts before it that count. */
  readonly attempts: number
}

/** How a request returned. */
export interface EndedRequest {
  /** `given-up`: a second one for the same cell was answered first. */
  readonly outcome: 'ok' | 'throttled' | 'failed' | 'given-up'
  readonly ms: number
  readonly usage: Usage
  readonly reply: ModelReply | null
  /** What a provider threw may be anything. */
  readonly error: unknown
}

/**
 * Receives every request. A run without one allocates nothing for it; `key` is the same object at both
 * ends of a request, which may leave several times.
 */
export interface RequestWatcher {
  /** Sends it by calling `send`, once. */
  sent(key: object, request: SentRequest, send: () => Promise<ModelReply>): Promise<ModelReply>
  ended(key: object, request: EndedRequest): void
  /** An answer from the cache: nothing is sent. */
  cached(request: Pick<SentRequest, 'route' | 'column' | 'row'>): void
}

/** What a request that was not answered says of itself. */
export function failedRequest(error: unknown, ms: number): EndedRequest {
  const known = error instanceof RequestError ? error : null
  return {
    outcome: known?.problem.kind === 'throttled' ? 'throttled' : 'failed',
    ms,
    usage: known?.usage ?? noUsage,
    reply: null,
    error,
  }
}

/** The code of a request that was not answered. */
export function failureCode({ outcome, error }: EndedRequest): string {
  if (outcome === 'given-up') return outcome
  return error instanceof RequestError ? error.code : 'provider-error'
}
