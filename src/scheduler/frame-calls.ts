import type { CellResult, ColumnGenerator } from '../graph/kind.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import { BlockRow } from './block.ts'
import type { FrameRow } from './frames.ts'
import { frameFailure, frameOutcomes, type Outcome } from './outcome.ts'
import type { Job } from './requests.ts'

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
  /** The row leaves without an answer: it was dropped before the call, or the call told to stop. */
  abandoned: (row: FrameRow) => void
}

export interface FrameCallsOptions {
  dispatcher: () => Dispatcher<Job>
  signal: AbortSignal
  /** The run has ended: what comes back now belongs to nobody. */
  isOver: () => boolean
  changed: () => void
  fatal: (error: unknown) => void
}

export interface FrameCalls {
  queue(call: FrameCall): void
  readonly active: number
}

/** Calls of whole-column functions: each waits in a line for a worker, as a task cell does. */
export function createFrameCalls(options: FrameCallsOptions): FrameCalls {
  const { signal } = options
  let active = 0

  function queue(call: FrameCall): void {
    options.dispatcher().enqueue(call.startRoute, {
      group: (call.rows[0] as FrameRow).group.number,
      depth: call.depth,
      start: (lease) => start(call, lease),
    })
  }

  function start(call: FrameCall, lease: Lease): void {
    const rows = call.rows.filter(({ group, offset }) => group.isOpen(offset))
    for (const row of call.rows) if (!row.group.isOpen(row.offset)) call.abandoned(row)
    if (rows.length === 0) return options.dispatcher().release(lease, { kind: 'unused' })
    active += 1
    const views = rows.map(({ group, offset }) => new BlockRow(group.block, offset))
    Promise.resolve()
      .then(() => call.generator.generate(views, signal))
      .then(
        (answer: readonly (CellResult | Error)[]) =>
          ended(call, lease, rows, frameOutcomes(call.column, rows.length, answer)),
        (error: unknown) =>
          ended(call, lease, rows, signal.aborted ? null : frameFailure(rows.length, error)),
      )
      .catch(options.fatal)
  }

  /** `outcomes` is null for a call that was told to stop: that says nothing about its cells. */
  function ended(
    call: FrameCall,
    lease: Lease,
    rows: readonly FrameRow[],
    outcomes: readonly Outcome[] | null,
  ): void {
    if (options.isOver()) return
    rows.forEach((row, index) => {
      if (outcomes === null) call.abandoned(row)
      else call.ended(row, outcomes[index] as Outcome)
    })
    options.dispatcher().release(lease, { kind: outcomes === null ? 'failed' : 'ok' })
    // Last, so that nothing ends while the consequences of a call are drawn.
    active -= 1
    options.changed()
  }

  return {
    queue,
    get active() {
      return active
    },
  }
}
