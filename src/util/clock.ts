/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void
}

/**
 * Time as an argument: the engine runs the same code under real and virtual time.
 * All durations and instants are milliseconds.
 */
export interface Clock {
  /** Monotonic time since an arbitrary origin, for durations. */
  now(): number
  /** Milliseconds since 1970, for what is shown or stored. */
  wallTime(): number
  /** Calls `callback` once after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls `callback` as soon as pending input and output had their turn. */
  soon(callback: () => void): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, callback) {
    // setTimeout holds 31 bits; a longer wait is cut and simply fires early once in 24 days.
    const handle = setTimeout(callback, Math.min(delayMs, 0x7fffffff))
    return { cancel: () => clearTimeout(handle) }
  },
  soon(callback) {
    setImmediate(callback)
  },
}
