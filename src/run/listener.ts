import type { RunEvent } from './run-event.ts'

/** The caller's end of the events of a run. */
export interface Listener {
  readonly emit: (event: RunEvent) => void
  /** The same for the caller's other callbacks. */
  guard<Told>(tell: (told: Told) => void): (told: Told) => void
  /** From here on, an exception of the caller stops the run instead of propagating into the engine. */
  whileAtWork(stop: () => void): void
  /** The first thing the caller threw while the run was at work. */
  readonly failure: { error: unknown } | null
}

/** Events happen in the middle of a commit too: an error of the caller must not break that. */
export function createListener(onEvent: (event: RunEvent) => void): Listener {
  let stop: (() => void) | null = null
  let failure: { error: unknown } | null = null

  function guard<Told>(tell: (told: Told) => void): (told: Told) => void {
    return (told) => {
      try {
        tell(told)
      } catch (error) {
        if (stop === null) throw error
        failure ??= { error }
        stop()
      }
    }
  }

  return {
    emit: guard(onEvent),
    guard,
    whileAtWork(newStop) {
      stop = newStop
    },
    get failure() {
      return failure
    },
  }
}
