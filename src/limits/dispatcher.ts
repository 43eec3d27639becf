import type { Clock, Timer } from '../util/clock.ts'
import { type ChoiceLoad, type ChoiceLoads, createChoiceLoads } from './choice-loads.ts'
import type { AdjustableLimiter, Limiter, LimiterOutcome } from './limiter.ts'
import {
  type ChoiceOptions,
  type Lane,
  lanesOf,
  neighboursOf,
  type RouteOptions,
  watchersOf,
} from './lanes.ts'
import type { Waiting } from './line.ts'

/** Units a request holds while it is in flight. */
export interface Lease {
  readonly route: number
  /** Position among the route's choices. */
  readonly choice: number
  readonly marks: readonly number[]
  /** When it began, by the clock. */
  readonly at: number
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
  /** `now` is the time by the clock, for who has it already. */
  release(lease: Lease, outcome: LimiterOutcome, now?: number): void
  /**
   * Starts what can start, oldest group first, then deepest column, over all lines.
   * Answers whether some is left because `until` has passed.
   */
  dispatch(until: number, now?: number): boolean
  /**
   * Whether a request could leave now, and no one waits that could take it. When time alone will let
   * one leave, `wake` is called then: what is asked for here is not in a line yet.
   */
  isIdle(route: number): boolean
  /** When a request could leave if no unit returned; `Infinity` if only that helps, or nothing. */
  readyAt(route: number): number
  /** Whether a cap of 0 is what keeps a request: only whoever set it knows for how long. */
  isShut(route: number): boolean
  waiting(route: number): number
  /** The limiter that keeps the route closed longest; null when it is open. */
  heldBy(route: number): Limiter | null
  /** Requests the narrowest limiters of its choices allow at once, together. */
  limit(route: number): number
  /** Requests in flight through one of its choices, and how many that allows by itself. */
  loadOf(route: number, choice: number): ChoiceLoad
  /** Nothing goes that way any more; work that has no other way stays waiting. */
  stop(route: number, choice: number): void
  /** Changes a cap while work waits and is in flight; what it lets go starts at once. */
  setCap(limiter: AdjustableLimiter, cap: number): void
  close(): void
}

/** Starts between two looks at the clock: each look costs as much as a tenth of a start. */
const STRIDE = 8

export function createDispatcher<Work extends Waiting>({
  clock,
  routes,
  start,
  mayStart,
  wake,
}: DispatcherOptions<Work>): Dispatcher<Work> {
  const { lanes, firstLane } = lanesOf<Work>(routes)
  const loads = routes.map(createChoiceLoads)
  const neighbours = neighboursOf(routes, lanes)
  const watchers = watchersOf(routes, lanes)
  /** Lanes to look at, each once: those whose line or units changed since they were found closed. */
  const touched: number[] = []
  const isTouched = lanes.map(() => false)
  let dispatching = false
  let timer: { at: number; handle: Timer } | null = null

  function touch(lane: number): void {
    if (isTouched[lane]) return
    isTouched[lane] = true
    touched.push(lane)
  }

  function laneAt(lane: number): Lane<Work> {
    return lanes[lane] as Lane<Work>
  }

  /** The lane of work that avoids nothing. */
  function openLane(route: number): Lane<Work> {
    return laneAt(firstLane[route] as number)
  }

  function loadsOf(route: number): ChoiceLoads {
    return loads[route] as ChoiceLoads
  }

  /** When a lane could send through one of its choices. */
  function choiceAt(lane: Lane<Work>, choice: number, now: number): number {
    const { limiters } = lane.choices[choice] as ChoiceOptions
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
    if (limitsTokens && latest === now) return tokensAt(lane, limiters, now)
    return latest
  }

  function tokensAt(lane: Lane<Work>, limiters: readonly Limiter[], now: number): number {
    const tokens = firstTokens(lane, limiters)
    let latest = now
    for (const limiter of limiters) {
      if (limiter.counts === 'tokens') latest = Math.max(latest, limiter.readyAt(now, tokens))
    }
    return latest
  }

  /** Tokens of the first work of a line; 0 where no limiter counts them. */
  function firstTokens({ line }: Lane<Work>, limiters: readonly Limiter[]): number {
    for (const { counts, perMinute } of limiters) {
      if (counts !== 'tokens' || perMinute === null) continue
      return line.peek()?.tokens?.() ?? 0
    }
    return 0
  }

  function unitsAt(lane: Lane<Work>, now: number): number {
    const { route, choices } = lane
    if (choices.length === 1) {
      return loadsOf(route).isStopped(0) ? Number.POSITIVE_INFINITY : choiceAt(lane, 0, now)
    }
    let soonest = Number.POSITIVE_INFINITY
    for (let choice = 0; choice < choices.length && soonest > now; choice += 1) {
      if (loadsOf(route).mayTake(choice, lane.avoids, now))
        soonest = Math.min(soonest, choiceAt(lane, choice, now))
    }
    return soonest
  }

  /** Of the choices that could take a request now the one with the least to do for its weight. */
  function pick(lane: Lane<Work>, now: number): number {
    const { route, choices } = lane
    if (choices.length === 1) return 0
    const best = loadsOf(route).least(
      (choice) =>
        loadsOf(route).mayTake(choice, lane.avoids, now) && choiceAt(lane, choice, now) <= now,
      now,
      lane.line.peek()?.prefix ?? 0,
    )
    if (best < 0) throw new Error(`no choice of route ${routes[route]?.name} could take a request`)
    return best
  }

  function hasShut(route: number): boolean {
    return (routes[route] as RouteOptions).choices.some(
      ({ limiters }, choice) =>
        !loadsOf(route).isStopped(choice) &&
        limiters.some(({ cap, perMinute }) => cap === 0 || perMinute === 0),
    )
  }

  function waiting(route: number): number {
    const { length } = (routes[route] as RouteOptions).choices
    const first = firstLane[route] as number
    let sum = laneAt(first).line.size
    if (length > 1) {
      for (let lane = first + 1; lane <= first + length; lane += 1) sum += laneAt(lane).line.size
    }
    return sum
  }

  function readyAt(own: Lane<Work>, now: number): number {
    const units = unitsAt(own, now)
    const { whileAnyOf } = routes[own.route] as RouteOptions
    if (whileAnyOf === undefined || units === Number.POSITIVE_INFINITY) return units
    let soonest = Number.POSITIVE_INFINITY
    for (const watched of whileAnyOf) {
      const lane = openLane(watched)
      if (lane.line.size > 0) continue
      soonest = Math.min(soonest, unitsAt(lane, now))
    }
    return Math.max(units, soonest)
  }

  /** The touched lane whose first work can start and comes first; sees to the others' time. */
  function nextLane(now: number): number {
    let best = -1
    let bestPlace = Number.POSITIVE_INFINITY
    let due = Number.POSITIVE_INFINITY
    let kept = 0
    for (const position of touched) {
      const lane = laneAt(position)
      const place = lane.line.first()
      const at = place === undefined ? Number.POSITIVE_INFINITY : readyAt(lane, now)
      if (place === undefined || at > now) {
        isTouched[position] = false
        if (at < due) due = at
        continue
      }
      touched[kept] = position
      kept += 1
      if (place < bestPlace) {
        best = position
        bestPlace = place
      }
    }
    touched.length = kept
    if (due !== Number.POSITIVE_INFINITY) wakeAt(due, now)
    return best
  }

  /** Reports what is due when another event of the same instant is processed before the timer fires. */
  function touchDue(now: number): void {
    if (timer === null || timer.at > now) return
    timer.handle.cancel()
    timer = null
    touchAll()
  }

  function touchAll(): void {
    for (let lane = 0; lane < lanes.length; lane += 1) touch(lane)
  }

  function wakeAt(at: number, now: number): void {
    if (timer !== null && timer.at <= at) return
    timer?.handle.cancel()
    const handle = clock.after(at - now, () => {
      timer = null
      touchAll()
      wake()
    })
    timer = { at, handle }
  }

  function startNext(position: number, now: number): void {
    const lane = laneAt(position)
    const { route, line } = lane
    const choice = pick(lane, now)
    const { limiters } = lane.choices[choice] as ChoiceOptions
    const tokens = firstTokens(lane, limiters)
    const marks: number[] = []
    for (const limiter of limiters) marks.push(limiter.take(now, tokens))
    loadsOf(route).take(choice, now)
    const work = line.shift() as Work
    if (line.size === 0) for (const watcher of watchers[route] as number[]) touch(watcher)
    start(work, { route, choice, marks, at: now })
  }

  return {
    enqueue(route, work) {
      let lane = firstLane[route] as number
      const avoids = work.avoids ?? -1
      if (avoids >= 0 && laneAt(lane).choices.length > 1) lane += 1 + avoids
      laneAt(lane).line.push(work)
      touch(lane)
    },
    release({ route, choice, marks }, outcome, now = clock.now()) {
      const { limiters } = (routes[route] as RouteOptions).choices[choice] as ChoiceOptions
      for (let index = 0; index < limiters.length; index += 1) {
        ;(limiters[index] as Limiter).release(marks[index] as number, outcome, now)
      }
      loadsOf(route).release(choice, outcome, now)
      for (const lane of (neighbours[route] as number[][])[choice] as number[]) {
        if (laneAt(lane).line.size > 0) touch(lane)
      }
    },
    dispatch(until, now = clock.now()) {
      if (dispatching) return false
      touchDue(now)
      if (touched.length === 0) return false
      dispatching = true
      let time = now
      let started = 0
      try {
        while (mayStart()) {
          const lane = nextLane(time)
          if (lane < 0) return false
          if (time > until) return true
          startNext(lane, time)
          started += 1
          if (started % STRIDE === 0) time = clock.now()
        }
        return false
      } finally {
        dispatching = false
      }
    },
    isIdle(route) {
      const lane = openLane(route)
      if (lane.line.size > 0 || !mayStart()) return false
      const now = clock.now()
      const at = readyAt(lane, now)
      if (at > now && at !== Number.POSITIVE_INFINITY) wakeAt(at, now)
      return at <= now
    },
    readyAt: (route) => readyAt(openLane(route), clock.now()),
    isShut: (route) => [route, ...((routes[route] as RouteOptions).whileAnyOf ?? [])].some(hasShut),
    waiting,
    heldBy(route) {
      const now = clock.now()
      const lane = openLane(route)
      let soonest = Number.POSITIVE_INFINITY
      let held: Limiter | null = null
      for (const [choice, { limiters }] of lane.choices.entries()) {
        if (loadsOf(route).isStopped(choice)) continue
        const longest = longestHeld(limiters, now, firstTokens(lane, limiters))
        if (held !== null && longest.at >= soonest) continue
        soonest = longest.at
        held = longest.limiter
      }
      return soonest <= now ? null : held
    },
    limit: (route) => loadsOf(route).limit,
    loadOf: (route, choice) => loadsOf(route).loadOf(choice),
    stop(route, choice) {
      loadsOf(route).stop(choice)
      // Work that avoided another choice may have only that one left.
      touchAll()
    },
    setCap(limiter, cap) {
      limiter.setCap(cap, clock.now())
      touchAll()
      wake()
    },
    close() {
      timer?.handle.cancel()
      timer = null
    },
  }
}

function longestHeld(
  limiters: readonly Limiter[],
  now: number,
  tokens: number,
): { at: number; limiter: Limiter | null } {
  let latest = now
  let held: Limiter | null = null
  for (const limiter of limiters) {
    const at = limiter.readyAt(now, tokens)
    if (at <= latest) continue
    latest = at
    held = limiter
  }
  return { at: latest, limiter: held }
}
