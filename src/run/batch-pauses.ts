import type { RequestError } from '../graph/request-error.ts'
import type { Clock, Timer } from '../util/clock.ts'

/** Pauses between polls of a provider: they grow up to the interval of the run config. */
export interface Pauses {
  begin(): Waiting
  /** Ends all pauses, now and later: nothing is waited for any more. */
  end(): void
}

interface Waiting {
  /** By the clock. */
  readonly since: number
  /** `error` may say how long. Answers false when nothing is waited for any more. */
  pause(error: RequestError | null): Promise<boolean>
}

/** The first pause, in ms. */
const FIRST_MS = 1_000
const GROWTH = 1.5

export function createPollPauses({
  clock,
  longestMs,
}: {
  clock: Clock
  longestMs: number
}): Pauses {
  const pending = new Map<Timer, () => void>()
  let isOver = false

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(ms, () => {
        pending.delete(timer)
        resolve()
      })
      pending.set(timer, resolve)
    })
  }

  return {
    begin() {
      let next = Math.min(FIRST_MS, longestMs)
      return {
        since: clock.now(),
        async pause(error) {
          if (isOver) return false
          const asked = error?.problem.kind === 'throttled' ? (error.problem.retryAfterMs ?? 0) : 0
          const ms = Math.max(next, asked)
          next = Math.min(next * GROWTH, longestMs)
          await sleep(ms)
          return !isOver
        },
      }
    },
    end() {
      isOver = true
      for (const [timer, resolve] of pending) {
        timer.cancel()
        resolve()
      }
      pending.clear()
    },
  }
}
