import type { Clock } from '../util/clock.ts'

/** Says in the log that an endpoint limits the rate, without a line for every 429. */
export interface ThrottleNotes {
  note(route: string, retryAfterMs: number | null): void
  /** Writes what was counted and not reported yet. */
  close(): void
}

/** 429s of a route within this time after one that was reported are summed up. */
const INTERVAL_MS = 60_000

interface Count {
  since: number
  refused: number
  longestMs: number | null
}

export function createThrottleNotes(clock: Clock, write: (text: string) => void): ThrottleNotes {
  const counts = new Map<string, Count>()

  function tell(route: string, { since, refused, longestMs }: Count): void {
    if (refused === 0) return
    const seconds = Math.round((clock.now() - since) / 1000)
    const asked = longestMs === null ? '' : `, asked to wait up to ${longestMs} ms`
    write(`route ${route}: ${refused} more answers 429 in ${seconds} s${asked}`)
  }

  return {
    note(route, retryAfterMs) {
      const now = clock.now()
      const count = counts.get(route)
      if (count !== undefined && now - count.since < INTERVAL_MS) {
        count.refused += 1
        if (retryAfterMs !== null) count.longestMs = Math.max(count.longestMs ?? 0, retryAfterMs)
        return
      }
      if (count !== undefined) tell(route, count)
      counts.set(route, { since: now, refused: 0, longestMs: null })
      const asked = retryAfterMs === null ? 'asked to wait' : `asked to wait ${retryAfterMs} ms`
      write(`route ${route}: ${asked} (429)`)
    },
    close() {
      for (const [route, count] of counts) tell(route, count)
      counts.clear()
    },
  }
}
