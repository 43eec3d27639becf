import type { CellResult, ColumnGenerator } from '../graph/kind.ts'
import { CellInterrupted } from '../graph/interrupted.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { BlockRow } from '../rows/block.ts'
import { timeoutFailure } from './conversation.ts'
import type { FrameRow } from './frames.ts'
import { frameFailure, frameOutcomes, type Outcome } from '../rows/cell-outcome.ts'
import type { Job } from './request-job.ts'
import { SETTLE_MS } from './tasks.ts'

/** A whole-column cell of a frame, complete. */
interface FrameCall {
  column: string
  depth: number
  generator: ColumnGenerator
  /** Position of the line it waits in to start. */
  startRoute: number
  /** In row order, at least one. */
  rows: readonly FrameRow[]
  ended: (row: FrameRow, outcome: Outcome) => void
  /** The row leaves without an answer: it was dropped before the call, or the call was aborted. */
  abandoned: (row: FrameRow) => void
}

export interface FrameCallsOptions {
  clock: Clock
  dispatcher: Dispatcher<Job>
  /** Time a call may take. */
  localTimeoutMs: number
  /** The run has ended: what comes back now belongs to no one. */
  isOver: () => boolean
  changed: () => void
  fatal: (error: unknown) => void
}

export interface FrameCalls {
  queue(call: FrameCall): void
  readonly active: number
  /** Calls that were given up, and have not settled in time yet. */
  readonly settling: number
  /** Everything is given up. */
  abort(): void
}

/** A call at work. */
interface Running {
  call: FrameCall
  lease: Lease
  rows: readonly FrameRow[]
  controller: AbortController
  /** Until it takes too long; once it was given up, until no one waits for it any more. */
  timer: Timer | null
  isOver: boolean
}

/** Calls of whole-column functions: each waits in a line for a worker, as a task cell does. */
export function createFrameCalls(options: FrameCallsOptions): FrameCalls {
  const { clock, localTimeoutMs } = options
  const running = new Set<Running>()
  let aborted = false

  function queue(call: FrameCall): void {
    options.dispatcher.enqueue(call.startRoute, {
      group: (call.rows[0] as FrameRow).group.number,
      depth: call.depth,
      start: (lease) => start(call, lease),
    })
  }

  function start(call: FrameCall, lease: Lease): void {
    const rows = call.rows.filter(({ group, offset }) => group.isOpen(offset))
    for (const row of call.rows) if (!row.group.isOpen(row.offset)) call.abandoned(row)
    if (rows.length === 0) return options.dispatcher.release(lease, { kind: 'unused' })
    const run: Running = {
      call,
      lease,
      rows,
      controller: new AbortController(),
      timer: null,
      isOver: false,
    }
    running.add(run)
    if (localTimeoutMs < Number.POSITIVE_INFINITY) {
      run.timer = clock.after(localTimeoutMs, () => timedOut(run))
    }
    const views = rows.map(({ group, offset }) => new BlockRow(group.block, offset))
    Promise.resolve()
      .then(() => call.generator.generate(views, run.controller.signal))
      .then(
        (answer: readonly (CellResult | Error)[]) =>
          ended(run, frameOutcomes(call.column, rows.length, answer)),
        (error: unknown) => ended(run, frameFailure(rows.length, error)),
      )
      .catch(options.fatal)
  }

  function timedOut(run: Running): void {
    const error = timeoutFailure(options)
    ended(
      run,
      run.rows.map(() => ({ error })),
    )
    run.controller.abort(error)
  }

  /** The result of an aborted call says nothing about its cells. */
  function ended(run: Running, outcomes: readonly Outcome[]): void {
    const { call, rows, lease } = run
    if (run.isOver) return
    run.isOver = true
    run.timer?.cancel()
    if (options.isOver()) return
    rows.forEach((row, index) => {
      if (aborted) call.abandoned(row)
      else call.ended(row, outcomes[index] as Outcome)
    })
    options.dispatcher.release(lease, { kind: aborted ? 'failed' : 'ok' })
    // Last, so that nothing ends while the consequences of a call are drawn.
    running.delete(run)
    options.changed()
  }

  return {
    queue,
    get active() {
      return aborted ? 0 : running.size
    },
    get settling() {
      return aborted ? running.size : 0
    },
    abort() {
      aborted = true
      for (const run of running) {
        run.timer?.cancel()
        run.timer = options.isOver() ? null : clock.after(SETTLE_MS, () => ended(run, []))
        run.controller.abort(new CellInterrupted('aborted'))
      }
    },
  }
}
