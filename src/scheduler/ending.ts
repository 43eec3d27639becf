import type { GroupSource } from '../plan/group-source.ts'
import type { Cells } from './cells.ts'
import type { JournalGate } from './journal-gate.ts'
import type { Lifetime } from './lifetime.ts'
import type { OpenGroups } from './open-groups.ts'
import type { OutcomeCounts } from './outcome-counts.ts'
import type { ParkedRows } from './parked-rows.ts'
import type { PartTracker } from './parts.ts'
import type { RowStarts } from './row-starts.ts'
import type { Sending } from './sending.ts'
import type { Stopping } from './stopping.ts'

export interface EndingOptions {
  lifetime: Lifetime
  stopping: Stopping
  source: GroupSource
  counts: OutcomeCounts
  journal: JournalGate
  sending: Sending
  cells: Cells
  starts: RowStarts
  groups: OpenGroups
  parts: PartTracker
  /** Null where every row gets its outcome. */
  parked: ParkedRows | null
}

/** Ends a run: when nothing is left, or by an error. */
export interface Ending {
  /** Ends the run when nothing outside of the scheduler will change its state any more. */
  endIfDone(): void
  /** Nothing more is sent; answers in flight are paid for, and are kept before the run fails. */
  partFailed(error: unknown): void
  /** Ends the run at once. */
  fatal(error: unknown): void
}

export function createEnding(options: EndingOptions): Ending {
  const { cells, groups, lifetime, parts, sending, source, starts, stopping } = options
  const { dispatcher, requests } = sending
  let partFailure: { error: unknown } | null = null

  function endIfDone(): void {
    if (lifetime.isOver || waitsForSomething()) return
    if (!stopping.quiet && !stopping.begun && !groups.nothingLeft) {
      // With no group open the next one waits for a commit, or for its source.
      if (groups.size === 0 || groups.waitingForMore) return
      throw new Error(
        `the scheduler has ${groups.size} open groups and nothing to wait for; this is a bug in rowsmith`,
      )
    }
    parts.handOnIncomplete()
    if (parts.writing > 0) return
    if (partFailure !== null) return fatal(partFailure.error)
    // Not by open groups: a task of a dropped row may be open still.
    const done = options.counts.decidedRows + (options.parked?.rows ?? 0)
    const complete = source.exhausted && done === source.rows && !parts.givenUp
    lifetime.succeed(stopping.end(complete))
    closeAll(new Error('the run has ended'))
  }

  function waitsForSomething(): boolean {
    if ((requests.cache?.active ?? 0) > 0) return true
    if (requests.inFlight > 0 || groups.loading || starts.loading) return true
    if (!cells.rowWork.isEmpty() || cells.settling > 0) return true
    if (lifetime.signal.aborted) return false
    if (cells.active > 0) return true
    if (stopping.quiet) return false
    return options.journal.full || requests.backingOff > 0 || canSendLater()
  }

  /** Work waits on a route that is not stopped: the end of a pause will move it, or another cap. */
  function canSendLater(): boolean {
    for (let line = 0; line < sending.lines; line += 1) {
      if (dispatcher.waiting(line) === 0) continue
      if (dispatcher.readyAt(line) < Infinity || dispatcher.isShut(line)) return true
    }
    return false
  }

  function fatal(error: unknown): void {
    if (lifetime.isOver) return
    lifetime.fail(error)
    closeAll(error)
  }

  /** What is still at work elsewhere is told to stop, and no one listens to it any more. */
  function closeAll(reason: unknown): void {
    sending.close()
    groups.end()
    starts.end()
    lifetime.abort(reason)
    cells.abort()
  }

  return {
    endIfDone,
    partFailed(error) {
      if (partFailure !== null) return
      partFailure = { error }
      stopping.shutDown('a part could not be written')
      requests.close()
      cells.nothingSent('stopped')
    },
    fatal,
  }
}
