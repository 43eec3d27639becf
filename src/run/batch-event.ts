import type { BatchOutcome } from '../models/batch-api.ts'

/** Events of requests that go in batches. */
export type BatchEvent =
  /** The provider has taken a batch, and calls it `batch`. */
  | { type: 'batch-submitted'; route: string; batch: string; requests: number }
  /** Its state changed; the state is the provider's word. */
  | {
      type: 'batch-progress'
      route: string
      batch: string
      status: string
      done: number
      requests: number
    }
  /** Its results are in the run folder; those of `again` are asked for again. */
  | {
      type: 'batch-collected'
      route: string
      batch: string
      outcome: BatchOutcome
      answered: number
      failed: number
      again: number
    }
  /** Results that belong to no request of the batch were omitted. */
  | { type: 'batch-strange'; route: string; batch: string; results: number; id: string }
  /** The run asks the providers to cancel this many batches. */
  | { type: 'batches-cancelling'; batches: number }
  /** The run stops, with rows remaining. */
  | { type: 'batch-stopped'; reason: string }
  /** The run ends, and these stay with their providers. */
  | { type: 'batches-left'; batches: number; requests: number }

export function isBatchEvent(event: { type: string }): event is BatchEvent {
  return event.type.startsWith('batch')
}
