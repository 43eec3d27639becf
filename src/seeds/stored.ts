import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { SeedWindow } from '../graph/kind.ts'
import type { Interval } from '../plan/interval.ts'
import { RowsmithError, messageOf } from '../util/errors.ts'
import { parseJson } from '../util/json.ts'
import type { SeedColumn, SeedRow } from './define.ts'
import { descriptionName, storedSeedVersion, type StoredSeedDescription } from './normalise.ts'
import type { SeedOrder } from './order.ts'
import { openRowFile } from './row-file.ts'

/** Rows no window holds any more that stay for the next one: a small seed is read once. */
const keptRows = 4096
const keptCharacters = 8 * 1024 * 1024

/** Run rows whose seed rows are in memory until it is released. */
export interface HeldWindow extends SeedWindow, Disposable {
  /** Lets go of the rows; idempotent. */
  release(): void
}

/** A seed in a run folder. Its own `value` reads rows that any held window covers. */
export interface StoredSeed extends SeedWindow, AsyncDisposable {
  readonly columns: readonly SeedColumn[]
  readonly size: number
  readonly identity: string
  readonly stamp: string
  /** Reads what the given run rows need. */
  window(rows: readonly Interval[], signal: AbortSignal): Promise<HeldWindow>
  close(): Promise<void>
}

interface HeldRow {
  text: string
  /** Parsed when it is first asked for, so that no read of many rows blocks the event loop. */
  values: SeedRow | null
  holders: number
}

/** Opens what `normaliseSeed` wrote; `order` says which stored row a run row gets. */
export async function openSeed(directory: string, order: SeedOrder): Promise<StoredSeed> {
  const { columns, size, identity, stamp } = await readSeedDescription(directory)
  const file = await openRowFile(directory)
  const places = new Map(columns.map(({ name }, at) => [name, at]))
  const held = new Map<number, HeldRow>()
  /** Rows without holders, the one released longest ago first. */
  const idle = new Map<number, HeldRow>()
  let idleCharacters = 0
  // Columns of one row are read one after the other.
  let lastRow = -1
  let lastValues: SeedRow | null = null

  function hold(row: number, text?: string): boolean {
    const entry = held.get(row)
    if (entry !== undefined) {
      entry.holders++
      return true
    }
    const waiting = idle.get(row)
    if (waiting === undefined && text === undefined) return false
    if (waiting !== undefined) {
      idle.delete(row)
      idleCharacters -= waiting.text.length
    }
    const next = waiting ?? { text: text ?? '', values: null, holders: 0 }
    next.holders = 1
    held.set(row, next)
    return true
  }

  function letGo(row: number): void {
    const entry = held.get(row)
    if (entry === undefined || --entry.holders > 0) return
    held.delete(row)
    idle.set(row, entry)
    idleCharacters += entry.text.length
    for (const [oldest, { text }] of idle) {
      if (idle.size <= keptRows && idleCharacters <= keptCharacters) break
      idle.delete(oldest)
      idleCharacters -= text.length
    }
  }

  function valuesOf(row: number): SeedRow {
    const entry = held.get(order(row))
    if (entry === undefined) {
      throw new RowsmithError('internal', `seed row for row ${row} was not read ahead`)
    }
    entry.values ??= parseRow(entry.text)
    return entry.values
  }

  function value(row: number, column: string): ReturnType<SeedWindow['value']> {
    const place = places.get(column)
    if (place === undefined) {
      throw new RowsmithError('internal', `the seed has no column "${column}"`)
    }
    if (row !== lastRow || lastValues === null) {
      lastValues = valuesOf(row)
      lastRow = row
    }
    return lastValues[place] ?? null
  }

  async function window(rows: readonly Interval[], signal: AbortSignal): Promise<HeldWindow> {
    const holding = new Set<number>()
    let released = false

    function release(): void {
      if (released) return
      released = true
      lastRow = -1
      lastValues = null
      for (const row of holding) letGo(row)
    }

    try {
      for (const slice of cutIntoSlices(rows)) {
        signal.throwIfAborted()
        const missing = new Set<number>()
        for (const runRow of slice) {
          const row = order(runRow)
          if (holding.has(row)) continue
          if (hold(row)) holding.add(row)
          else missing.add(row)
        }
        if (missing.size === 0) await setImmediate()
        for (const [row, text] of await file.read(ascending(missing), signal)) {
          hold(row, text)
          holding.add(row)
        }
      }
    } catch (error) {
      release()
      if (signal.aborted) throw error
      throw new RowsmithError(
        'storage-failed',
        `the stored seed in ${directory} cannot be read: ${messageOf(error)}`,
        { cause: error },
      )
    }
    return { value, release, [Symbol.dispose]: release }
  }

  return {
    columns,
    size,
    identity,
    stamp,
    value,
    window,
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** What a folder says of the seed in it. */
export async function readSeedDescription(directory: string): Promise<StoredSeedDescription> {
  const path = join(directory, descriptionName)
  let found: unknown
  try {
    found = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new RowsmithError('storage-failed', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const version = z.looseObject({ version: z.number() }).safeParse(found).data?.version ?? 0
  if (version > storedSeedVersion) {
    throw new RowsmithError(
      'format-newer',
      `${path} has format version ${version}, and this version reads up to ${storedSeedVersion}`,
      { hints: ['Continue the run with the version of rowsmith that made it, or a later one.'] },
    )
  }
  const description = descriptionSchema.safeParse(found)
  if (description.success) return description.data
  throw new RowsmithError('storage-failed', `${path} is not a seed description`, {
    cause: description.error,
    hints: ['Delete the seed folder of the run; it is made again from the seed file.'],
  })
}

const descriptionSchema = z.object({
  version: z.literal(storedSeedVersion),
  identity: z.string(),
  stamp: z.string(),
  size: z.number().int().min(1),
  columns: z.array(
    z.object({ name: z.string(), type: z.enum(['string', 'int64', 'float64', 'bool', 'json']) }),
  ),
})

/** Rows whose order is worked out before other work has its turn: some 4 ms for a shuffle. */
const sliceRows = 512

function* cutIntoSlices(intervals: readonly Interval[]): Generator<number[]> {
  let slice: number[] = []
  for (const { start, end } of intervals) {
    for (let row = start; row < end; row++) {
      slice.push(row)
      if (slice.length < sliceRows) continue
      yield slice
      slice = []
    }
  }
  if (slice.length > 0) yield slice
}

function ascending(rows: ReadonlySet<number>): number[] {
  return Array.from(rows).sort((a, b) => a - b)
}

function parseRow(text: string): SeedRow {
  const values = parseJson(text)
  if (Array.isArray(values)) return values
  throw new RowsmithError('storage-failed', `a stored seed row is not a list: ${text.slice(0, 80)}`)
}
