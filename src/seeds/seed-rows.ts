import type { SeedWindow } from '../graph/kind.ts'
import type { HeldRows, HoldRows } from '../rows/held-rows.ts'
import type { SeedColumn, SeedRow } from './define.ts'
import type { PackedRows } from './row-file.ts'
import { joinRows } from './rows-of-record.ts'
import { unpackRow } from './stored-seed-rows.ts'
import { RowsmithError } from '../util/errors.ts'

/** Seed rows available for the rows being worked on, read in chunks independent of the group size. */
export interface SeedRows extends SeedWindow {
  readonly hold: HoldRows
  close(): Promise<void>
}

export interface SeedRowsOptions {
  columns: readonly SeedColumn[]
  /** Bytes of a row, on average. */
  rowBytes: number
  /** Seed rows that a row of the run has; one by default. */
  rowsPerRecord?: number
  /** What the rows start ≤ row < end of a run have with one seed row each; calls are answered in order. */
  read: (start: number, end: number) => Promise<PackedRows>
  close: () => Promise<void>
}

interface Chunk {
  holders: number
  /** Null until it is read. */
  packed: PackedRows | null
  reading: Promise<void>
  /** Unpacked when they are first asked for, so that no read of many blocks the event loop. */
  rows: SeedRow[]
}

/** Rows read at a time; fewer of long ones. */
const CHUNK_ROWS = 1024
const CHUNK_BYTES = 2 ** 20
/**
 * Chunks kept although no one holds them: the next group begins where the last one ended, and a
 * part is assembled from rows that were made a moment ago.
 */
const IDLE_CHUNKS = 24
const IDLE_BYTES = 8 * 2 ** 20

export function createSeedRows(options: SeedRowsOptions): SeedRows {
  const { columns, rowBytes, rowsPerRecord = 1, read, close } = options
  const inChunk = Math.floor(Math.min(CHUNK_ROWS, CHUNK_BYTES / rowBytes) / rowsPerRecord)
  const chunkRows = Math.max(1, inChunk)
  const places = new Map(columns.map(({ name }, at) => [name, at]))
  const chunks = new Map<number, Chunk>()
  /** Chunks no one holds, by number, the one release longest ago first. */
  const idle = new Map<number, Chunk>()
  let idleBytes = 0
  // Cells are asked for column by column and row by row of neighbours.
  let lastNumber = -1
  let lastChunk: Chunk | null = null

  function chunkOf(number: number): Chunk {
    const known = chunks.get(number)
    if (known !== undefined) return known
    const start = number * chunkRows
    const chunk: Chunk = { holders: 0, packed: null, reading: readInto(), rows: [] }
    async function readInto(): Promise<void> {
      const packed = await read(start * rowsPerRecord, (start + chunkRows) * rowsPerRecord)
      chunk.packed = packed
      if (chunk.holders === 0) rest(number, chunk)
    }
    // Who waits for it learns of a failure; one read ahead has no one waiting.
    chunk.reading.catch(() => chunks.delete(number))
    chunks.set(number, chunk)
    return chunk
  }

  function take(number: number): Chunk {
    const chunk = chunkOf(number)
    chunk.holders += 1
    if (idle.delete(number)) idleBytes -= chunk.packed?.texts.length ?? 0
    return chunk
  }

  function letGo(number: number, chunk: Chunk): void {
    chunk.holders -= 1
    if (chunk.holders === 0 && chunk.packed !== null) rest(number, chunk)
  }

  /** Keeps a chunk for who comes next, and forgets those that rested longest. */
  function rest(number: number, chunk: Chunk): void {
    idle.set(number, chunk)
    idleBytes += chunk.packed?.texts.length ?? 0
    for (const [oldest, { packed }] of idle) {
      if (idle.size <= IDLE_CHUNKS && idleBytes <= IDLE_BYTES) break
      idle.delete(oldest)
      idleBytes -= packed?.texts.length ?? 0
      chunks.delete(oldest)
      lastNumber = -1
    }
  }

  function valuesOf(row: number): SeedRow {
    const number = Math.floor(row / chunkRows)
    const chunk = number === lastNumber ? lastChunk : (chunks.get(number) ?? null)
    if (chunk === null || chunk.packed === null || chunk.holders === 0) {
      throw new RowsmithError('internal', `seed row for row ${row} was not read ahead`)
    }
    lastNumber = number
    lastChunk = chunk
    const at = row - number * chunkRows
    return (chunk.rows[at] ??= unpackRecord(chunk.packed, at))
  }

  function unpackRecord(packed: PackedRows, at: number): SeedRow {
    if (rowsPerRecord === 1) return unpackRow(packed, at)
    const first = at * rowsPerRecord
    return joinRows(Array.from({ length: rowsPerRecord }, (_, of) => unpackRow(packed, first + of)))
  }

  return {
    value(row, column) {
      const place = places.get(column)
      if (place === undefined) {
        throw new RowsmithError('internal', `the seed has no column "${column}"`)
      }
      return valuesOf(row)[place] ?? null
    },
    hold({ start, end }) {
      const number = Math.floor(start / chunkRows)
      const chunk = take(number)
      // The rows behind are read while these are worked on.
      chunkOf(number + 1)
      let held = true
      const rows: HeldRows = {
        end: Math.min(end, (number + 1) * chunkRows),
        release() {
          if (held) letGo(number, chunk)
          held = false
        },
      }
      if (chunk.packed !== null) return rows
      return chunk.reading.then(
        () => rows,
        (error: unknown) => {
          rows.release()
          throw error
        },
      )
    },
    async close() {
      await Promise.allSettled([...chunks.values()].map(({ reading }) => reading))
      await close()
    },
  }
}
