import { createSeedOrder } from './seed-order.ts'
import type { PackedRows } from './row-file.ts'
import type { Selection } from './selection.ts'
import { openStoredRows, type StoredRows } from './stored-seed-rows.ts'
import { serve } from '../threads/worker-calls.ts'

/** The thread that works out which seed rows are wanted and reads them. */
export interface SeedReaderCalls {
  /** Answers the bytes of a row, on average. */
  open(directory: string, size: number, order: SeedOrderSettings): number
  read(start: number, end: number): PackedRows
}

export interface SeedOrderSettings {
  strategy: 'ordered' | 'shuffle'
  selection: Selection
  runSeed: bigint
}

let rows: StoredRows | null = null

serve<SeedReaderCalls>({
  open(directory, size, { strategy, selection, runSeed }) {
    rows = openStoredRows(directory, createSeedOrder(strategy, selection, runSeed))
    return rows.sizeBytes / size
  },
  read(start, end) {
    if (rows === null) throw new Error('no seed was opened')
    return rows.read(start, end)
  },
})
