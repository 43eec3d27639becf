/** How a limit grows again after a decrease, success by success. */
export interface Recovery {
  /** Refused with `at` allowed; the limit is `now` from here on. */
  refused(limits: { at: number; now: number }): void
  /** Too much for the endpoint without being refused: what was before is no aim. */
  overloaded(now: number): void
  /** The limit after one more success. */
  grow(limit: number): number
}

/** Rounds until the limit is back at what was tolerated before; a round is as many successes as the limit has units. */
const ROUNDS_BACK = 2
/** Successes and rounds there before one more is tried; each try that fails doubles them. */
const LEAST_SUCCESSES = 200
const LEAST_ROUNDS = 4
const MOST_DOUBLINGS = 4

/**
 * The shape is CUBIC's (RFC 9438): concave up to the last limit that held, flat there, convex
 * beyond. Unlike TCP's it counts rounds of replies and no seconds, because a round trip to a model
 * takes from milliseconds to minutes. With g the limit that held, s the one after the decrease,
 * r the rounds since and p the patience:
 *
 *     r < 2:  g − (g − s) · (1 − r/2)³        else:  g + ((r − 2) / p)³
 */
export function createRecovery(): Recovery {
  let start = 1
  let held = 1
  let rounds = 0
  let doublings = 0

  function patience(): number {
    return Math.max(LEAST_ROUNDS, LEAST_SUCCESSES / held) * 2 ** doublings
  }

  function begin(at: number, aim: number): void {
    start = at
    held = Math.max(at, aim)
    rounds = 0
  }

  return {
    refused({ at, now }) {
      const isSameBorder = Math.abs(at - 1 - held) <= 1 + held / 16
      doublings = isSameBorder ? Math.min(MOST_DOUBLINGS, doublings + 1) : 0
      begin(now, at - 1)
    },
    overloaded(now) {
      doublings = Math.min(MOST_DOUBLINGS, doublings + 1)
      begin(now, now)
    },
    grow(limit) {
      rounds += 1 / limit
      const grown =
        rounds < ROUNDS_BACK
          ? held - (held - start) * (1 - rounds / ROUNDS_BACK) ** 3
          : held + ((rounds - ROUNDS_BACK) / patience()) ** 3
      // Rounding must not keep the limit one below what held.
      return Math.max(limit, Math.floor(grown + 1e-9))
    },
  }
}
