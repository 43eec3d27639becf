import type { Clock } from '../util/clock.ts'

const followers = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `callback` once when the signal aborts, until the returned function is called.
 *
 * A run has one signal for thousands of requests; an EventTarget keeps its listeners in a list it
 * walks on every addition and removal, so each signal gets one listener and a set behind it.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = followers.get(signal)
  if (callbacks === undefined) {
    const set = new Set<() => void>()
    followers.set(signal, set)
    signal.addEventListener('abort', () => {
      for (const each of set) each()
      set.clear()
    })
    callbacks = set
  }
  const set = callbacks
  set.add(callback)
  return () => set.delete(callback)
}

/** The time a request had is over. */
export class TimeoutExpired extends Error {
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super(`no complete reply within ${timeoutMs} ms`)
    this.name = 'TimeoutExpired'
    this.timeoutMs = timeoutMs
  }
}

/**
 * Runs `work` with a separate signal that aborts with the outer signal's reason, or with
 * `TimeoutExpired`; rejects with that reason at once, whether or not the work notices.
 * The work is started in any case, so that it can give back what it was handed.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, clock, signal }: { timeoutMs: number; clock: Clock; signal: AbortSignal },
): Promise<T> {
  const controller = new AbortController()
  const stopped = Promise.withResolvers<never>()
  const stop = (reason: unknown) => {
    controller.abort(reason)
    stopped.reject(reason)
  }
  const unfollow = onAbort(signal, () => stop(signal.reason))
  if (signal.aborted) stop(signal.reason)
  const timer = clock.after(timeoutMs, () => stop(new TimeoutExpired(timeoutMs)))
  try {
    return await Promise.race([work(controller.signal), stopped.promise])
  } finally {
    timer.cancel()
    unfollow()
  }
}

/** The promise, or the signal's reason as soon as it aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const stopped = Promise.withResolvers<never>()
  const unfollow = onAbort(signal, () => stopped.reject(signal.reason))
  try {
    return await Promise.race([promise, stopped.promise])
  } finally {
    unfollow()
  }
}
