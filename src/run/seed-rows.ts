import type { SeedWindow } from '../graph/kind.ts'
import type { Interval } from '../plan/interval.ts'
import type { HeldWindow, StoredSeed } from '../seeds/stored.ts'

/** Seed rows at hand for the rows being worked on, read in chunks independent of the group size. */
export interface SeedRows extends SeedWindow {
  /** Gets the rows of an interval at hand; answers at once when they are. */
  hold(rows: Interval, signal: AbortSignal): (() => void) | Promise<() => void>
  close(): Promise<void>
}

interface Chunk {
  window: HeldWindow | Promise<HeldWindow>
  holders: number
}

/** Rows read at a time. */
const CHUNK_ROWS = 1024
/** Chunks kept although nobody holds them: the next group begins where the last one ended. */
const IDLE_CHUNKS = 4

export function createSeedRows(seed: StoredSeed): SeedRows {
  const chunks = new Map<number, Chunk>()

  function chunkOf(number: number, signal: AbortSignal): Chunk {
    let chunk = chunks.get(number)
    if (chunk === undefined) {
      const start = number * CHUNK_ROWS
      const fresh: Chunk = {
        holders: 0,
        window: seed.window([{ start, end: start + CHUNK_ROWS }], signal).then((window) => {
          fresh.window = window
          return window
        }),
      }
      chunk = fresh
      chunks.set(number, chunk)
    }
    return chunk
  }

  function release(numbers: readonly number[]): void {
    for (const number of numbers) (chunks.get(number) as Chunk).holders -= 1
    const idle = [...chunks].filter(
      ([, { holders, window }]) => holders === 0 && !(window instanceof Promise),
    )
    for (const [number, { window }] of idle.slice(0, Math.max(0, idle.length - IDLE_CHUNKS))) {
      chunks.delete(number)
      if (!(window instanceof Promise)) window.release()
    }
  }

  return {
    value: (row, column) => seed.value(row, column),
    hold({ start, end }, signal) {
      const numbers: number[] = []
      for (let at = Math.floor(start / CHUNK_ROWS); at * CHUNK_ROWS < end; at += 1) numbers.push(at)
      const wanted = numbers.map((number) => chunkOf(number, signal))
      for (const chunk of wanted) chunk.holders += 1
      let held = true
      const letGo = (): void => {
        if (held) release(numbers)
        held = false
      }
      const pending = wanted
        .map(({ window }) => window)
        .filter((window) => window instanceof Promise)
      return pending.length === 0 ? letGo : Promise.all(pending).then(() => letGo)
    },
    async close() {
      const windows = [...chunks.values()].map(({ window }) => window)
      await Promise.allSettled(windows.filter((window) => window instanceof Promise))
      await seed.close()
    },
  }
}
