import type { TaskGenerator } from '../graph/kind.ts'
import type { InterruptReason } from '../graph/interrupted.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import type { Timer } from '../util/clock.ts'
import { BlockRow } from '../rows/block.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import { type Conversation, type ConversationPorts, createConversation } from './conversation.ts'
import type { JournaledExchange } from '../rows/journal.ts'
import type { OpenGroup } from './open-group.ts'
import type { Outcome } from '../rows/cell-outcome.ts'
import type { Job } from './request-job.ts'

/** A cell whose generator sends any number of requests, or none. */
export interface TaskCell {
  group: OpenGroup
  offset: number
  /** The column's id. */
  column: number
  depth: number
  generator: TaskGenerator
  /** What was asked and answered in earlier sessions. */
  known: readonly JournaledExchange[]
  /** `attempts` is the number of requests sent, at least 1. Answers whether the cell was made. */
  ended: (outcome: Outcome, attempts: number) => boolean
  /** It leaves without an answer: nothing more is sent for it, or its answer comes another time. */
  abandoned: (isDeferred: boolean) => void
}

export interface TasksOptions extends ConversationPorts {
  dispatcher: Dispatcher<Job>
  /** Nothing is sent: what is answered already makes a cell, or the row is left. */
  settleOnly: boolean
  /** The run has ended: what comes back now belongs to no one. */
  isOver: () => boolean
  changed: () => void
  fatal: (error: unknown) => void
}

export interface Tasks {
  /** Puts a cell into the line in which it waits to start. */
  queue(cell: TaskCell, startRoute: number): void
  /** Starts a cell that has been under way before. */
  resume(cell: TaskCell): void
  /** Functions that are at work themselves, not waiting for a reply. */
  readonly active: number
  /** Functions that were interrupted because nothing more is sent, and have not settled yet. */
  readonly settling: number
  /** Nothing more is sent: those that wait in a line are interrupted. */
  nothingSent(reason: InterruptReason): void
  routeStopped(route: number): void
  rowLost(group: OpenGroup, offset: number, why: AbsentOutcome | 'unneeded'): void
  /** Everything is given up. */
  abort(): void
}

/** How long a function may take for its `finally` blocks before no one waits for it any more. */
export const SETTLE_MS = 5_000

/** A function at work. */
interface Running {
  cell: TaskCell
  conversation: Conversation
  /** Of the line it started from; null for one that was resumed. */
  lease: Lease | null
  works: boolean
  /** Set once it was interrupted. */
  grace: Timer | null
}

export function createTasks(options: TasksOptions): Tasks {
  const running = new Map<OpenGroup, Map<number, Set<Running>>>()
  let active = 0
  let settling = 0

  function queue(cell: TaskCell, startRoute: number): void {
    options.dispatcher.enqueue(startRoute, {
      group: cell.group.number,
      depth: cell.depth,
      start(lease) {
        if (cell.group.isOpen(cell.offset)) return start(cell, lease)
        options.dispatcher.release(lease, { kind: 'unused' })
        cell.abandoned(false)
      },
    })
  }

  function start(cell: TaskCell, lease: Lease | null): void {
    const { group, offset, generator } = cell
    const row = new BlockRow(group.block, offset)
    const conversation = createConversation(options, {
      row: row.index,
      column: cell.column,
      group: group.number,
      depth: cell.depth,
      known: cell.known,
      changed() {
        count(run)
        options.changed()
      },
      interrupted: () => interrupted(run),
      timedOut: (error) => ended(run, { error }),
    })
    const run: Running = { cell, conversation, lease, works: true, grace: null }
    add(run)
    active += 1
    Promise.resolve()
      .then(() => generator.run(row, conversation.context))
      .then(
        (result) => ended(run, { result }),
        (error: unknown) => ended(run, { error }),
      )
      .catch(options.fatal)
  }

  function add(run: Running): void {
    const { group, offset } = run.cell
    let rows = running.get(group)
    if (rows === undefined) running.set(group, (rows = new Map()))
    const ofRow = rows.get(offset)
    if (ofRow === undefined) rows.set(offset, new Set([run]))
    else ofRow.add(run)
  }

  /** Answers false for a function that was given up before. */
  function remove(run: Running): boolean {
    const { group, offset } = run.cell
    const rows = running.get(group)
    const ofRow = rows?.get(offset)
    if (rows === undefined || ofRow?.delete(run) !== true) return false
    if (ofRow.size === 0) rows.delete(offset)
    if (rows.size === 0) running.delete(group)
    return true
  }

  function* all(): Generator<Running> {
    for (const rows of running.values()) for (const ofRow of rows.values()) yield* ofRow
  }

  /** One with a request outstanding waits like any request, in a line or in flight. */
  function count(run: Running): void {
    const works = run.grace === null && run.conversation.works
    if (works === run.works) return
    run.works = works
    active += works ? 1 : -1
  }

  function interrupted(run: Running): void {
    // Then no one waits for it.
    if (options.isOver()) return
    run.grace = options.clock.after(SETTLE_MS, () => leave(run))
    settling += 1
    count(run)
  }

  function ended(run: Running, outcome: Outcome): void {
    const { cell, conversation } = run
    if (!remove(run)) return
    if (options.isOver()) return
    if (conversation.isInterrupted) return close(run)
    const hasResult = 'result' in outcome
    conversation.end({ made: hasResult })
    if (options.settleOnly && !hasResult) {
      cell.abandoned(false)
      return close(run)
    }
    const made = cell.ended(
      { ...outcome, usage: conversation.usage },
      Math.max(1, conversation.sent),
    )
    // What its replies led to would be the same again; those before a request that failed are good.
    const isTheirs = hasResult || !conversation.blames(outcome.error)
    if (!made && isTheirs && hasExchanges(run)) {
      options.journal.forget(cell.group.block.rowAt(cell.offset), cell.column, 0)
    }
    close(run)
  }

  function hasExchanges({ cell, conversation }: Running): boolean {
    return conversation.sent > 0 || cell.known.length > 0
  }

  /** It was interrupted and does not settle: the scheduler stops waiting for it. */
  function leave(run: Running): void {
    if (remove(run)) close(run)
  }

  function close(run: Running): void {
    const { cell, conversation, lease, grace } = run
    if (grace !== null) {
      grace.cancel()
      settling -= 1
      conversation.end({ made: false })
      cell.abandoned(conversation.isDeferred)
    }
    if (lease !== null) {
      const isGood = grace === null || conversation.isDeferred
      options.dispatcher.release(lease, { kind: isGood ? 'ok' : 'failed' })
    }
    // Last, so that nothing ends while the consequences of a task are drawn.
    if (run.works) active -= 1
    options.changed()
  }

  function interrupt(reason: InterruptReason, wanted: (run: Running) => boolean): void {
    for (const run of Array.from(all())) if (wanted(run)) run.conversation.interrupt(reason)
  }

  return {
    queue,
    resume: (cell) => start(cell, null),
    get active() {
      return active
    },
    get settling() {
      return settling
    },
    nothingSent: (reason) => interrupt(reason, ({ conversation }) => conversation.waits),
    routeStopped: (route) =>
      interrupt('stopped', ({ conversation }) => conversation.waitsFor(route)),
    rowLost(group, offset, why) {
      const ofRow = running.get(group)?.get(offset)
      if (ofRow === undefined) return
      for (const run of ofRow) run.conversation.interrupt(`row-${why}`)
    },
    abort() {
      interrupt('aborted', () => true)
      if (options.isOver()) for (const { grace } of all()) grace?.cancel()
    },
  }
}
