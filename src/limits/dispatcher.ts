import type { Clock, Timer } from '../util/clock.ts'
import type { Limiter, LimiterOutcome } from './limiter.ts'
import { createLine, type Line, type Waiting } from './line.ts'

/** Where work may go: the limiters it needs a unit of, all at once. */
export interface RouteOptions {
  name: string
  limiters: readonly Limiter[]
  /**
   * Positions of other routes: work starts only while one of them could send and has nobody
   * waiting. For cells that queue their own requests on those routes later.
   */
  whileAnyOf?: readonly number[]
}

/** Units a request holds while it is on the wire. */
export interface Lease {
  readonly route: number
  readonly marks: readonly number[]
}

export interface DispatcherOptions<Work extends Waiting> {
  clock: Clock
  routes: readonly RouteOptions[]
  /** Called with the units taken; must release the lease exactly once, at any time. */
  start: (work: Work, lease: Lease) => void
  /** Called after units or work were handed out, once per turn: capacity may be idle now. */
  settled: () => void
  /** Longest time on the event loop before giving way, in ms. */
  sliceMs?: number
}

/** Hands free units to waiting work. With nothing freed and nothing due, nothing runs. */
export interface Dispatcher<Work extends Waiting> {
  enqueue(route: number, work: Work): void
  release(lease: Lease, outcome: LimiterOutcome): void
  /** Whether a request could leave now, were there one. */
  couldSend(route: number): boolean
  /** When a request could leave if no unit came back; `Infinity` if only that helps, or nothing. */
  readyAt(route: number): number
  waiting(route: number): number
  /** Requests the route's narrowest limiter allows at once. */
  limit(route: number): number
  /** A stopped route sends nothing any more; its work stays waiting. */
  stop(route: number): void
  isStopped(route: number): boolean
  /** While held, no route sends. */
  hold(held: boolean): void
  close(): void
}

/** Routes that must be looked at again when one of a route's units is freed. */
function neighboursOf(routes: readonly RouteOptions[]): number[][] {
  return routes.map((route, index) => {
    const near = new Set<number>([index])
    routes.forEach((other, position) => {
      if (other.limiters.some((limiter) => route.limiters.includes(limiter))) near.add(position)
    })
    routes.forEach((other, position) => {
      if (other.whileAnyOf?.some((watched) => near.has(watched))) near.add(position)
    })
    return [...near]
  })
}

export function createDispatcher<Work extends Waiting>({
  clock,
  routes,
  start,
  settled,
  sliceMs = 4,
}: DispatcherOptions<Work>): Dispatcher<Work> {
  const lines: Line<Work>[] = routes.map(() => createLine<Work>())
  const stopped = routes.map(() => false)
  const dirty = routes.map(() => false)
  const neighbours = neighboursOf(routes)
  const everyRoute = routes.map((_, index) => index)
  let held = false
  let pumping = false
  let continuing = false
  let timer: { at: number; handle: Timer } | null = null

  function readyAt(route: number, now: number): number {
    const { limiters, whileAnyOf } = routes[route] as RouteOptions
    if (stopped[route] || whileAnyOf?.every((other) => stopped[other])) {
      return Number.POSITIVE_INFINITY
    }
    let latest = now
    for (const limiter of limiters) {
      const at = limiter.readyAt(now)
      if (at > latest) latest = at
    }
    return latest
  }

  function couldSend(route: number): boolean {
    const now = clock.now()
    return !held && readyAt(route, now) <= now
  }

  function gateOpen(route: number): boolean {
    const { whileAnyOf } = routes[route] as RouteOptions
    if (whileAnyOf === undefined) return true
    return whileAnyOf.some((other) => (lines[other] as Line<Work>).size === 0 && couldSend(other))
  }

  /** The dirty route whose first work is due now and comes first; arms the timer for the others. */
  function nextRoute(): number {
    const now = clock.now()
    let best = -1
    let bestPlace = Number.POSITIVE_INFINITY
    let due = Number.POSITIVE_INFINITY
    for (let route = 0; route < dirty.length; route += 1) {
      if (!dirty[route]) continue
      const place = (lines[route] as Line<Work>).first()
      if (place === undefined || !gateOpen(route)) {
        dirty[route] = false
        continue
      }
      const at = readyAt(route, now)
      if (at > now) {
        dirty[route] = false
        if (at < due) due = at
      } else if (place < bestPlace) {
        best = route
        bestPlace = place
      }
    }
    if (due !== Number.POSITIVE_INFINITY) wakeAt(due, now)
    return best
  }

  function wakeAt(at: number, now: number): void {
    if (timer !== null && timer.at <= at) return
    timer?.handle.cancel()
    const handle = clock.after(Math.max(0, at - now), () => {
      timer = null
      touch(everyRoute)
    })
    timer = { at, handle }
  }

  function pump(): void {
    if (pumping || held) return
    pumping = true
    const began = clock.now()
    try {
      for (;;) {
        const route = nextRoute()
        if (route < 0) break
        const now = clock.now()
        const marks = (routes[route] as RouteOptions).limiters.map((limiter) => limiter.take(now))
        const work = (lines[route] as Line<Work>).shift() as Work
        start(work, { route, marks })
        if (clock.now() - began > sliceMs) {
          continueSoon()
          break
        }
      }
    } finally {
      pumping = false
    }
    settled()
  }

  function continueSoon(): void {
    if (continuing) return
    continuing = true
    clock.soon(() => {
      continuing = false
      pump()
    })
  }

  function touch(touched: readonly number[]): void {
    for (const route of touched) dirty[route] = true
    pump()
  }

  return {
    enqueue(route, work) {
      ;(lines[route] as Line<Work>).push(work)
      dirty[route] = true
      pump()
    },
    release({ route, marks }, outcome) {
      const now = clock.now()
      const { limiters } = routes[route] as RouteOptions
      limiters.forEach((limiter, index) => limiter.release(marks[index] as number, outcome, now))
      touch(neighbours[route] as number[])
    },
    couldSend,
    readyAt: (route) => readyAt(route, clock.now()),
    waiting: (route) => (lines[route] as Line<Work>).size,
    limit(route) {
      const { limiters } = routes[route] as RouteOptions
      return Math.min(...limiters.map((limiter) => limiter.limit))
    },
    stop(route) {
      stopped[route] = true
    },
    isStopped: (route) => stopped[route] as boolean,
    hold(next) {
      held = next
      if (!held) touch(everyRoute)
    },
    close() {
      timer?.handle.cancel()
      timer = null
      held = true
    },
  }
}
