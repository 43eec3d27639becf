import type { CellFailure } from '../graph/failure.ts'
import type { GraphColumn } from '../graph/graph.ts'
import type { InterruptReason } from '../graph/interrupted.ts'
import type { RequestGenerator, SharedGenerator, TaskGenerator } from '../graph/kind.ts'
import { replyText } from '../graph/reply-text.ts'
import type { ModelReply, Usage } from '../graph/request.ts'
import type { Dispatcher } from '../limits/dispatcher.ts'
import { BlockRow, cellOf } from '../rows/block.ts'
import { CellRequest, type RequestColumn } from './cell-request.ts'
import type { ConversationPorts } from './conversation.ts'
import { asConversation } from './corrections.ts'
import { type Evaluator, fillCell, fillNull, rejectsRow } from '../rows/evaluate.ts'
import { createFrameCalls } from './frame-calls.ts'
import { createFrames, type FrameRow, type Frames } from './frames.ts'
import type { JournaledExchange, JournaledFailure } from '../rows/journal.ts'
import type { OpenGroup } from './open-group.ts'
import type { ParkedRows } from './parked-rows.ts'
import { type Outcome, thrownFailure } from '../rows/cell-outcome.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import type { Job } from './request-job.ts'
import { createRowWork, type RowWork } from './row-work.ts'
import { aloneOf, createSharedColumn, type SharedColumn } from './shared-requests.ts'
import { createTasks, type TaskCell } from './tasks.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

export interface CellsOptions extends ConversationPorts {
  work: WorkGraph
  evaluator: Evaluator
  dispatcher: Dispatcher<Job>
  /** Position of the line in which a column's task cells or frames wait to start; by local. */
  startRouteOf: (local: number) => number
  /** Nothing is sent: a row that needs it is left. */
  settleOnly: boolean
  /** Rows whose answers come another time; null where there are none. */
  parked: ParkedRows | null
  isOver: () => boolean
  cellMade: (local: number, outcome: 'ok' | 'skipped' | 'failed') => void
  /** A cell ended whose row had been lost meanwhile, in addition to `cellMade`. */
  cellCameBack: (local: number) => void
  cellFailed: (
    column: GraphColumn,
    row: number,
    failure: CellFailure,
    outcome: JournaledFailure['outcome'],
  ) => void
  groupChanged: (group: OpenGroup) => void
  changed: () => void
  fatal: (error: unknown) => void
}

/** Makes cells that became ready, each by its kind's declared unit of work. */
export interface Cells {
  readonly rowWork: RowWork
  readonly frames: Frames
  /** Tasks and frames that are at work themselves, not waiting for a reply. */
  readonly active: number
  /** Those that were interrupted because nothing more is sent, and have not settled yet. */
  readonly settling: number
  ready(group: OpenGroup, local: number, offset: number): void
  /** Nothing more is sent: conversations that wait in a line are interrupted. */
  nothingSent(reason: InterruptReason): void
  routeStopped(route: number): void
  /** Nothing more is made of the row: it has an outcome, or is not needed. */
  rowLost(group: OpenGroup, offset: number, why: AbsentOutcome | 'unneeded'): void
  /** Everything is given up. */
  abort(): void
}

export function createCells(options: CellsOptions): Cells {
  const { work, evaluator, journal, parked, requests } = options
  const rowWork = createRowWork({ clock: options.clock, make: makeRowCell })
  const tasks = createTasks(options)
  const frameCalls = createFrameCalls(options)
  const frameLocals = work.columns
    .filter(({ column }) => column.by === 'column' && column.producer === null)
    .map(({ local }) => local)
  const frames = createFrames(frameLocals, queueFrame)
  const requestColumns: (RequestColumn | undefined)[] = []
  const sharedColumns: (SharedColumn | undefined)[] = []
  const aloneColumns: (RequestGenerator | undefined)[] = []
  /** First replies that ask again, on the way to the ledger. */
  let beingKept = 0

  function columnOf(local: number): WorkColumn {
    return work.columns[local] as WorkColumn
  }

  function ready(group: OpenGroup, local: number, offset: number): void {
    const { column, generator } = columnOf(local)
    if (column.producer !== null) {
      group.finish(local, offset)
    } else if (column.by === 'row') {
      rowWork.add(group, local, offset)
    } else if (evaluator.skip(column, group.block, offset)) {
      if (column.by === 'column') frames.leave(local, { group, offset })
      skipped(group, local, offset)
    } else if (options.settleOnly && group.exchangesOf(column.id, offset).length === 0) {
      group.leave(offset)
    } else if (column.by === 'column') {
      frames.arrive(local, { group, offset })
    } else if (generator?.by !== 'cell') {
      throw new Error(`column ${column.name} has no generator of cells`)
    } else if (generator.requests === 'one') {
      queueRequest(group, local, offset, generator)
    } else if (generator.requests === 'shared') {
      if (sharesRequests(group, column.id, offset, generator)) {
        queueShared(group, local, offset, generator)
      } else {
        const alone = (aloneColumns[local] ??= aloneOf(generator))
        queueRequest(group, local, offset, alone)
      }
    } else {
      queueTask(group, local, offset, generator)
    }
  }

  function skipped(group: OpenGroup, local: number, offset: number): void {
    options.cellMade(local, 'skipped')
    group.finish(local, offset)
  }

  function makeRowCell(group: OpenGroup, local: number, offset: number): void {
    if (!group.isOpen(offset)) return
    const { column, generator } = columnOf(local)
    if (generator?.by !== 'row') throw new Error(`column ${column.name} has no row generator`)
    if (evaluator.skip(column, group.block, offset)) return skipped(group, local, offset)
    const failure = evaluator.row(column, generator, new BlockRow(group.block, offset))
    if (failure !== null) return failed(group, local, offset, failure, 1)
    if (rejectsRow(column, group.block, offset)) return group.end(offset, 'rejected')
    if (!column.pure) writeDown(group, column, offset)
    finished(group, local, offset)
  }

  function leave(group: OpenGroup, offset: number): void {
    group.release(offset)
    parked?.released(group, offset)
    options.groupChanged(group)
  }

  function deferred(group: OpenGroup, offset: number): void {
    parked?.park(group, offset)
    leave(group, offset)
  }

  function queueRequest(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: RequestGenerator,
  ): void {
    group.hold(offset)
    if (group.exchanges !== null) {
      const known = group.exchangesOf(columnOf(local).column.id, offset)
      if (known.length > 0) {
        return tasks.resume(taskOf(group, local, offset, asConversation(generator), known))
      }
    }
    const column = (requestColumns[local] ??= {
      generator,
      route: options.routeOf(generator.route),
      id: columnOf(local).column.id,
      local,
      depth: columnOf(local).column.depth,
      ended: settle,
      abandoned: leave,
      deferred,
      again: (of, at, reply) => askAgain(of, local, at, reply, generator),
    })
    requests.submit(new CellRequest(column, group, offset))
  }

  /** The reply it has is its first exchange; from there on it is a conversation like any. */
  function askAgain(
    group: OpenGroup,
    local: number,
    offset: number,
    reply: ModelReply,
    generator: RequestGenerator,
  ): void {
    const { id: column } = columnOf(local).column
    const row = new BlockRow(group.block, offset)
    // Rendered again: a row and its seed give the same request.
    const { usage } = reply
    let hash: string
    try {
      hash = options.exchangeHash({ route: generator.route }, generator.prepare(row))
    } catch (error) {
      settle(group, local, offset, 1, { error, usage })
      return
    }
    const exchange = { row: row.index, column, turn: 0, hash, reply: replyText(reply), usage }
    beingKept += 1
    journal.exchange(exchange, () => {
      beingKept -= 1
      if (options.isOver()) return
      if (group.isOpen(offset)) {
        tasks.resume(taskOf(group, local, offset, asConversation(generator), [exchange]))
      } else {
        leave(group, offset)
      }
      options.changed()
    })
  }

  /** An answer of a batch is one cell's, also where the next ones are asked for by themselves. */
  function sharesRequests(
    group: OpenGroup,
    column: number,
    offset: number,
    { route }: SharedGenerator,
  ): boolean {
    if (requests.isDeferred(options.routeOf(route))) return false
    return group.exchanges === null || group.exchangesOf(column, offset).length === 0
  }

  function queueShared(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: SharedGenerator,
  ): void {
    const { column } = columnOf(local)
    group.hold(offset)
    const shared = (sharedColumns[local] ??= createSharedColumn({
      id: column.id,
      name: column.name,
      generator,
      route: options.routeOf(generator.route),
      depth: column.depth,
      requests,
      ended: (cell, attempts, outcome) => settle(cell.group, local, cell.offset, attempts, outcome),
      abandoned: (cell) => leave(cell.group, cell.offset),
    }))
    shared.queue({ group, offset })
  }

  function queueTask(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: TaskGenerator,
  ): void {
    group.hold(offset)
    const known = group.exchangesOf(columnOf(local).column.id, offset)
    const task = taskOf(group, local, offset, generator, known)
    // Nothing leaves a line then, and it needs nothing but what it was answered.
    if (options.settleOnly) tasks.resume(task)
    else tasks.queue(task, options.startRouteOf(local))
  }

  function taskOf(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: TaskGenerator,
    known: readonly JournaledExchange[],
  ): TaskCell {
    const { id: column, depth } = columnOf(local).column
    return {
      group,
      offset,
      column,
      depth,
      generator,
      known,
      ended: (outcome, attempts) => settle(group, local, offset, attempts, outcome),
      abandoned(isDeferred) {
        if (options.settleOnly) group.leave(offset)
        if (isDeferred) deferred(group, offset)
        else leave(group, offset)
      },
    }
  }

  function queueFrame(local: number, rows: readonly FrameRow[]): void {
    const { column, generator } = columnOf(local)
    if (generator?.by !== 'column') throw new Error(`column ${column.name} has no frame generator`)
    for (const { group, offset } of rows) group.hold(offset)
    frameCalls.queue({
      column: column.name,
      depth: column.depth,
      generator,
      startRoute: options.startRouteOf(local),
      rows,
      ended: ({ group, offset }, outcome) => settle(group, local, offset, 1, outcome),
      abandoned: ({ group, offset }) => leave(group, offset),
    })
  }

  /**
   * The cell has its answer: paid for, so written down whatever became of its row meanwhile. Answers
   * whether it was made.
   */
  function settle(
    group: OpenGroup,
    local: number,
    offset: number,
    attempts: number,
    outcome: Outcome,
  ): boolean {
    const { column } = columnOf(local)
    const failure = fill(group, column, offset, outcome)
    if (failure === null) {
      if (!column.pure) writeDown(group, column, offset)
      finished(group, local, offset)
    } else {
      failed(group, local, offset, failure, attempts, outcome.usage)
    }
    leave(group, offset)
    return failure === null
  }

  /** Sides first: where the main cell is known, they are. */
  function writeDown(group: OpenGroup, column: GraphColumn, offset: number): void {
    const { block } = group
    const row = block.rowAt(offset)
    for (const side of column.sides) {
      journal.cell({ row, column: side, value: cellOf(block, side, offset) })
    }
    journal.cell({ row, column: column.id, value: cellOf(block, column.id, offset) })
  }

  function finished(group: OpenGroup, local: number, offset: number): void {
    options.cellMade(local, 'ok')
    if (group.isOpen(offset)) group.finish(local, offset)
    else if (group.lossOf(offset) !== null) options.cellCameBack(local)
  }

  function failed(
    group: OpenGroup,
    local: number,
    offset: number,
    failure: CellFailure,
    attempts: number,
    usage?: Usage,
  ): void {
    const { column } = columnOf(local)
    const outcome = failureOutcome(column, group.lossOf(offset) !== null)
    journal.failure({
      row: group.block.rowAt(offset),
      column: column.id,
      code: failure.code,
      message: failure.message,
      attempts,
      ...(failure.raw === undefined ? {} : { raw: failure.raw }),
      ...(usage === undefined ? {} : { usage }),
      outcome,
    })
    options.cellMade(local, 'failed')
    options.cellFailed(column, group.block.rowAt(offset), failure, outcome)
    if (group.isOpen(offset)) lose(group, local, offset, outcome)
    if (group.lossOf(offset) !== null) options.cellCameBack(local)
  }

  function lose(
    group: OpenGroup,
    local: number,
    offset: number,
    outcome: JournaledFailure['outcome'],
  ): void {
    const { column } = columnOf(local)
    if (outcome === 'null') {
      fillNull(column, group.block, offset)
      group.finish(local, offset)
    } else if (outcome === 'stopped') {
      group.leave(offset)
    } else {
      group.end(offset, 'dropped')
    }
  }

  return {
    rowWork,
    frames,
    get active() {
      return tasks.active + frameCalls.active + beingKept
    },
    get settling() {
      return tasks.settling + frameCalls.settling
    },
    ready,
    nothingSent: (reason) => tasks.nothingSent(reason),
    routeStopped: (route) => tasks.routeStopped(route),
    rowLost: (group, offset, why) => tasks.rowLost(group, offset, why),
    abort() {
      tasks.abort()
      frameCalls.abort()
    },
  }
}

/** A row that was lost meanwhile has no record to keep a null in, and nothing to stop for. */
function failureOutcome({ onFailure }: GraphColumn, isLost: boolean): JournaledFailure['outcome'] {
  if (isLost || onFailure === 'drop') return 'dropped'
  return onFailure === 'null' ? 'null' : 'stopped'
}

/** Puts an answer into its cell; null, or why that can't be. */
function fill(
  group: OpenGroup,
  column: GraphColumn,
  offset: number,
  outcome: Outcome,
): CellFailure | null {
  if ('error' in outcome) return thrownFailure(outcome.error)
  try {
    fillCell(column, group.block, offset, outcome.result)
    return null
  } catch (error) {
    return thrownFailure(error)
  }
}
