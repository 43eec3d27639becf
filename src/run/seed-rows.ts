import type { SeedWindow } from '../graph/kind.ts'
import type { Interval } from '../plan/interval.ts'
import type { SeedColumn, SeedRow } from '../seeds/define.ts'
import type { PackedRows } from '../seeds/row-file.ts'
import { unpackRow } from '../seeds/stored.ts'
import { RowsmithError } from '../util/errors.ts'

/** Seed rows at hand for the rows being worked on, read in chunks independent of the group size. */
export interface SeedRows extends SeedWindow {
  /** Gets the rows of an interval at hand; answers at once when they are. */
  hold(rows: Interval): (() => void) | Promise<() => void>
  close(): Promise<void>
}

export interface SeedRowsOptions {
  columns: readonly SeedColumn[]
  /** Bytes of a row, on average. */
  rowBytes: number
  /** Run rows start ≤ row < end; calls are answered in order. */
  read: (start: number, end: number) => Promise<PackedRows>
  close: () => Promise<void>
}

interface Chunk {
  holders: number
  /** Null until they are read. */
  packed: PackedRows | null
  reading: Promise<void>
  /** Unpacked when they are first asked for, so that no read of many blocks the event loop. */
  rows: SeedRow[]
}

/** Rows read at a time; fewer of long ones. */
const CHUNK_ROWS = 1024
const CHUNK_BYTES = 2 ** 20
/**
 * Chunks kept although nobody holds them: the next group begins where the last one ended, and a
 * part is assembled from rows that were made a moment ago.
 */
const IDLE_CHUNKS = 24
const IDLE_BYTES = 8 * 2 ** 20

export function createSeedRows({ columns, rowBytes, read, close }: SeedRowsOptions): SeedRows {
  const chunkRows = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_BYTES / rowBytes)))
  const places = new Map(columns.map(({ name }, at) => [name, at]))
  /** By number, the one let go of longest ago first among those nobody holds. */
  const chunks = new Map<number, Chunk>()
  // Cells are asked for column by column and row by row of neighbours.
  let lastNumber = -1
  let lastChunk: Chunk | null = null

  function chunkOf(number: number): Chunk {
    const known = chunks.get(number)
    if (known !== undefined) return known
    const start = number * chunkRows
    const chunk: Chunk = { holders: 0, packed: null, reading: readInto(), rows: [] }
    async function readInto(): Promise<void> {
      const packed = await read(start, start + chunkRows)
      chunk.packed = packed
    }
    // Who waits for it learns of a failure; one read ahead has nobody waiting.
    chunk.reading.catch(() => chunks.delete(number))
    chunks.set(number, chunk)
    return chunk
  }

  function letGo(numbers: readonly number[]): void {
    for (const number of numbers) {
      const chunk = chunks.get(number)
      if (chunk === undefined) continue
      chunk.holders -= 1
      if (chunk.holders > 0) continue
      chunks.delete(number)
      chunks.set(number, chunk)
    }
    const idle = [...chunks].filter(([, { holders, packed }]) => holders === 0 && packed !== null)
    let bytes = idle.reduce((sum, [, { packed }]) => sum + (packed?.texts.length ?? 0), 0)
    for (const [at, [number, { packed }]] of idle.entries()) {
      if (idle.length - at <= IDLE_CHUNKS && bytes <= IDLE_BYTES) break
      chunks.delete(number)
      bytes -= packed?.texts.length ?? 0
    }
    lastNumber = -1
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
    return (chunk.rows[at] ??= unpackRow(chunk.packed, at))
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
      const numbers: number[] = []
      for (let at = Math.floor(start / chunkRows); at * chunkRows < end; at += 1) numbers.push(at)
      const wanted = numbers.map((number) => chunkOf(number))
      for (const chunk of wanted) chunk.holders += 1
      // The rows behind are read while these are worked on.
      chunkOf((numbers.at(-1) ?? 0) + 1)
      let held = true
      const release = (): void => {
        if (held) letGo(numbers)
        held = false
      }
      const pending = wanted.filter(({ packed }) => packed === null)
      if (pending.length === 0) return release
      return Promise.all(pending.map(({ reading }) => reading)).then(
        () => release,
        (error: unknown) => {
          release()
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
