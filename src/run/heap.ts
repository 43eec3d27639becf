import { getHeapStatistics } from 'node:v8'

/** Bytes that the heap of this thread leaves to values: a small heap lowers what the run may hold. */
export interface HeapShares {
  /** Of cells of open rows, and of parts while they are made. */
  openBytes: number
  /** Bytes queued for the ledger. */
  pendingBytes: number
}

const MOST_PENDING_BYTES = 64 * 2 ** 20

/**
 * The limit that V8 states includes the young generation, which can be most of a small heap: an
 * eighth and a sixteenth leave as much again for requests and replies in flight.
 */
export function heapShares(limit: number = getHeapStatistics().heap_size_limit): HeapShares {
  return { openBytes: limit / 8, pendingBytes: Math.min(MOST_PENDING_BYTES, limit / 16) }
}
