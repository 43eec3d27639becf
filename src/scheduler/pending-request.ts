import type { ModelRequest, Usage } from '../graph/request.ts'
import type { Lease } from '../limits/dispatcher.ts'
import type { Sent } from './in-flight.ts'
import type { Job, RequestJob } from './request-job.ts'

export interface PendingActions {
  start: (pending: PendingRequest, lease: Lease) => void
  expectedTokens: (pending: PendingRequest) => number
}

/** A request and its attempts so far; small, because thousands may wait. */
export class PendingRequest implements Job, Sent {
  readonly request: RequestJob
  readonly group: number
  readonly depth: number
  attempts = 0
  /** Choices of its route tried in vain since the last attempt ended. */
  moves = 0
  /** The choice by which it left last. */
  choice = 0
  /** Somebody was there and did not answer it; an attempt or not. */
  hasFailed = false
  /** The choice of its route that failed it last; -1 for none. */
  avoids = -1
  /** A hash of what it begins with, where others may begin alike; 0 where that does not matter. */
  prefix = 0
  /** What is to be sent, once it is first in a line where tokens are limited. */
  prepared: Prepared | null = null
  /** Of the request, in the provider's measure; 0 where no one asked for it. */
  size = 0
  /** What replies that could not be used have cost; null while none has. */
  spent: Usage | null = null
  sentAt = 0
  /** Under which its answer is kept for other runs, by the choice that gives it; null where none is. */
  cacheKeys: readonly string[] | null = null
  /** Dollars set aside while it is in flight, where a run may cost only so much. */
  reserved = 0
  previous: Sent | null = null
  next: Sent | null = null
  readonly #actions: PendingActions

  constructor(request: RequestJob, actions: PendingActions) {
    this.request = request
    this.group = request.group
    this.depth = request.depth
    this.#actions = actions
  }

  start(lease: Lease): void {
    this.#actions.start(this, lease)
  }

  tokens(): number {
    return this.#actions.expectedTokens(this)
  }
}

export type Prepared = { message: ModelRequest } | { error: unknown }

export function prepare({ request }: PendingRequest): Prepared {
  try {
    return { message: request.prepare() }
  } catch (error) {
    return { error }
  }
}
