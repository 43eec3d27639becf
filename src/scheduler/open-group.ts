import { type Group, rowAt } from '../plan/group.ts'
import { type Block, type ByteTally, createBlock, freeRow } from '../rows/block.ts'
import type { JournaledExchange } from '../rows/journal.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import { finishedCell, type RowPlan } from './row-plan.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

/** What became of a row of an open group. */
const rowState = { waiting: 0, begun: 1, decided: 2, dropped: 3, rejected: 4, left: 5 } as const

const stateBits = 7
const oneHolder = 8

/** Receives what a change of one cell made possible. */
export interface GroupListener {
  /** Every upstream of a cell is there: it can be made or skipped. */
  cellReady(group: OpenGroup, local: number, offset: number): void
  /** Every awaited cell of a row is there, or the row was dropped or rejected. */
  rowDecided(group: OpenGroup, offset: number): void
  /** A row ends without an outcome. */
  rowLeft(group: OpenGroup): void
  /** A row that had begun is decided or left; `bytes` is what its cells took. */
  rowEnded(group: OpenGroup, offset: number, bytes: number): void
}

const noExchanges: readonly JournaledExchange[] = []

/**
 * An open row group: readiness by counting.
 *
 * `missing` holds, per (row, column), the upstream cells not there yet, or `finishedCell`; a finished
 * cell lowers its dependants' counters, and zero means ready. `left` holds, per row, the awaited
 * cells not there yet. A row waits, begins, and ends once: with an outcome, or left without one.
 *
 * One typed array only: they cost the most where every row has a separate group.
 */
export class OpenGroup {
  /** Opening number: older groups go first. */
  readonly number: number
  readonly group: Group
  readonly block: Block
  readonly #work: WorkGraph
  readonly #listener: GroupListener
  readonly #missing: Uint16Array
  readonly #left: number[]
  /** By row its state, and above that how many cells hold it. */
  readonly #rows: number[]
  /** Rows that wait or have begun. */
  openRows: number
  /** Cells that are in a line, in flight or in a task: they read their row. */
  #holds = 0
  /** By row, of rows at work: what conversations of its cells were answered before. */
  exchanges: Map<number, readonly JournaledExchange[]> | null = null

  constructor(
    work: WorkGraph,
    group: Group,
    number: number,
    listener: GroupListener,
    tally?: ByteTally,
  ) {
    this.number = number
    this.group = group
    this.block = createBlock(work.graph, group.size, (offset) => rowAt(group, offset), tally)
    this.#work = work
    this.#listener = listener
    const width = work.columns.length
    this.#missing = new Uint16Array(group.size * width)
    for (let cell = 0; cell < this.#missing.length; cell += width) {
      for (let local = 0; local < width; local += 1) {
        this.#missing[cell + local] = (work.columns[local] as WorkColumn).upstreamCount
      }
    }
    this.#left = Array<number>(group.size).fill(work.awaitedCount)
    this.#rows = Array<number>(group.size).fill(rowState.waiting)
    this.openRows = group.size
  }

  get closed(): boolean {
    return this.openRows === 0 && this.#holds === 0
  }

  /** A cell of the row waits or is being made elsewhere: its values are needed until `release`. */
  hold(offset: number): void {
    this.#holds += 1
    ;(this.#rows[offset] as number) += oneHolder
  }

  /** Whether a cell of the row waits or is being made elsewhere. */
  isHeld(offset: number): boolean {
    return (this.#rows[offset] as number) >= oneHolder
  }

  release(offset: number): void {
    this.#holds -= 1
    ;(this.#rows[offset] as number) -= oneHolder
    this.#freeIfDone(offset)
  }

  /** What a cell asked and was answered in an earlier session. */
  exchangesOf(column: number, offset: number): readonly JournaledExchange[] {
    const ofRow = this.exchanges?.get(this.block.rowAt(offset))
    return ofRow === undefined ? noExchanges : ofRow.filter((one) => one.column === column)
  }

  isOpen(offset: number): boolean {
    return this.#stateOf(offset) <= rowState.begun
  }

  /** Whether the row has all of its cells. */
  isDecided(offset: number): boolean {
    return this.#stateOf(offset) === rowState.decided
  }

  /** Why the row will have no record; null where it may have one. */
  lossOf(offset: number): AbsentOutcome | null {
    const state = this.#stateOf(offset)
    if (state === rowState.dropped) return 'dropped'
    return state === rowState.rejected ? 'rejected' : null
  }

  isFinished(local: number, offset: number): boolean {
    return this.#missing[offset * this.#work.columns.length + local] === finishedCell
  }

  /** Takes over what is known of a row before it begins; it is decided when nothing is left. */
  adopt(offset: number, { missing, left }: RowPlan): void {
    this.#missing.set(missing, offset * this.#work.columns.length)
    this.#left[offset] = left
    if (left === 0) this.#end(offset, rowState.decided)
  }

  /** Announces the cells of a row that wait for nothing. */
  begin(offset: number, roots: readonly number[]): void {
    this.#setState(offset, rowState.begun)
    if (this.#left[offset] === 0) this.#end(offset, rowState.decided)
    for (const local of roots) {
      if (!this.isOpen(offset)) return
      if (!this.isFinished(local, offset)) this.#listener.cellReady(this, local, offset)
    }
  }

  /** A cell is there (made, skipped, or kept as null); its block entry was filled before. */
  finish(local: number, offset: number): void {
    const width = this.#work.columns.length
    const cell = offset * width + local
    if (this.#missing[cell] === finishedCell) return
    this.#missing[cell] = finishedCell
    const { awaited, dependants } = this.#work.columns[local] as WorkColumn
    for (const dependant of dependants) {
      const waiting = offset * width + dependant
      const before = this.#missing[waiting] as number
      if (before === finishedCell) continue
      this.#missing[waiting] = before - 1
      if (before === 1 && this.isOpen(offset)) this.#listener.cellReady(this, dependant, offset)
    }
    if (!awaited) return
    const left = (this.#left[offset] as number) - 1
    this.#left[offset] = left
    if (left === 0) this.#end(offset, rowState.decided)
  }

  /** The row will have no record. */
  end(offset: number, outcome: AbsentOutcome): void {
    this.#end(offset, rowState[outcome])
  }

  /** Nothing more is made of the row in this session; it stays undecided. */
  leave(offset: number): void {
    this.#end(offset, rowState.left)
  }

  #end(offset: number, state: 2 | 3 | 4 | 5): void {
    if (!this.isOpen(offset)) return
    const begun = this.#stateOf(offset) === rowState.begun
    this.#setState(offset, state)
    this.openRows -= 1
    if (begun) this.#listener.rowEnded(this, offset, this.block.rowBytes[offset] as number)
    this.#freeIfDone(offset)
    if (state === rowState.left) this.#listener.rowLeft(this)
    else this.#listener.rowDecided(this, offset)
  }

  /** A row that ended leaves memory at once, unless a separate reply is still to be read. */
  #freeIfDone(offset: number): void {
    const row = this.#rows[offset] as number
    if (row < oneHolder && row > rowState.begun) freeRow(this.block, offset)
  }

  #stateOf(offset: number): number {
    return (this.#rows[offset] as number) & stateBits
  }

  #setState(offset: number, state: number): void {
    const row = this.#rows[offset] as number
    this.#rows[offset] = row - (row & stateBits) + state
  }
}
