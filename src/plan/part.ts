import type { Interval } from './interval.ts'

// Parts and frames are fixed grids over the rows: number k of a grid of size S holds [k·S, (k+1)·S).

/** A part file of fewer rows is not worth its own footer and ledger row. */
const minPartRows = 4096

/** Rows of a part for a frame size: the smallest multiple of it of at least 4,096 rows. */
export function partRowsFor(frameRows: number): number {
  return Math.ceil(minPartRows / frameRows) * frameRows
}

/** The part a row is in; exact for every row below 2^53. */
export function partOf(row: number, partRows: number): number {
  return Math.floor(row / partRows)
}

/** The rows of a part that a target plans; empty for a part beyond it. */
export function partBounds(part: number, partRows: number, target: number): Interval {
  return { start: Math.min(part * partRows, target), end: Math.min((part + 1) * partRows, target) }
}

/** How many rows of a part a target plans: a part is complete when as many are decided. */
export function plannedRows(part: number, partRows: number, target: number): number {
  const { start, end } = partBounds(part, partRows, target)
  return end - start
}

/** How many parts a target has, a partial last one included. */
export function partCount(partRows: number, target: number): number {
  return Math.ceil(target / partRows)
}

/** The frame a row is in, counted over the whole run. */
export function frameOf(row: number, frameRows: number): number {
  return Math.floor(row / frameRows)
}

/** The rows of a frame that a target plans; empty for a frame beyond it. */
export function frameBounds(frame: number, frameRows: number, target: number): Interval {
  return partBounds(frame, frameRows, target)
}
