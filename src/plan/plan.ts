import { RowsmithError } from '../util/errors.ts'
import type { Group } from './group.ts'
import { frameOf, partOf } from './part.ts'
import { RowSet } from './row-set.ts'

export interface PlanOptions {
  /** Rows the run is to have, decided ones included: rows 0 … target − 1. */
  target: number
  /** Rows that have their outcome. */
  decided: RowSet
  /** Most rows of a group. */
  groupRows: number
  /** Rows of a frame, fixed when the run was created. */
  frameRows: number
  /** Rows of a part, fixed when the run was created; a multiple of `frameRows`. */
  partRows: number
  /** The target the run had until now; 0 for a new run, or one that may be shrunk. */
  storedTarget?: number
}

export interface GroupOptions {
  /** The first row to look at. */
  from?: number
  /** Never straddle a frame, for graphs with whole-column work. */
  wholeFrames?: boolean
}

/** Which rows remain and how they are cut into groups: a few numbers, however many rows. */
export interface Plan {
  readonly target: number
  readonly decided: RowSet
  readonly groupRows: number
  readonly frameRows: number
  readonly partRows: number
  /** Rows that are not decided yet. */
  readonly remaining: number
}

/** Walks the groups of a plan in row order; each is computed when it is asked for. */
export interface GroupCursor extends Iterable<Group> {
  /** The next group, or null when no row remains. */
  next(): Group | null
}

/** A plan; throws for numbers that can't be one, without looking at a single row. */
export function createPlan({
  target,
  decided,
  groupRows,
  frameRows,
  partRows,
  storedTarget = 0,
}: PlanOptions): Plan {
  requireWhole(target, 'target')
  requireWhole(storedTarget, 'storedTarget')
  if (target < storedTarget) {
    throw new RowsmithError(
      'target-too-small',
      `expected a target of at least the ${storedTarget} rows planned so far, got ${target}`,
      { hints: ['Give the larger target, or shrink the run explicitly.'] },
    )
  }
  if (decided.end > target) {
    throw new RowsmithError(
      'target-too-small',
      `expected a target above every decided row, got ${target} while row ${decided.end - 1} is decided`,
      { hints: ['Give a larger target, or shrink the run explicitly.'] },
    )
  }
  requireRowsPer(groupRows, 'groupRows', target)
  requireRowsPer(frameRows, 'frameRows', target)
  requireRowsPer(partRows, 'partRows', target)
  if (target > 0 && partRows % frameRows !== 0) {
    throw new RangeError(
      `expected partRows to be a multiple of frameRows, got ${partRows} and ${frameRows}`,
    )
  }
  return { target, decided, groupRows, frameRows, partRows, remaining: target - decided.count }
}

/**
 * The group that a run opens at a remaining row.
 *
 * Throws 'group-unknown' for a row that the plan does not hold: decided, or beyond its target.
 */
export function groupAt(
  plan: Plan,
  row: number,
  options: Pick<GroupOptions, 'wholeFrames'> = {},
): Group {
  const { target, decided } = plan
  const isRow = Number.isSafeInteger(row) && row >= 0
  const group = isRow ? groupsOf(plan, { ...options, from: row }).next() : null
  if (group?.start === row) return group
  const state =
    isRow && row < target && decided.has(row)
      ? 'which is decided'
      : `and the run has rows 0–${target - 1}`
  throw new RowsmithError(
    'group-unknown',
    `expected the first row of a group that remains, got ${row}, ${target === 0 ? 'and the run has no rows' : state}`,
  )
}

/**
 * A cursor over the groups: lowest part first, rows in order, decided rows skipped.
 *
 * A group ends at `groupRows` rows, at the end of its part (of its frame with `wholeFrames`) or at
 * the target, whichever comes first.
 */
export function groupsOf(
  { target, decided, groupRows, frameRows, partRows }: Plan,
  { from = 0, wholeFrames = false }: GroupOptions = {},
): GroupCursor {
  requireWhole(from, 'from')
  const cellRows = wholeFrames ? frameRows : partRows
  let position = from
  let hole = decided.positionOf(from)
  let holeStart = decided.startOf(hole)
  // End of the part or frame that `position` is in.
  let limit = 0

  function next(): Group | null {
    while (holeStart <= position) skipHole()
    if (position >= target) return null
    if (position >= limit)
      limit = Math.min((Math.floor(position / cellRows) + 1) * cellRows, target)
    const start = position
    const end = Math.min(start + groupRows, limit)
    if (end <= holeStart) {
      position = end
      return groupOf(start, end, end - start, null)
    }
    return gather(start)
  }

  /** The slow way: a group with at least one hole, or one cut short by a hole at its limit. */
  function gather(start: number): Group {
    const pieces: number[] = []
    let size = 0
    let end = start
    while (size < groupRows && position < limit) {
      const stop = Math.min(position + groupRows - size, limit, holeStart)
      pieces.push(size, position)
      size += stop - position
      position = stop
      end = stop
      while (holeStart <= position) skipHole()
    }
    return groupOf(start, end, size, pieces.length === 2 ? null : Float64Array.from(pieces))
  }

  function skipHole(): void {
    position = Math.max(position, decided.endOf(hole))
    hole += 1
    holeStart = decided.startOf(hole)
  }

  function groupOf(start: number, end: number, size: number, pieces: Float64Array | null): Group {
    const part = partOf(start, partRows)
    return { part, frame: frameOf(start, frameRows), start, end, size, pieces }
  }

  return {
    next,
    // Not a generator, which would cost as much again as computing a group.
    [Symbol.iterator]: () => ({
      next() {
        const group = next()
        return group === null ? { done: true, value: undefined } : { done: false, value: group }
      },
    }),
  }
}

function requireWhole(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`expected ${name} to be a whole number from 0 below 2^53, got ${value}`)
  }
}

function requireRowsPer(value: number, name: string, target: number): void {
  requireWhole(value, name)
  if (value === 0 && target > 0) {
    throw new RangeError(`expected ${name} to be at least 1 for ${target} rows, got 0`)
  }
}
