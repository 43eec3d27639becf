import type { SchedulerEnd } from './stopping.ts'

/** A run from its first turn to its one result. */
export interface Lifetime {
  /** Aborted when what is in flight is given up, at the latest when the run has ended. */
  readonly signal: AbortSignal
  /** The run has ended: what comes back now belongs to no one. */
  readonly isOver: boolean
  /** How the run ended; rejects when it failed. */
  readonly result: Promise<SchedulerEnd>
  /** Gives up what is in flight. */
  abort(reason: unknown): void
  succeed(end: SchedulerEnd): void
  fail(error: unknown): void
}

export function createLifetime(): Lifetime {
  const controller = new AbortController()
  const { signal } = controller
  const ending = Promise.withResolvers<SchedulerEnd>()
  // Whoever never calls `run` does not wait for it either.
  ending.promise.catch(() => undefined)
  // A field and no getter: it is asked for several times with every reply.
  const lifetime = {
    signal,
    isOver: false,
    result: ending.promise,
    abort: (reason: unknown) => controller.abort(reason),
    succeed(end: SchedulerEnd) {
      lifetime.isOver = true
      ending.resolve(end)
    },
    fail(error: unknown) {
      lifetime.isOver = true
      ending.reject(error)
    },
  }
  return lifetime
}
