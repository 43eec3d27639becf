import type { GraphColumn } from '../graph/graph.ts'
import { fromStored } from '../graph/stored-value.ts'
import { offsetOf, rowAt } from '../plan/group.ts'
import type { Interval } from '../plan/interval.ts'
import { type ByteTally, cellStatus, setCell } from '../rows/block.ts'
import { fillNull } from '../rows/evaluate.ts'
import type { Frames } from './frames.ts'
import { type HeldRows, holdNothing, type HoldRows } from '../rows/held-rows.ts'
import type { JournaledExchange } from '../rows/journal.ts'
import type { KnownRows } from '../rows/known-rows.ts'
import type { OpenGroup } from './open-group.ts'
import { isOneIdle, mayBegin, type OpeningBudget, type RouteState } from './opening.ts'
import { finishedCell, type RowPlan, type RowPlans } from './row-plan.ts'
import type { RowWork } from './row-work.ts'
import type { ReadRows, StoredBlock } from '../rows/stored-rows.ts'
import { bytesOf } from '../util/bytes-of.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

export interface RowStartsOptions {
  work: WorkGraph
  plans: RowPlans
  tally: ByteTally
  budget: OpeningBudget
  /** Inputs of rows from outside (a seed). */
  hold: HoldRows
  /** Journaled cells of rows. */
  read: ReadRows
  /** Every route of the graph. */
  routes: readonly RouteState[]
  /** Lines in which cells of these columns wait. */
  linesOf: (columns: readonly WorkColumn[]) => readonly RouteState[]
  rowWork: RowWork
  frames: Frames
  /** Nothing is sent: every row begins, and is left where something would be. */
  settleOnly: boolean
  cellsKnown: (local: number, cells: number) => void
  changed: () => void
  fatal: (error: unknown) => void
}

/** The rows of open groups, until they begin: one after the other, as bytes and lines allow. */
export interface RowStarts {
  /** Takes over the rows of a group; those that need nothing more are decided at once. */
  add(group: OpenGroup, known: KnownRows | null): void
  /** Begins rows if it is time; answers whether it did. */
  beginNext(): boolean
  /** A row that had begun has ended. */
  ended(group: OpenGroup, offset: number, bytes: number): void
  /** Rows that have begun and not ended. */
  readonly begun: number
  /** Rows wait to begin. */
  readonly waiting: boolean
  /** What rows need is being read. */
  readonly loading: boolean
  /** Releases everything that is held for rows. */
  end(): void
}

/** Rows that begin at most before the lines are looked at again; bytes are looked at before each. */
const BATCH = 32
/** Known values that are read at a time. */
const WINDOW_BYTES = 2 ** 20
/** Of a group of which nothing is known; never added to. */
const noPlans: Map<number, RowPlan> = new Map()
/** What weighs in the bytes expected of a row: about as many of the latest. */
const LATEST_ROWS = 16

export function createRowStarts(options: RowStartsOptions): RowStarts {
  const { work, plans, tally, budget, rowWork, frames, settleOnly } = options
  const fresh = { plan: plans.fresh, lines: options.linesOf(plans.fresh.first) }
  const lines = new Map<RowPlan, readonly RouteState[]>([[fresh.plan, fresh.lines]])
  /** Rows that may be one request together: fewer would make more requests. */
  const share = sharedRows(work)
  const readsNothing = work.columns.length === 0 || options.hold === holdNothing
  /** Groups with rows that wait, the oldest first. */
  const waiting: Entry[] = []
  const windows = new Map<OpenGroup, Window[]>()
  let begun = 0
  let meanBytes = 0
  /** Rows that may still begin before the lines are looked at. */
  let credits = 0
  let isFirst = true
  let endedRows = 0
  let chained = false
  let loading = false
  let over = false
  /** One for all rows: it is asked for with every reply. */
  const beginning = {
    get begun() {
      return begun
    },
    get bytesHeld() {
      return tally.bytes
    },
    get meanBytes() {
      return meanBytes
    },
    lines: fresh.lines,
    routes: options.routes,
  }

  function add(group: OpenGroup, known: KnownRows | null): void {
    const entry: Entry = {
      group,
      next: 0,
      window: null,
      plans: known === null ? noPlans : new Map(),
    }
    if (known !== null) adopt(entry, known)
    if (settleOnly) leaveUnsettled(entry)
    if (group.openRows > 0) waiting.push(entry)
  }

  function adopt({ group, plans: ofRows }: Entry, known: KnownRows): void {
    const kinds = known.patterns.map((pattern) => (pattern.dropped ? null : plans.of(pattern)))
    const counts = work.columns.map(() => 0)
    known.rows.forEach((row, at) => {
      const offset = offsetOf(group.group, row)
      if (offset < 0) return
      const plan = kinds[known.kinds[at] as number]
      if (plan === null || plan === undefined) return group.end(offset, 'dropped')
      for (const local of plan.known) (counts[local] as number) += 1
      if (work.wholeFrames) leaveFrames(group, offset, plan)
      if (plan.left > 0) ofRows.set(offset, plan)
      group.adopt(offset, plan)
    })
    counts.forEach((cells, local) => options.cellsKnown(local, cells))
  }

  /** Rows that can't get their outcome without a request are not begun. */
  function leaveUnsettled({ group, plans: ofRows }: Entry): void {
    for (let offset = 0; offset < group.group.size; offset += 1) {
      if (!(ofRows.get(offset) ?? fresh.plan).settles) group.leave(offset)
    }
  }

  /** What is known or not needed will not arrive at whole-column work. */
  function leaveFrames(group: OpenGroup, offset: number, plan: RowPlan): void {
    plan.missing.forEach((missing, local) => {
      if (missing === finishedCell) frames.leave(local, { group, offset })
    })
  }

  /** The next row that waits; groups without one are passed. */
  function first(): Entry | null {
    for (;;) {
      const entry = waiting[0]
      if (entry === undefined) return null
      const { group } = entry
      while (entry.next < group.group.size && !group.isOpen(entry.next)) entry.next += 1
      if (entry.next < group.group.size) return entry
      waiting.shift()
      passed(entry)
    }
  }

  /** The short way to most answers: with every reply it is asked whether a row may begin. */
  function isBusy(): boolean {
    const entry = waiting[0]
    if (entry === undefined) return true
    if (begun === 0 || entry.plans.size > 0 || fresh.lines.length === 0) return false
    return !work.wholeFrames && !settleOnly && !isOneIdle(fresh.lines)
  }

  function beginNext(): boolean {
    if (chained || loading || isBusy()) return false
    const entry = first()
    if (entry === null || !mayBeginNow(entry)) return false
    credits = batchNow()
    isFirst = true
    chained = true
    rowWork.chain(step)
    return true
  }

  function mayBeginNow(entry: Entry): boolean {
    // Whole-column work needs all rows of its frame.
    if (work.wholeFrames) return true
    // What settles waits in no line.
    if (settleOnly) return begun === 0 || tally.bytes <= budget.maxBytes
    const plan = planOf(entry)
    let own = lines.get(plan)
    if (own === undefined) lines.set(plan, (own = options.linesOf(plan.first)))
    beginning.lines = own
    return mayBegin(beginning, budget)
  }

  /** Few rows wait in a line where they are large, or nothing is known of how large they are. */
  function batchNow(): number {
    if (endedRows === 0) return share
    const each = Math.max(meanBytes, tally.bytes / Math.max(1, begun))
    const room = budget.maxBytes - Math.max(tally.bytes, begun * meanBytes)
    return Math.max(share, Math.min(BATCH, Math.floor(room / (4 * each))))
  }

  /** Begins one row; answers whether another may follow. */
  function step(): boolean {
    const entry = over ? null : first()
    const goOn = entry !== null && (isFirst || hasRoom()) && reach(entry) && beginRow(entry)
    chained = goOn
    return goOn
  }

  function hasRoom(): boolean {
    if (work.wholeFrames || begun === 0) return true
    return tally.bytes <= budget.maxBytes && (begun + 1) * meanBytes <= budget.maxBytes
  }

  function beginRow(entry: Entry): boolean {
    const { group, next: offset } = entry
    const plan = planOf(entry)
    entry.next += 1
    credits -= 1
    isFirst = false
    begun += 1
    if (entry.window !== null) {
      entry.window.open += 1
      if (plan !== fresh.plan) fill(group, offset, plan, entry.window)
    }
    if (entry.plans.size > 0) entry.plans.delete(offset)
    group.begin(offset, plan.roots)
    // A row without journaled cells costs nothing and waits for nothing.
    return credits > 0 || fresh.lines.length === 0
  }

  function planOf({ next, plans: ofRows }: Entry): RowPlan {
    return ofRows.size === 0 ? fresh.plan : (ofRows.get(next) ?? fresh.plan)
  }

  /** Puts known values where what is to be made reads them. */
  function fill(group: OpenGroup, offset: number, plan: RowPlan, window: Window): void {
    const { block } = group
    for (const column of plan.nulls) fillNull(column, block, offset)
    const row = block.rowAt(offset)
    const values = window.values.get(row)
    for (const id of plan.load) {
      const { type } = block.graph.columns[id] as GraphColumn
      const value = fromStored(type, values?.get(id) ?? null)
      setCell(block, id, offset, value, cellStatus.done)
    }
    window.values.delete(row)
    const exchanges = window.exchanges.get(row)
    if (exchanges === undefined) return
    group.exchanges ??= new Map()
    group.exchanges.set(row, exchanges)
    tally.bytes += bytesOfReplies(exchanges)
    window.exchanges.delete(row)
  }

  function dropExchanges(group: OpenGroup, row: number): void {
    const exchanges = group.exchanges?.get(row)
    if (exchanges === undefined) return
    group.exchanges?.delete(row)
    tally.bytes -= bytesOfReplies(exchanges)
  }

  /** Whether the inputs of the next row are there; otherwise they are being read. */
  function reach(entry: Entry): boolean {
    const { group, next, window, plans: ofRows } = entry
    // Nothing is read for rows, as in most runs.
    if (readsNothing && ofRows.size === 0 && window === null) return true
    const row = rowAt(group.group, next)
    if (window !== null && row < window.end) return true
    passed(entry)
    const held = options.hold({ start: row, end: group.group.end })
    if (held instanceof Promise) {
      load(
        entry,
        held.then((rows) => openWindow(entry, row, rows)),
      )
      return false
    }
    const opened = openWindow(entry, row, held)
    if (opened instanceof Promise) {
      load(entry, opened)
      return false
    }
    enter(entry, opened)
    return true
  }

  function load(entry: Entry, opening: Promise<Window>): void {
    loading = true
    opening.then((window) => arrived(entry, window), options.fatal)
  }

  function arrived(entry: Entry, window: Window): void {
    loading = false
    if (over) return window.held.release()
    enter(entry, window)
    options.changed()
  }

  function enter(entry: Entry, window: Window): void {
    entry.window = window
    const ofGroup = windows.get(entry.group)
    if (ofGroup === undefined) windows.set(entry.group, [window])
    else ofGroup.push(window)
  }

  function openWindow(entry: Entry, start: number, held: HeldRows): Window | Promise<Window> {
    const { group, plans: ofRows } = entry
    const wanted: Interval[] = []
    const columns = new Set<number>()
    for (const [offset, plan] of ofRows) {
      const row = rowAt(group.group, offset)
      if (row < start || row >= held.end) continue
      if (plan.load.length === 0 && !plan.exchanges) continue
      for (const id of plan.load) columns.add(id)
      const last = wanted.at(-1)
      if (last?.end === row) wanted[wanted.length - 1] = { start: last.start, end: row + 1 }
      else wanted.push({ start: row, end: row + 1 })
    }
    if (wanted.length === 0) return windowOf(held, held.end, null)
    return readValues(wanted, [...columns], held)
  }

  async function readValues(
    rows: readonly Interval[],
    columns: readonly number[],
    held: HeldRows,
  ): Promise<Window> {
    try {
      for await (const block of options.read(rows, {
        maxBytes: WINDOW_BYTES,
        columns,
        exchanges: true,
      })) {
        const whole = block.end >= (rows.at(-1) as Interval).end
        return windowOf(held, whole ? held.end : block.end, block)
      }
      throw new Error('the ledger gave no block for rows it knows')
    } catch (error) {
      held.release()
      throw error
    }
  }

  /** The chain has gone on from the entry's window, which stays until its rows have ended. */
  function passed(entry: Entry): void {
    const { group, window } = entry
    if (window === null) return
    window.passed = true
    entry.window = null
    releaseDone(group)
  }

  function releaseDone(group: OpenGroup): void {
    const ofGroup = windows.get(group)
    if (ofGroup === undefined) return
    const left = ofGroup.filter(({ passed: gone, open }) => !gone || open > 0)
    for (const window of ofGroup) if (!left.includes(window)) window.held.release()
    if (left.length === 0) windows.delete(group)
    else if (left.length < ofGroup.length) windows.set(group, left)
  }

  return {
    add,
    beginNext,
    ended(group, offset, bytes) {
      begun -= 1
      endedRows += 1
      meanBytes += (bytes - meanBytes) / Math.min(endedRows, LATEST_ROWS)
      if (windows.size === 0) return
      const ofGroup = windows.get(group)
      if (ofGroup === undefined) return
      const row = group.block.rowAt(offset)
      dropExchanges(group, row)
      const window = ofGroup.find(({ end }) => row < end)
      if (window === undefined) return
      window.open -= 1
      if (window.open === 0 && window.passed) releaseDone(group)
    },
    get begun() {
      return begun
    },
    get waiting() {
      return first() !== null
    },
    get loading() {
      return loading
    },
    end() {
      over = true
      for (const ofGroup of windows.values()) for (const { held } of ofGroup) held.release()
      windows.clear()
      waiting.length = 0
    },
  }
}

function sharedRows({ columns }: WorkGraph): number {
  return columns.reduce(
    (most, { generator }) =>
      generator?.by === 'cell' && generator.requests === 'shared'
        ? Math.max(most, generator.most)
        : most,
    1,
  )
}

function bytesOfReplies(exchanges: readonly JournaledExchange[]): number {
  return exchanges.reduce((sum, { reply }) => sum + bytesOf(reply), 0)
}

interface Entry {
  group: OpenGroup
  /** The first row that was not looked at. */
  next: number
  window: Window | null
  /** Of rows of which something is known, until they begin. */
  plans: Map<number, RowPlan>
}

/** Rows next to each other whose inputs are in memory. */
interface Window {
  /** The row behind the last one. */
  end: number
  held: HeldRows
  /** Known values by row and column, until the row begins. */
  values: Map<number, Map<number, StoredBlock['values'][number]>>
  /** Answered requests by row, until the row begins. */
  exchanges: Map<number, JournaledExchange[]>
  /** Rows that have begun and not ended. */
  open: number
  /** Every row has begun or ended. */
  passed: boolean
}

function windowOf(held: HeldRows, end: number, block: StoredBlock | null): Window {
  const values: Window['values'] = new Map()
  block?.values.forEach((value, at) => {
    const row = block.rows[at] as number
    let ofRow = values.get(row)
    if (ofRow === undefined) values.set(row, (ofRow = new Map()))
    ofRow.set(block.columns[at] as number, value)
  })
  const exchanges: Window['exchanges'] = new Map()
  for (const exchange of block?.exchanges ?? []) {
    const ofRow = exchanges.get(exchange.row)
    if (ofRow === undefined) exchanges.set(exchange.row, [exchange])
    else ofRow.push(exchange)
  }
  return { end, held, values, exchanges, open: 0, passed: false }
}
