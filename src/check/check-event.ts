import type { ModelEvent } from '../models/provider.ts'

/** Progress of a seed that takes a while: its first reading, and its copying into the run folder. */
export interface SeedProgressEvent {
  type: 'seed-progress'
  phase: 'reading' | 'copying'
  path: string
  bytes: number
  totalBytes: number
}

/** What checking a config reports while it works. */
export type CheckEvent = SeedProgressEvent | ModelEvent
