import type { RequestError } from '../graph/request-error.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { createHeld } from './held.ts'
import type { PendingRequest } from './pending-request.ts'
import type { Resources } from './resources.ts'
import type { Route } from './route.ts'

export interface PausesOptions {
  clock: Clock
  routes: readonly Route[]
  resources: Resources
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  /** Puts a request into its line again. */
  enqueue: (pending: PendingRequest) => void
  /** A request waits so long before it is sent again. */
  paused: (pending: PendingRequest, error: RequestError, pauseMs: number) => void
  /** A request is in line again. */
  changed: () => void
}

/** Requests between two attempts. */
export interface Pauses {
  readonly size: number
  /** When the first of them goes again, and what failed last; null while none waits. */
  readonly backOff: BackOff | null
  /** After a failed attempt: each pause is twice as long as the one before. */
  backOffFor(pending: PendingRequest, error: RequestError): void
  /** No one was there; not an attempt. */
  waitForAnswers(pending: PendingRequest, error: RequestError): void
  /** Something returned: whoever waited for an answer of its route may continue. */
  look(): void
  /** What is never sent again waits for no pause: the run would end that much later. */
  routeStopped(route: number): void
  close(): void
}

export interface BackOff {
  /** By the clock. */
  nextAt: number
  route: string
  code: string
  message: string
}

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 60_000

export function createPauses(options: PausesOptions): Pauses {
  const { clock, enqueue, resources, routes } = options
  const pauses = new Map<Timer, { pending: PendingRequest; until: number }>()
  let lastFailure: Omit<BackOff, 'nextAt'> = { route: '', code: '', message: '' }
  const held = createHeld<PendingRequest>({
    clock,
    isAway: (route) => resources.isAway(route),
    nextProbeAt: (route) => resources.nextProbeAt(route),
    enqueue,
    changed: options.changed,
  })

  /** Half of it at least: those that failed together should not come back together. */
  function jittered(fullMs: number): number {
    return fullMs * (0.5 + options.jitter() / 2)
  }

  function pauseFor(pending: PendingRequest, error: RequestError, pauseMs: number): void {
    noteLast(pending, error)
    options.paused(pending, error, pauseMs)
    const { route } = pending.request
    const pause = clock.after(pauseMs, () => {
      pauses.delete(pause)
      if (resources.isAway(route)) held.add(route, pending)
      else enqueue(pending)
      options.changed()
    })
    pauses.set(pause, { pending, until: clock.now() + pauseMs })
    pending.request.returned?.()
  }

  function noteLast({ request }: PendingRequest, { code, message }: RequestError): void {
    lastFailure = { route: (routes[request.route] as Route).name, code, message }
  }

  return {
    get size() {
      return pauses.size + held.size
    },
    get backOff() {
      if (pauses.size + held.size === 0) return null
      let nextAt = pauses.size === 0 ? clock.now() : Number.POSITIVE_INFINITY
      for (const { until } of pauses.values()) nextAt = Math.min(nextAt, until)
      return { nextAt, ...lastFailure }
    },
    backOffFor(pending, error) {
      const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (pending.attempts - 1))
      pauseFor(pending, error, jittered(full))
    },
    waitForAnswers(pending, error) {
      const { route } = pending.request
      if (!resources.isAway(route)) {
        // Another choice answers, or it is not known yet that this one does not.
        pauseFor(pending, error, jittered(FIRST_BACKOFF_MS))
        return
      }
      noteLast(pending, error)
      held.add(route, pending)
      pending.request.returned?.()
    },
    look: () => held.look(),
    routeStopped(route) {
      for (const [pause, { pending }] of pauses) {
        if (pending.request.route !== route) continue
        pause.cancel()
        pauses.delete(pause)
        enqueue(pending)
      }
    },
    close() {
      held.close()
      for (const pause of pauses.keys()) pause.cancel()
      pauses.clear()
    },
  }
}
