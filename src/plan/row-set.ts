import type { Interval } from './interval.ts'

/**
 * A set of rows as sorted, disjoint, never touching half-open intervals; immutable.
 *
 * It costs 16 bytes per interval whatever the number of rows. A class, because closures per set
 * would cost more than most sets hold.
 */
export class RowSet {
  /** Start and end of each interval, in turn. */
  readonly #bounds: Float64Array
  /** Rows in the set. */
  readonly count: number

  private constructor(bounds: Float64Array) {
    this.#bounds = bounds
    let count = 0
    for (let i = 0; i < bounds.length; i += 2) count += at(bounds, i + 1) - at(bounds, i)
    this.count = count
  }

  static readonly empty: RowSet = new RowSet(new Float64Array(0))

  /** The rows of all intervals, which may come in any order, overlap, touch or be empty. */
  static fromIntervals(intervals: Iterable<Interval>): RowSet {
    const list = Array.isArray(intervals) ? (intervals as readonly Interval[]) : [...intervals]
    let sorted = true
    let before = 0
    for (const { start, end } of list) {
      requireRow(start, 'start of an interval')
      requireRow(end, 'end of an interval')
      if (end < start) {
        throw new RangeError(`expected an interval with start ≤ end, got [${start}, ${end})`)
      }
      sorted &&= before <= start
      before = start
    }
    const ordered = sorted ? list : list.toSorted((one, other) => one.start - other.start)
    const writer = new BoundsWriter(ordered.length)
    for (const { start, end } of ordered) writer.add(start, end)
    return RowSet.#of(writer)
  }

  /** The given rows, which may come in any order and more than once. */
  static fromRows(rows: Float64Array | readonly number[]): RowSet {
    const sorted = new Float64Array(rows).sort()
    let intervals = 0
    let next = -1
    for (const row of sorted) {
      requireRow(row, 'row')
      if (row > next) intervals += 1
      next = row + 1
    }
    const writer = new BoundsWriter(intervals)
    for (const row of sorted) writer.add(row, row + 1)
    return RowSet.#of(writer)
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0
  }

  /** The first row after the set; 0 when it is empty. */
  get end(): number {
    return this.isEmpty ? 0 : at(this.#bounds, this.#bounds.length - 1)
  }

  get intervalCount(): number {
    return this.#bounds.length / 2
  }

  /** Start of the interval at a position; +Infinity after the last one. */
  startOf(position: number): number {
    const { length } = this.#bounds
    return position * 2 < length ? at(this.#bounds, position * 2) : Infinity
  }

  /** End of the interval at a position; +Infinity after the last one. */
  endOf(position: number): number {
    const { length } = this.#bounds
    return position * 2 < length ? at(this.#bounds, position * 2 + 1) : Infinity
  }

  /** Position of the first interval that ends after `row`: the one that holds it, or the next. */
  positionOf(row: number): number {
    let low = 0
    let high = this.intervalCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (at(this.#bounds, middle * 2 + 1) <= row) low = middle + 1
      else high = middle
    }
    return low
  }

  has(row: number): boolean {
    return this.startOf(this.positionOf(row)) <= row
  }

  /** The rows below `end` that are not in the set. */
  complement(end: number): RowSet {
    requireRow(end, 'end')
    const writer = new BoundsWriter(this.intervalCount + 1)
    let from = 0
    for (let i = 0; from < end; i += 1) {
      writer.add(from, Math.min(this.startOf(i), end))
      from = this.endOf(i)
    }
    return RowSet.#of(writer)
  }

  union(other: RowSet): RowSet {
    if (other.isEmpty) return this
    if (this.isEmpty) return other
    const writer = new BoundsWriter(this.intervalCount + other.intervalCount)
    let mine = 0
    let theirs = 0
    while (mine < this.intervalCount || theirs < other.intervalCount) {
      if (this.startOf(mine) <= other.startOf(theirs)) {
        writer.add(this.startOf(mine), this.endOf(mine))
        mine += 1
      } else {
        writer.add(other.startOf(theirs), other.endOf(theirs))
        theirs += 1
      }
    }
    return RowSet.#of(writer)
  }

  /** The rows of this set that are not in the other. */
  subtract(other: RowSet): RowSet {
    if (this.isEmpty || other.isEmpty) return this
    const writer = new BoundsWriter(this.intervalCount + other.intervalCount)
    let hole = other.positionOf(this.startOf(0))
    for (let i = 0; i < this.intervalCount; i += 1) {
      const end = this.endOf(i)
      let from = this.startOf(i)
      while (other.startOf(hole) < end) {
        writer.add(from, other.startOf(hole))
        from = Math.max(from, other.endOf(hole))
        // A hole that reaches beyond this interval may cut the next one too.
        if (other.endOf(hole) > end) break
        hole += 1
      }
      writer.add(from, end)
    }
    return RowSet.#of(writer)
  }

  /** The rows of the set from `start` up to, without, `end`. */
  intersect(start: number, end: number): RowSet {
    if (start <= this.startOf(0) && end >= this.end) return this
    const writer = new BoundsWriter(this.intervalCount)
    for (let i = this.positionOf(start); this.startOf(i) < end; i += 1) {
      writer.add(Math.max(this.startOf(i), start), Math.min(this.endOf(i), end))
    }
    return RowSet.#of(writer)
  }

  /** The intervals in ascending order. */
  *intervals(): Generator<Interval> {
    for (let i = 0; i < this.#bounds.length; i += 2) {
      yield { start: at(this.#bounds, i), end: at(this.#bounds, i + 1) }
    }
  }

  static #of(writer: BoundsWriter): RowSet {
    const bounds = writer.finish()
    return bounds.length === 0 ? RowSet.empty : new RowSet(bounds)
  }
}

/** Collects intervals that come by ascending start, joining what overlaps or touches. */
class BoundsWriter {
  readonly #bounds: Float64Array
  #length = 0

  constructor(maxIntervals: number) {
    this.#bounds = new Float64Array(maxIntervals * 2)
  }

  add(start: number, end: number): void {
    if (start >= end) return
    const last = this.#length - 1
    if (last > 0 && start <= at(this.#bounds, last)) {
      this.#bounds[last] = Math.max(at(this.#bounds, last), end)
      return
    }
    this.#bounds[this.#length] = start
    this.#bounds[this.#length + 1] = end
    this.#length += 2
  }

  finish(): Float64Array {
    // A view would keep the unused rest alive.
    return this.#length === this.#bounds.length ? this.#bounds : this.#bounds.slice(0, this.#length)
  }
}

function at(bounds: Float64Array, position: number): number {
  // In range wherever it is called; the fallback only satisfies the type.
  return bounds[position] ?? Infinity
}

function requireRow(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`expected a whole number from 0 below 2^53 as ${what}, got ${value}`)
  }
}
