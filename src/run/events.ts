import type { Problem } from '../config/problem.ts'
import type { CheckResult } from '../models/registry.ts'
import type { SchedulerEvent } from '../scheduler/events.ts'
import type { StoreEvent } from '../store/open-run.ts'

/** What a run tells while it works. */
export type RunEvent =
  | SchedulerEvent
  | StoreEvent
  | { type: 'warning'; problem: Problem }
  /** Of a seed that takes a while: its first reading, and its copying into the run folder. */
  | {
      type: 'seed-progress'
      phase: 'reading' | 'copying'
      path: string
      bytes: number
      totalBytes: number
    }
  | { type: 'models-checked'; results: readonly CheckResult[] }
  | {
      type: 'run-opened'
      dir: string
      seed: bigint
      rows: number
      decided: number
      resumed: boolean
      /** Between two progress lines, from the run config. */
      progressIntervalMs: number
    }
