import type { Problem } from '../config/problem.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import type { Clock } from '../util/clock.ts'
import type { WorkerClient } from '../threads/worker-calls.ts'
import type { LedgerCalls } from './ledger.worker.ts'
import type { RunSettings } from './run-settings.ts'
import type { WriterCalls } from './writer.worker.ts'

export type StoreEvent =
  /** The file is on disk, the part not committed yet. */
  | { type: 'part-file-written'; part: number; file: string }
  | { type: 'part-committed'; part: number; rows: number; outcomes: OutcomeTotals }
  /** A processor has something to tell of its records. */
  | { type: 'processor-warning'; message: string }
  | { type: 'join-started'; files: number }
  | { type: 'join-file-written'; file: string; rows: number; bytes: number }
  | { type: 'join-finished'; files: number; rows: number }
  | { type: 'ledger-committed'; records: number; bytes: number }
  | { type: 'warning'; problem: Problem }

/** What the operations of an open run share. */
export interface OpenRun {
  directory: string
  settings: RunSettings
  clock: Clock
  ledger: WorkerClient<LedgerCalls>
  /** Started by the first call. */
  writer: () => WorkerClient<WriterCalls>
  onEvent: (event: StoreEvent) => void
  /** A name no other attempt has had or will have. */
  nextAttempt(): string
}
