import type { RequestError } from '../graph/request-error.ts'
import type { CandidateProgress } from '../plan/candidates.ts'
import type { Cell } from '../util/value.ts'
import type { Outage } from './resources.ts'

/** What the scheduler tells while it works; everything countable is in the snapshot instead. */
export type SchedulerEvent =
  | { type: 'row-group-opened'; part: number; rows: number; reason: string }
  /** All of its rows have an outcome, or are left without one. */
  | { type: 'row-group-closed'; part: number; rows: number }
  | {
      type: 'cell-failed'
      column: string
      row: number
      code: string
      message: string
      kept: boolean
      /** The run stops because of it, and the row remains. */
      stops: boolean
    }
  | { type: 'request-throttled'; route: string; retryAfterMs: number | null }
  /** A request that was not answered is sent again after a pause. */
  | {
      type: 'request-paused'
      route: string
      column: string
      row: number
      /** That count. */
      attempts: number
      pauseMs: number
      code: string
    }
  /** No one answers there any more: one request at a time asks whether it is back. */
  | { type: 'outage-began'; endpoint: string; model: string | null; code: string; message: string }
  | { type: 'outage-ended'; endpoint: string; model: string | null; awayMs: number }
  /** An answer repeated a key of a provider, which was taken out of it. */
  | { type: 'secret-removed'; column: string; row: number; route: string }
  /** A provider threw what is no `RequestError`; the request counts as one that failed. */
  | { type: 'provider-failed'; route: string; error: unknown }
  /** With a model: only that one of the endpoint. */
  | { type: 'endpoint-stopped'; endpoint: string; model: string | null; error: RequestError }
  | { type: 'early-shutdown'; rate: number; window: number }
  /** Dollars: what the run may cost would be exceeded by its next request. */
  | { type: 'cost-reached'; limit: number; spent: number }
  | { type: 'draining' }
  | { type: 'condition-failed'; column: string; row: number; message: string }

/** The state of a run, cheap to take at any moment. */
export interface Snapshot {
  columns: readonly ColumnProgress[]
  routes: readonly RouteProgress[]
  rows: {
    decided: number
    /** Of the decided ones, as far as is known: some are found when their part is written. */
    dropped: number
    rejected: number
    /** With a selection as many as will be made, as far as can be said. */
    remaining: number
    open: number
    begun: number
  }
  openGroups: number
  partsWriting: number
  /** Requests between two attempts. */
  backingOff: number
  /** Ms until the first of them goes again, and what failed last; null while none waits. */
  backOff: { nextMs: number; route: string; code: string; message: string } | null
  /** Of cells of rows that have begun, and of parts while they are made. */
  bytesHeld: number
  pendingBytes: number
  draining: boolean
  /** Null where every row of a plan is made. */
  selection: CandidateProgress | null
  /** A row made since the snapshot before, or earlier where there is none; null before the first. */
  newest: NewestRow | null
  /** Batches that providers have, by route; omitted where no requests go in batches. */
  batches?: readonly WaitingBatches[]
}

/** A row that has all of its cells, with those that are loaded. */
export interface NewestRow {
  row: number
  cells: readonly { column: string; value: Cell }[]
}

/** Batches of a route that wait for their provider. */
export interface WaitingBatches {
  route: string
  batches: number
  requests: number
  /** Of the requests, those that are answered, as far as the provider says. */
  done: number
  /** Ms since the oldest was sent. */
  sinceMs: number
  /** Of the oldest one, in the provider's words. */
  status: string
}

export interface ColumnProgress {
  name: string
  /** Whether cells of it are made before the part is written; others appear with their part. */
  scheduled: boolean
  /** Aliases of the models it asks. */
  routes: readonly string[]
  /** Cells that the run folder had of rows without an outcome. */
  known: number
  made: number
  skipped: number
  failed: number
  /** Cells that no one makes: their row was dropped or rejected before. */
  unneeded: number
}

export interface RouteProgress {
  name: string
  endpoint: string
  inFlight: number
  /** Ms since the oldest of them left; 0 when none is in flight. */
  oldestMs: number
  /** Ms after which a request is given up; null where that is not known. */
  timeoutMs: number | null
  limit: number
  waiting: number
  requests: number
  succeeded: number
  /** Answers from the cache: no request was sent for them. */
  cached: number
  throttled: number
  failed: number
  inputTokens: number
  outputTokens: number
  /** Dollars; null where no price is known. */
  cost: number | null
  /** Ms of the quiet the endpoint asked for that are left; 0 when it asked for none. */
  coolDownMs: number
  /** What is declared or was reported by replies; null for no limit. */
  requestsPerMinute: number | null
  tokensPerMinute: number | null
  /** What keeps the next request; null when it could leave. */
  heldBy: 'in-flight' | 'requests' | 'tokens' | 'cool-down' | 'outage' | null
  /** What it waits for while an endpoint does not answer; null while all of them do. */
  outage: Outage | null
  stopped: string | null
  /** Where its requests may go, if that is more than one place. */
  choices: readonly ChoiceProgress[]
}

/** One of the places of a pool. */
export interface ChoiceProgress {
  name: string
  inFlight: number
  limit: number
  coolDownMs: number
  /** Null while it answers. */
  outage: Outage | null
  stopped: string | null
}
