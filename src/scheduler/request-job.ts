import type { RequestError } from '../graph/request-error.ts'
import type { ModelReply, ModelRequest, Usage } from '../graph/request.ts'
import type { Lease } from '../limits/dispatcher.ts'
import type { Waiting } from '../limits/line.ts'

/** Work that waits in a line and starts with units in its hand. */
export interface Job extends Waiting {
  start(lease: Lease): void
}

/** One request of a cell, until it has its reply or failed permanently. */
export interface RequestJob {
  route: number
  row: number
  /** Id of the column the request is for. */
  column: number
  group: number
  depth: number
  /** Among the requests of its cell; 0 by default. */
  readonly turn?: number
  /** It is about several cells, each of which was looked for in the cache. */
  readonly isShared?: boolean
  /** The rows of these cells, while it is in flight. */
  rows?(): readonly number[]
  /** It asks again, because an answer could not be used. */
  readonly isCorrection?: boolean
  /** Its cell asked something else here before its row was opened again. */
  readonly hasStrayed?: boolean
  /** False once its row was dropped: it leaves its line without being sent. */
  wanted(): boolean
  abandoned(): void
  /** Makes the request in the tick it leaves; what it throws goes to `unprepared`. */
  prepare(): ModelRequest
  /** It leaves. */
  left?(): void
  /** It is back in its line, or waits between two attempts. */
  returned?(): void
  /** It is part of a batch: its answer comes another time. Never for one of several cells. */
  deferred?(): void
  /** `choice` is the position of the choice that gave it. */
  reply(reply: ModelReply, attempts: number, choice: number): void
  /** The request can't succeed, or the attempts are used up; `spent` is what their replies cost. */
  failed(error: RequestError, attempts: number, spent: Usage | null): void
  /** `prepare` threw; nothing was sent. */
  unprepared(error: unknown): void
}
