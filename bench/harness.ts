import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** One measured number of a bench. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** What the number must not exceed; absent where it is only shown. */
  limit?: number
  /** What the number must reach; absent where it is only shown. */
  atLeast?: number
  note?: string
}

/** What a file of this folder exports. */
export interface Bench {
  run(): Promise<readonly Figure[]>
}

export interface CompareOptions {
  /** How often each side runs; the median counts. */
  rounds?: number
  /** Runs of each side before the clock counts. */
  warmup?: number
}

/**
 * Median milliseconds of each side. The sides take turns, so what else the machine does hits all
 * of them; the work of a run is fixed by its side, never by a clock.
 */
export function compare<Name extends string>(
  sides: Readonly<Record<Name, () => unknown>>,
  { rounds = 15, warmup = 3 }: CompareOptions = {},
): Record<Name, number> {
  // Object.entries widens the keys it was given.
  const entries = Object.entries(sides) as [Name, () => unknown][]
  const times = new Map<Name, number[]>(entries.map(([name]) => [name, []]))
  for (let round = -warmup; round < rounds; round += 1) {
    // Every other round goes backwards: no side always runs in the garbage of the same other one.
    const turn = round % 2 === 0 ? entries : entries.toReversed()
    for (const [name, side] of turn) {
      const started = performance.now()
      keep(side())
      const took = performance.now() - started
      if (round >= 0) times.get(name)?.push(took)
    }
  }
  const medians = entries.map(([name]) => [name, median(times.get(name) ?? [])])
  return Object.fromEntries(medians) as Record<Name, number>
}

/** Milliseconds of one call: the median over fixed rounds. */
export function time(work: () => unknown, options: CompareOptions = {}): number {
  return compare({ work }, options).work
}

/** Bytes that are still held while what `make` returned is: heap and array buffers. */
export function retained(make: () => unknown): number {
  // The first one also pays for compiled code and caches; the smallest of the rest is the object.
  const samples = Array.from({ length: 5 }, () => {
    const before = heldBytes()
    const made = make()
    const bytes = heldBytes() - before
    keep(made)
    return bytes
  })
  return Math.max(0, Math.min(...samples.slice(1)))
}

let kept: unknown

/** Keeps a value alive, and its computation from being optimised away. */
export function keep(value: unknown): void {
  kept = value
  if (kept === keep) throw new Error('a bench returned the harness')
}

function heldBytes(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

let collector: (() => void) | null = null

function collectGarbage(): void {
  if (collector === null) {
    setFlagsFromString('--expose-gc')
    // The flag reaches new contexts only; `gc` is V8's own and has no type.
    collector = runInNewContext('gc') as () => void
  }
  collector()
}

/** The middle one; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
