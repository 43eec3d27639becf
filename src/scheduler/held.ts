import type { Clock, Timer } from '../util/clock.ts'

/** Requests that failed while no one answered, out of line until somebody does. */
export interface Held<Request> {
  readonly size: number
  add(route: number, request: Request): void
  /** Something returned: those continue whose route is no longer away. */
  look(): void
  close(): void
}

export interface HeldOptions<Request> {
  clock: Clock
  /** Whether nothing of a route answers and something may yet. */
  isAway: (route: number) => boolean
  /** When somebody may ask next whether it is back; null while somebody is asking. */
  nextProbeAt: (route: number) => number | null
  /** Puts a request into its line again. */
  enqueue: (request: Request) => void
  changed: () => void
}

/** So long a chance to ask is left to requests that never failed. */
const PRECEDENCE_MS = 250
const LOOK_AGAIN_MS = 1_000

/**
 * What keeps an endpoint from answering may be the request itself. So those that never failed ask
 * first, of groups that are opened for it too; those held here only when there is no one else.
 */
export function createHeld<Request>(options: HeldOptions<Request>): Held<Request> {
  const { clock } = options
  const queues = new Map<number, Request[]>()
  let size = 0
  let timer: Timer | null = null

  function look(): void {
    if (size === 0) return
    for (const [route, queue] of queues) {
      if (options.isAway(route)) continue
      queues.delete(route)
      size -= queue.length
      for (const request of queue) options.enqueue(request)
    }
  }

  /** Lets one of each route ask that no one else asks for. */
  function ask(): void {
    timer = null
    look()
    const now = clock.now()
    for (const [route, queue] of queues) {
      const at = options.nextProbeAt(route)
      if (at === null || at + PRECEDENCE_MS > now) continue
      const request = queue.shift()
      if (queue.length === 0) queues.delete(route)
      if (request === undefined) continue
      size -= 1
      options.enqueue(request)
    }
    options.changed()
    wait()
  }

  function wait(): void {
    if (timer !== null || size === 0) return
    const now = clock.now()
    let delay = LOOK_AGAIN_MS
    for (const route of queues.keys()) {
      const at = options.nextProbeAt(route)
      if (at !== null && at > now) delay = Math.max(delay, at - now + PRECEDENCE_MS)
    }
    timer = clock.after(delay, ask)
  }

  return {
    get size() {
      return size
    },
    add(route, request) {
      const queue = queues.get(route)
      if (queue === undefined) queues.set(route, [request])
      else queue.push(request)
      size += 1
      wait()
    },
    look,
    close() {
      timer?.cancel()
      timer = null
      queues.clear()
      size = 0
    },
  }
}
