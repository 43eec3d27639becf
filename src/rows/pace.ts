import type { Clock } from '../util/clock.ts'

/** Null to continue, or a promise of the event loop's next turn once a slice of time is used up. */
export type Pace = () => Promise<void> | null

export function createPace(clock: Clock, sliceMs: number): Pace {
  let end = clock.now() + sliceMs
  return () => {
    if (clock.now() < end) return null
    return new Promise((resolve) => {
      clock.soon(() => {
        end = clock.now() + sliceMs
        resolve()
      })
    })
  }
}
