import type { CheckEvent } from '../check/check-event.ts'
import type { BatchEvent } from './batch-event.ts'
import type { EarlierSessions } from './earlier-sessions.ts'
import type { EditPlan } from './edit-plan.ts'
import type { ModelRequest, Usage } from '../graph/request.ts'
import type { HubEvent } from '../hub/hub-event.ts'
import type { CheckResult } from '../models/probe-places.ts'
import type { RunEnd, RunResult } from '../report/run-result.ts'
import type { SchedulerEvent } from '../scheduler/scheduler-event.ts'
import type { StoreEvent } from '../store/open-run.ts'

/** A model that is asked whether it is ready, and how long its answer is awaited. */
export interface CheckedModel {
  alias: string
  /** Of the place where it is asked: the alias, or one of its pool. */
  name: string
  model: string
  provider: string
  /** The address; the provider's name for what runs in the process. */
  endpoint: string
  timeoutMs: number
}

/** The progress of an export. */
export type ExportEvent =
  | StoreEvent
  | { type: 'run-opening'; dir: string }
  /** Rows of an interrupted run that are complete in the ledger are written into this many parts. */
  | { type: 'settling'; parts: number }
  | { type: 'export-progress'; path: string; rows: number; totalRows: number }
  | HubEvent

/** Who asked what, in an event of a request. */
interface RequestPlace {
  /** Counts from 1 in a session; the same in all events of one sending. */
  request: number
  /** The alias of the model, or the name of a server of tools. */
  alias: string
  model: string
  endpoint: string
  operation: ModelRequest['operation']
  /** Null for what is asked next to the dataset: summaries of judgements. */
  column: string | null
  /** The first of them where several rows share the request. */
  row: number
  /** Whether several rows share it. */
  isShared: boolean
  /** From 0, among the requests of its cell. */
  turn: number
  /** From 1; sendings that do not count as attempts have the same one. */
  attempt: number
}

/** The events of single requests, for `onRequest`. */
export type RequestEvent =
  | ({ type: 'request-sent' } & RequestPlace)
  | ({ type: 'request-answered'; ms: number } & RequestPlace & Usage)
  /** `throttled`: a 429, after which it waits and is sent again. */
  | ({
      type: 'request-failed'
      ms: number
      code: string
      status: number | null
      throttled: boolean
    } & RequestPlace &
      Usage)
  /** The answer was in the cache, and nothing was sent. */
  | { type: 'request-cached'; alias: string; column: string | null; row: number }

/** The events of a run. */
export type RunEvent =
  | SchedulerEvent
  | StoreEvent
  | CheckEvent
  | BatchEvent
  | { type: 'models-checking'; models: readonly CheckedModel[] }
  | { type: 'model-checked'; result: CheckResult }
  | { type: 'models-checked'; results: readonly CheckResult[] }
  /** Servers of tools are started, or reached where they are. */
  | { type: 'tools-checking'; servers: readonly string[] }
  | { type: 'tool-server-listed'; server: string; tools: number }
  | { type: 'tools-checked' }
  | { type: 'run-opening'; dir: string }
  | {
      type: 'run-opened'
      dir: string
      seed: bigint
      rows: number
      /** Rows to accept and rows made for that at most; null where all of `rows` are made. */
      selection: { target: number; most: number } | null
      decided: number
      resumed: boolean
      /** What its earlier sessions amounted to. */
      before: EarlierSessions
      /** The run that a fresh one has its seed from. */
      seedOf: string | null
      /** Some of its cells need requests; answers of remaining rows are reused. */
      asksModels: boolean
      /** Between two progress lines, from the run config. */
      progressIntervalMs: number
    }
  /** The config differs from that of the run, which continues with it: the effect. */
  | { type: 'config-changed'; plan: EditPlan }
  /** A preview has cells of the run in the default folder. */
  | {
      type: 'cells-reused'
      cells: number
      /** Of which rows, by the name of the column. */
      known: ReadonlyMap<string, ReadonlySet<number>>
      dir: string
    }
  /** No further row will be decided; the dataset is made if none remains. */
  | { type: 'finishing' }
  /** The last one but for warnings of closing the folder; requests and cost are those of all sessions. */
  | {
      type: 'run-ended'
      end: RunEnd
      rows: RunResult['rows']
      requests: number
      /** Dollars; null where no price is known. */
      cost: number | null
      seconds: number
    }
  /** The last one where the run could not continue. */
  | { type: 'run-failed'; error: unknown }
