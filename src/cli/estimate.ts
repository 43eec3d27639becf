import type { ColumnProgress, Snapshot } from '../scheduler/scheduler-event.ts'

/** How fast a run goes, from what happened lately. Null is "too early to say". */
export interface Estimate {
  rowsPerSecond: number | null
  /** By position in the snapshot's columns. */
  cellsPerSecond: readonly (number | null)[]
  secondsLeft: number | null
}

interface Sample {
  at: number
  decided: number
  /** Cells that ended, by column. */
  ended: readonly number[]
}

/** Rates are those of this long, so that they follow what happens now… */
const WINDOW_MS = 20_000
/** …or of as many cells and rows, where they come slowly, in at most so long. */
const WINDOW_EVENTS = 20
const LONGEST_WINDOW_MS = 600_000
const SAMPLE_EVERY_MS = 500
/** What the first moments of a run say about the rest of it is chance. */
const EARLIEST_RATE_MS = 1_000
const EARLIEST_LEFT_MS = 3_000
const FEWEST_EVENTS = 5

export function createEstimate(): (snapshot: Snapshot, at: number) => Estimate {
  const samples: Sample[] = []

  function keep(sample: Sample): Sample {
    const last = samples.at(-1)
    if (last === undefined || sample.at - last.at >= SAMPLE_EVERY_MS) samples.push(sample)
    for (;;) {
      const [first, second] = samples
      if (first === undefined) return sample
      if (second === undefined || sample.at - second.at < WINDOW_MS) return first
      const enough = events(second, sample) >= WINDOW_EVENTS
      if (!enough && sample.at - second.at < LONGEST_WINDOW_MS) return first
      samples.shift()
    }
  }

  return (snapshot, at) => {
    const { rows, columns } = snapshot
    const now = { at, decided: rows.decided, ended: columns.map(endedCells) }
    const since = keep(now)
    const seconds = (at - since.at) / 1000
    const early = at - since.at < EARLIEST_RATE_MS
    const rateOf = (to: number, from = 0): number | null => (early ? null : (to - from) / seconds)
    const cells = now.ended.map((ended, column) => rateOf(ended, since.ended[column]))
    const rowsPerSecond = rateOf(now.decided, since.decided)
    const known =
      at - since.at >= EARLIEST_LEFT_MS &&
      events(since, now) >= FEWEST_EVENTS &&
      !snapshot.draining &&
      rows.remaining > 0
    return {
      rowsPerSecond,
      cellsPerSecond: cells,
      secondsLeft: known ? secondsLeft(snapshot, cells, rowsPerSecond ?? 0) : null,
    }
  }
}

export function endedCells({ made, skipped, failed }: ColumnProgress): number {
  return made + skipped + failed
}

/** Cells of a column that may still have to be made: none of a row that has its outcome. */
export function cellsLeft(column: ColumnProgress, { rows }: Snapshot): number {
  const planned = rows.decided + rows.remaining
  return Math.max(
    0,
    Math.min(planned - column.known - endedCells(column) - column.unneeded, rows.remaining),
  )
}

function events(from: Sample, to: Sample): number {
  return to.ended.reduce(
    (sum, ended, column) => sum + ended - (from.ended[column] ?? 0),
    to.decided - from.decided,
  )
}

/**
 * The longest of what each model still has to do. By cells and not by rows: in a chain of columns
 * no row may have ended yet, and rows that were complete in the ledger all end at once.
 */
function secondsLeft(
  snapshot: Snapshot,
  cellsPerSecond: readonly (number | null)[],
  rowsPerSecond: number,
): number | null {
  const models = new Map<string, { left: number; perSecond: number }>()
  snapshot.columns.forEach((column, position) => {
    const [route] = column.routes
    if (route === undefined || !column.scheduled) return
    const { left, perSecond } = models.get(route) ?? { left: 0, perSecond: 0 }
    models.set(route, {
      left: left + cellsLeft(column, snapshot),
      perSecond: perSecond + (cellsPerSecond[position] ?? 0),
    })
  })
  if (models.size === 0) {
    return rowsPerSecond > 0 ? snapshot.rows.remaining / rowsPerSecond : null
  }
  const times = [...models.values()].map(({ left, perSecond }) =>
    left === 0 ? 0 : left / perSecond,
  )
  const longest = Math.max(...times)
  return Number.isFinite(longest) ? longest : null
}
