import type { Dispatcher } from '../limits/dispatcher.ts'
import type { Clock } from '../util/clock.ts'
import type { Lifetime } from './lifetime.ts'
import type { OpenGroups } from './open-groups.ts'
import type { Job } from './request-job.ts'
import type { RowStarts } from './row-starts.ts'
import type { RowWork } from './row-work.ts'
import type { Stopping } from './stopping.ts'

export interface TurnsOptions {
  clock: Clock
  lifetime: Lifetime
  stopping: Stopping
  rowWork: RowWork
  dispatcher: Dispatcher<Job>
  starts: RowStarts
  groups: OpenGroups
  /** Rows leave of which nothing more can be made now; answers whether one did. */
  leaveParked: () => boolean
  /** All that can begin now has begun. */
  allBegun: () => void
  fatal: (error: unknown) => void
}

/** Longest time on the event loop, in ms. */
const SLICE_MS = 4

/**
 * The one place where anything new begins. Whatever comes from outside (a reply, a timer, a commit)
 * notes its consequences and then asks for a turn; one that is asked for during a turn is part of it.
 */
export function createTurns(options: TurnsOptions): (now?: number) => void {
  const { clock, dispatcher, groups, lifetime, rowWork, starts, stopping } = options
  let inTurn = false
  let again = false
  let isComing = false

  function turn(known?: number): void {
    if (lifetime.isOver || isComing) return
    if (inTurn) {
      again = true
      return
    }
    inTurn = true
    try {
      const now = known ?? clock.now()
      if (!begin(now, now + SLICE_MS)) comeBack()
      else options.allBegun()
    } catch (error) {
      options.fatal(error)
    } finally {
      inTurn = false
    }
  }

  /** Starts all work that can start; returns false if `until` passed before that. */
  function begin(now: number, until: number): boolean {
    for (let time = now; ; time = clock.now()) {
      if (time > until) return false
      again = false
      if (!rowWork.isEmpty()) {
        rowWork.run(until)
        time = clock.now()
      }
      if (dispatcher.dispatch(until, time)) return false
      const more =
        !rowWork.isEmpty() ||
        options.leaveParked() ||
        (mayBegin() && starts.beginNext()) ||
        (mayOpen() && groups.openNext()) ||
        again
      if (!more || lifetime.isOver) return true
    }
  }

  function mayOpen(): boolean {
    return !lifetime.isOver && !stopping.begun
  }

  /** Rows of open groups continue where an endpoint stopped: others make what they can of them. */
  function mayBegin(): boolean {
    return mayOpen() || (!lifetime.isOver && !stopping.quiet)
  }

  /** Gives the event loop a turn between two slices. */
  function comeBack(): void {
    isComing = true
    clock.soon(() => {
      isComing = false
      turn()
    })
  }

  return turn
}
