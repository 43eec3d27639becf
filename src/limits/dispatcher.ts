import type { Clock, Timer } from '../util/clock.ts'
import type { Limiter, LimiterOutcome } from './limiter.ts'
import { createLine, type Line, type Waiting } from './line.ts'

/** Where work may go: the limiters it needs a unit of, all at once. */
export interface RouteOptions {
  name: string
  limiters: readonly Limiter[]
  /**
   * Positions of other routes, without such a condition of their own: work starts only while one
   * of them could send and has nobody waiting. For cells that queue their requests there later.
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
  /** While false nothing starts; asked before each start. */
  mayStart: () => boolean
  /** Time alone let something start: `dispatch` is to be called. */
  wake: () => void
}

/**
 * Hands free units to waiting work. With nothing freed and nothing due, nothing runs.
 *
 * `enqueue` and `release` only note what changed; work starts in `dispatch`, once all consequences
 * of an event are noted, so that the order among lines never depends on the order of the notes.
 */
export interface Dispatcher<Work extends Waiting> {
  enqueue(route: number, work: Work): void
  release(lease: Lease, outcome: LimiterOutcome): void
  /**
   * Starts what can start, oldest group first, then deepest column, over all lines.
   * Answers whether some is left because `until` has passed.
   */
  dispatch(until: number): boolean
  /**
   * Whether a request could leave now, were there one. When time alone will let it, `wake` is
   * called then: what is asked for here is not in a line yet.
   */
  couldSend(route: number): boolean
  /** When a request could leave if no unit came back; `Infinity` if only that helps, or nothing. */
  readyAt(route: number): number
  waiting(route: number): number
  /** The limiter that keeps the route closed longest; null when it is open. */
  heldBy(route: number): Limiter | null
  /** Requests the route's narrowest limiter allows at once. */
  limit(route: number): number
  /** A stopped route sends nothing any more; its work stays waiting. */
  stop(route: number): void
  close(): void
}

export function createDispatcher<Work extends Waiting>({
  clock,
  routes,
  start,
  mayStart,
  wake,
}: DispatcherOptions<Work>): Dispatcher<Work> {
  const lines: Line<Work>[] = routes.map(() => createLine<Work>())
  const stopped = routes.map(() => false)
  const neighbours = neighboursOf(routes)
  const watchers = watchersOf(routes)
  /** Routes to look at, each once: those whose line or units changed since they were found closed. */
  const touched: number[] = []
  const isTouched = routes.map(() => false)
  let dispatching = false
  let timer: { at: number; handle: Timer } | null = null

  function touch(route: number): void {
    if (isTouched[route]) return
    isTouched[route] = true
    touched.push(route)
  }

  function unitsAt(route: number, now: number): number {
    if (stopped[route]) return Number.POSITIVE_INFINITY
    const { limiters } = routes[route] as RouteOptions
    let latest = now
    let limitsTokens = false
    for (const limiter of limiters) {
      if (limiter.counts === 'tokens') {
        limitsTokens = true
        continue
      }
      const at = limiter.readyAt(now)
      if (at > latest) latest = at
    }
    // Last, so that a request is not prepared before it could leave otherwise.
    if (limitsTokens && latest === now) return tokensAt(route, now)
    return latest
  }

  function tokensAt(route: number, now: number): number {
    const { limiters } = routes[route] as RouteOptions
    const tokens = firstTokens(route)
    let latest = now
    for (const limiter of limiters) {
      if (limiter.counts === 'tokens') latest = Math.max(latest, limiter.readyAt(now, tokens))
    }
    return latest
  }

  /** Tokens of the first work of a line; 0 where no limiter counts them. */
  function firstTokens(route: number): number {
    for (const { counts, perMinute } of (routes[route] as RouteOptions).limiters) {
      if (counts !== 'tokens' || perMinute === null) continue
      return (lines[route] as Line<Work>).peek()?.tokens?.() ?? 0
    }
    return 0
  }

  function readyAt(route: number, now: number): number {
    const units = unitsAt(route, now)
    const { whileAnyOf } = routes[route] as RouteOptions
    if (whileAnyOf === undefined || units === Number.POSITIVE_INFINITY) return units
    let soonest = Number.POSITIVE_INFINITY
    for (const watched of whileAnyOf) {
      if ((lines[watched] as Line<Work>).size > 0) continue
      soonest = Math.min(soonest, unitsAt(watched, now))
    }
    return Math.max(units, soonest)
  }

  /** The touched route whose first work can start and comes first; sees to the others' time. */
  function nextRoute(now: number): number {
    let best = -1
    let bestPlace = Number.POSITIVE_INFINITY
    let due = Number.POSITIVE_INFINITY
    let kept = 0
    for (const route of touched) {
      const place = (lines[route] as Line<Work>).first()
      const at = place === undefined ? Number.POSITIVE_INFINITY : readyAt(route, now)
      if (place === undefined || at > now) {
        isTouched[route] = false
        if (at < due) due = at
        continue
      }
      touched[kept] = route
      kept += 1
      if (place < bestPlace) {
        best = route
        bestPlace = place
      }
    }
    touched.length = kept
    if (due !== Number.POSITIVE_INFINITY) wakeAt(due, now)
    return best
  }

  /** What a timer is due for but has not told yet: another event of the same instant came first. */
  function touchDue(): void {
    if (timer === null || timer.at > clock.now()) return
    timer.handle.cancel()
    touchAll()
  }

  function touchAll(): void {
    timer = null
    for (let route = 0; route < routes.length; route += 1) touch(route)
  }

  function wakeAt(at: number, now: number): void {
    if (timer !== null && timer.at <= at) return
    timer?.handle.cancel()
    const handle = clock.after(at - now, () => {
      touchAll()
      wake()
    })
    timer = { at, handle }
  }

  function startNext(route: number, now: number): void {
    const { limiters } = routes[route] as RouteOptions
    const tokens = firstTokens(route)
    const marks: number[] = []
    for (const limiter of limiters) marks.push(limiter.take(now, tokens))
    const line = lines[route] as Line<Work>
    const work = line.shift() as Work
    if (line.size === 0) for (const watcher of watchers[route] as number[]) touch(watcher)
    start(work, { route, marks })
  }

  return {
    enqueue(route, work) {
      ;(lines[route] as Line<Work>).push(work)
      touch(route)
    },
    release({ route, marks }, outcome) {
      const now = clock.now()
      const { limiters } = routes[route] as RouteOptions
      for (let index = 0; index < limiters.length; index += 1) {
        ;(limiters[index] as Limiter).release(marks[index] as number, outcome, now)
      }
      for (const neighbour of neighbours[route] as number[]) touch(neighbour)
    },
    dispatch(until) {
      if (dispatching) return false
      touchDue()
      if (touched.length === 0) return false
      dispatching = true
      try {
        while (mayStart()) {
          const now = clock.now()
          const route = nextRoute(now)
          if (route < 0) return false
          if (now > until) return true
          startNext(route, now)
        }
        return false
      } finally {
        dispatching = false
      }
    },
    couldSend(route) {
      if (!mayStart()) return false
      const now = clock.now()
      const at = readyAt(route, now)
      if (at > now && at !== Number.POSITIVE_INFINITY) wakeAt(at, now)
      return at <= now
    },
    readyAt: (route) => readyAt(route, clock.now()),
    waiting: (route) => (lines[route] as Line<Work>).size,
    heldBy(route) {
      const now = clock.now()
      const tokens = firstTokens(route)
      let latest = now
      let held: Limiter | null = null
      for (const limiter of (routes[route] as RouteOptions).limiters) {
        const at = limiter.readyAt(now, tokens)
        if (at <= latest) continue
        latest = at
        held = limiter
      }
      return held
    },
    limit(route) {
      const { limiters } = routes[route] as RouteOptions
      return Math.min(...limiters.map((limiter) => limiter.limit))
    },
    stop(route) {
      stopped[route] = true
    },
    close() {
      timer?.handle.cancel()
      timer = null
    },
  }
}

/** Routes to look at again when one of a route's units is freed. */
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

/** Routes to look at again when a route's line has become empty. */
function watchersOf(routes: readonly RouteOptions[]): number[][] {
  return routes.map((_, index) =>
    routes.flatMap(({ whileAnyOf }, position) => (whileAnyOf?.includes(index) ? [position] : [])),
  )
}
