import type { CheckEvent } from '../check/check-event.ts'
import type { EditPlan } from './edit-plan.ts'
import type { CheckResult } from '../models/registry.ts'
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

/** What an export tells while it works. */
export type ExportEvent =
  | StoreEvent
  | { type: 'run-opening'; dir: string }
  /** Rows of an interrupted run that are complete in the ledger are written into this many parts. */
  | { type: 'settling'; parts: number }
  | { type: 'export-progress'; path: string; rows: number; totalRows: number }

/** What a run tells while it works. */
export type RunEvent =
  | SchedulerEvent
  | StoreEvent
  | CheckEvent
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
      /** The run that a fresh one has its seed from. */
      seedOf: string | null
      /** Some of its cells are asked of models: what was answered of rows that remain is used again. */
      asksModels: boolean
      /** Between two progress lines, from the run config. */
      progressIntervalMs: number
    }
  /** The config is another one than that of the run, which goes on with it: what that means. */
  | { type: 'config-changed'; plan: EditPlan }
  /** A preview has cells of the run in the default folder. */
  | { type: 'cells-reused'; cells: number; dir: string }
  /** No more rows are decided; the dataset is put together when none remains. */
  | { type: 'finishing' }
