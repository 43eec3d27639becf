import type { Group } from './group.ts'
import type { GroupSource } from './group-source.ts'
import { groupsOf, type Plan } from './plan.ts'
import type { RowSet } from './row-set.ts'

/** Rows with a record, as they are before a run continues. */
export interface KeptRows {
  /** All rows below it are decided. */
  frontier: number
  /** Rows with a record below the frontier. */
  below: number
  /** Rows with a record from the frontier on. */
  beyond: RowSet
}

/** How far the search for accepted rows is. */
export interface CandidateProgress {
  wanted: number
  /** Decided rows with a record, of all sessions. */
  kept: number
  /** Decided rows, of all sessions. */
  decided: number
}

/** Rows that are made until enough of them have a record; no one knows beforehand how many that is. */
export interface Candidates extends GroupSource {
  /** A row that was given is decided; answers whether `bound` has changed. */
  decided(row: number, kept: boolean): boolean
  /** A row that was given stays without an outcome, because it is not needed. */
  left(): void
  /** Rows from here on are not needed: enough rows below it have a record. `Infinity` until then. */
  readonly bound: number
  readonly progress: CandidateProgress
}

export interface CandidatesOptions {
  /** Its target is the most candidates. */
  plan: Plan
  /** Rows with a record that are to be found. */
  wanted: number
  kept: KeptRows
  wholeFrames?: boolean
  /** No row is given that may not be needed, even if fewer are made at once. */
  exact?: boolean
  /**
   * Rows of the plan's decided ones that are not decided yet, because their answers come another time. With
   * them, the source is exhausted while as many rows are under way as are likely to be needed.
   */
  waiting?: RowSet
}

/** Kept rows that are remembered one by one before those that can't be the last one are counted only. */
const MOST_REMEMBERED = 4_096

/**
 * Gives as many rows as are likely to be needed, by the share of rows with a record so far: as many
 * as records are missing, or more where few have one. Rows that an edit made undecided again count by themselves.
 *
 * The accepted rows are the first ones in row order, so `bound` only falls once it is known: rows
 * below it that are still being made may take the place of the last ones.
 */
export function createCandidates({
  plan,
  wanted,
  kept: before,
  wholeFrames = false,
  exact = false,
  waiting,
}: CandidatesOptions): Candidates {
  const callbacks: (() => void)[] = []
  let position = 0
  let next: { group: Group; size: number } | null = null
  let isLast = false
  let rows = 0
  let open = waiting?.count ?? 0
  let decidedRows = plan.decided.count - open
  /** Undecided rows below the last decided one are made again, mostly: what they were may say what they will be. */
  const decidedEnd = [...plan.decided.intervals()].at(-1)?.end ?? 0
  let again = decidedEnd - plan.decided.count
  const madeAgain = { kept: 0, decided: 0 }
  /** Kept rows that are only counted: all of them are below those in `remembered`. */
  let counted = before.below
  let remembered = rowsOf(before.beyond)
  let isSorted = true
  let prunedAt = MOST_REMEMBERED
  let bound = Infinity
  /** Groups that were given, by their start, with rows that have no outcome yet. */
  const given: { start: number; left: number }[] = []
  let oldest = 0
  let lastFrame = -1

  function keptRows(): number {
    return counted + remembered.length
  }

  function setBound(): void {
    if (!isSorted) remembered.sort((one, other) => one - other)
    isSorted = true
    // What lies beyond is a record too many.
    remembered.length = Math.max(0, Math.min(remembered.length, wanted - counted))
    bound = wanted === 0 ? 0 : (remembered.at(-1) ?? before.frontier - 1) + 1
    next = null
    isLast = groupOf(1) === null
  }

  /** Rows that are expected to be needed in addition to those that are being made. */
  function missing(): number {
    const left = wanted - keptRows()
    if (exact) return left - open
    return Math.max(left, likelyRows(left)) - open
  }

  /** Rows that so many records take, by what became of others. */
  function likelyRows(records: number): number {
    // An edit leaves rejected rows decided and takes up the accepted ones: all of these, as far as is known.
    const shareAgain = (madeAgain.kept + 1) / (madeAgain.decided + 1)
    const fromAgain = again * shareAgain
    if (records <= fromAgain) return rowsFor(records, shareAgain)
    const share = (keptRows() + fromAgain + 1) / (decidedRows + again + 1)
    return again + rowsFor(records - fromAgain, share)
  }

  /** Where rows are no longer needed: frames are always made whole. */
  function end(): number {
    const { frameRows, target } = plan
    if (!wholeFrames || bound === Infinity) return bound
    return Math.min(target, Math.ceil(bound / frameRows) * frameRows)
  }

  function groupOf(size: number): Group | null {
    const target = Math.min(plan.target, end())
    const from = Math.min(position, target)
    return groupsOf({ ...plan, target, groupRows: size }, { from, wholeFrames }).next()
  }

  function sizeNow(): number {
    // Rows that were omitted before may take the place of later ones.
    if (bound < Infinity) return plan.groupRows
    if (wholeFrames) {
      const goesOn = position % plan.frameRows !== 0 && lastFrame === frameAt(position)
      return goesOn || missing() > 0 ? plan.groupRows : 0
    }
    return Math.min(plan.groupRows, missing())
  }

  function frameAt(row: number): number {
    return Math.floor(row / plan.frameRows)
  }

  function peek(): Group | null {
    if (isOver()) return null
    const size = sizeNow()
    if (size <= 0) return null
    if (next?.size === size) return next.group
    const group = groupOf(size)
    next = group === null ? null : { group, size }
    return group
  }

  function isOver(): boolean {
    return isLast || position >= end()
  }

  function passGroup(row: number): void {
    let low = oldest
    let high = given.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((given[middle]?.start ?? Infinity) <= row) low = middle
      else high = middle - 1
    }
    const group = given[low]
    if (group !== undefined) group.left -= 1
    while (given[oldest]?.left === 0) oldest += 1
    if (oldest < MOST_REMEMBERED) return
    given.splice(0, oldest)
    oldest = 0
  }

  /** Rows below all that are being made keep their place, whatever comes. */
  function prune(): void {
    const from = given[oldest]?.start ?? position
    const later = remembered.filter((row) => row >= from)
    counted += remembered.length - later.length
    remembered = later
    prunedAt = Math.max(MOST_REMEMBERED, 2 * remembered.length)
  }

  if (keptRows() >= wanted) setBound()
  isLast = groupOf(1) === null

  return {
    peek,
    take() {
      const group = peek()
      if (group === null) throw new RangeError('no group is left to take')
      next = null
      position = group.end
      lastFrame = group.frame
      rows += group.size
      open += group.size
      given.push({ start: group.start, left: group.size })
      isLast = groupOf(1) === null
      return group
    },
    get exhausted() {
      return isOver() || (waiting !== undefined && peek() === null)
    },
    get rows() {
      return rows
    },
    moreOf: (frame) => !isOver() && frameAt(position) === frame && peek()?.frame === frame,
    onMore: (callback) => void callbacks.push(callback),
    decided(row, isKept) {
      open -= 1
      decidedRows += 1
      if (row < decidedEnd) {
        again -= 1
        madeAgain.decided += 1
        if (isKept) madeAgain.kept += 1
      }
      passGroup(row)
      const former = bound
      if (isKept && row < bound) {
        isSorted &&= row > (remembered.at(-1) ?? -1)
        remembered.push(row)
        if (keptRows() >= wanted) setBound()
        else if (remembered.length > prunedAt) prune()
      }
      return bound !== former
    },
    left() {
      open -= 1
      rows -= 1
    },
    get bound() {
      return end()
    },
    get progress() {
      return { wanted, kept: keptRows(), decided: decidedRows }
    },
  }
}

/** One standard deviation less than is expected: the last ones wait rather than being too many. */
function rowsFor(records: number, share: number): number {
  return Math.floor((records - Math.sqrt(records * (1 - share))) / share)
}

function rowsOf(set: RowSet): number[] {
  const rows: number[] = []
  for (const { start, end } of set.intervals())
    for (let row = start; row < end; row += 1) rows.push(row)
  return rows
}
