import type { RequestError } from '../graph/request-error.ts'
import { addUsage, type ModelReply, type ModelRequest, type Usage } from '../graph/request.ts'
import { createRecentLatencies, type RecentLatencies } from '../limits/latencies.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { type PendingActions, PendingRequest } from './pending-request.ts'
import type { RequestJob } from './request-job.ts'
import type { Route } from './route.ts'

export interface HedgingOptions {
  clock: Clock
  routes: readonly Route[]
  actions: PendingActions
  /** Choices of a route in addition to one that have not stopped and are not away. */
  others: (place: { route: number; choice: number }) => number
  /** Puts a request into its line. */
  enqueue: (pending: PendingRequest) => void
  changed: () => void
}

/** Second requests for answers that take long: the one that is answered first counts, the other is given up. */
export interface Hedging {
  /** The request as one that may be sent twice at once; itself where its route sends none twice. */
  follow(request: RequestJob): RequestJob
  /** It left. */
  sent(pending: PendingRequest): void
  /** What ends it: the signal of its choice, or that it is given up. */
  signalOf(pending: PendingRequest, ofChoice: AbortSignal): AbortSignal
  /** Whether the other one was answered first. */
  isLost(pending: PendingRequest): boolean
  close(): void
}

/** Goes before all groups: it is late already. */
const URGENT_GROUP = -1
/** Answers of a route before it is known what takes long. */
const LEAST_KNOWN = 20

/** Null where no route sends a request twice. */
export function createHedging(options: HedgingOptions): Hedging | null {
  const { clock } = options
  const watches = options.routes.map(({ hedge = null }) => (hedge === null ? null : watchOf(hedge)))
  if (watches.every((watch) => watch === null)) return null
  const timers = new Set<Timer>()

  function arm(pending: PendingRequest, leg: Leg): void {
    const { race } = leg
    const { known, share } = race.watch
    race.watch.sent += 1
    const afterMs = known.count < LEAST_KNOWN ? null : known.quantile(share)
    if (afterMs === null) return
    const timer = clock.after(afterMs, () => {
      timers.delete(timer)
      sendAgain(pending, leg)
    })
    timers.add(timer)
    race.disarm = () => {
      timer.cancel()
      timers.delete(timer)
    }
  }

  function sendAgain(pending: PendingRequest, { race, route }: Leg): void {
    const { watch } = race
    // When everything has become slow, twice as many requests help no one.
    const most = 1 + 2 * (1 - watch.share) * watch.sent
    if (
      race.isDoubled ||
      watch.hedged >= most ||
      options.others({ route, choice: pending.choice }) === 0
    )
      return
    watch.hedged += 1
    const second = new PendingRequest(race.double(), options.actions)
    second.avoids = pending.choice
    second.cacheKeys = pending.cacheKeys
    options.enqueue(second)
    options.changed()
  }

  return {
    follow(request) {
      const watch = watches[request.route] ?? null
      if (watch === null || request.isShared === true) return request
      return new Race(request, watch, clock).first
    },
    sent(pending) {
      const leg = legOf(pending)
      if (leg === null) return
      leg.sentAt = clock.now()
      if (leg === leg.race.first) arm(pending, leg)
    },
    signalOf(pending, ofChoice) {
      const leg = legOf(pending)
      return leg === null ? ofChoice : AbortSignal.any([ofChoice, leg.controller.signal])
    },
    isLost(pending) {
      const leg = legOf(pending)
      return leg !== null && leg.race.isOver && leg.race.winner !== leg
    },
    close() {
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}

function legOf({ request }: PendingRequest): Leg | null {
  return request instanceof Leg ? request : null
}

/** What is known of a route that sends requests twice. */
interface Watch {
  /** Of the answers: a second request is sent once one takes longer than so many of them. */
  readonly share: number
  readonly known: RecentLatencies
  sent: number
  hedged: number
}

function watchOf(share: number): Watch {
  return { share, known: createRecentLatencies(), sent: 0, hedged: 0 }
}

/** A request of a cell, which one or two of its route may answer. */
class Race {
  readonly request: RequestJob
  readonly watch: Watch
  readonly first: Leg
  isOver = false
  winner: Leg | null = null
  /** Takes back the timer of the second one. */
  disarm: () => void = () => undefined
  readonly #clock: Clock
  #second: Leg | null = null
  /** How the first one ended, while the second may still be answered. */
  #firstEnd: (() => void) | null = null
  #spent: Usage | null = null

  constructor(request: RequestJob, watch: Watch, clock: Clock) {
    this.request = request
    this.watch = watch
    this.#clock = clock
    this.first = new Leg(this)
  }

  get isDoubled(): boolean {
    return this.#second !== null
  }

  double(): Leg {
    this.#second = new Leg(this, URGENT_GROUP)
    this.#second.message = this.first.message
    return this.#second
  }

  isWanted(leg: Leg): boolean {
    const isIn = leg === this.first || leg === this.#second
    return isIn && !this.isOver && this.request.wanted()
  }

  answered(leg: Leg, reply: ModelReply, attempts: number, choice: number): void {
    this.isOver = true
    this.winner = leg
    this.disarm()
    this.#note(leg)
    const other = leg === this.first ? this.#second : this.first
    if (other?.isInFlight === true) {
      // It would have taken at least as long.
      this.#note(other)
      other.controller.abort(new Error('another request was answered first'))
    }
    this.request.reply(reply, attempts, choice)
  }

  failed(leg: Leg, error: RequestError, attempts: number, spent: Usage | null): void {
    if (spent !== null) this.#spent = this.#spent === null ? spent : addUsage(this.#spent, spent)
    this.#ended(leg, () => this.request.failed(error, attempts, this.#spent))
  }

  abandoned(leg: Leg): void {
    this.#ended(leg, () => this.request.abandoned())
  }

  returned(leg: Leg): void {
    // The second one is sent once.
    if (leg !== this.first) return this.#ended(leg, () => undefined)
    this.disarm()
    if (this.#second === null) this.request.returned?.()
  }

  /** Of two the end of the last one counts, and says what the first one failed with. */
  #ended(leg: Leg, end: () => void): void {
    if (this.isOver) return
    if (leg === this.first) {
      this.disarm()
      this.#firstEnd = end
    } else if (leg === this.#second) this.#second = null
    if (this.#second !== null || this.#firstEnd === null) return
    this.isOver = true
    this.#firstEnd()
  }

  #note({ sentAt }: Leg): void {
    this.watch.known.add(this.#clock.now() - sentAt)
  }
}

/** One of the requests of a race, as all requests are sent. */
class Leg implements RequestJob {
  readonly race: Race
  readonly controller = new AbortController()
  readonly route: number
  readonly row: number
  readonly column: number
  readonly group: number
  readonly depth: number
  readonly turn: number
  readonly isCorrection: boolean
  sentAt = 0
  isInFlight = false
  /** What was sent by the first one, for the second. */
  message: ModelRequest | null = null

  constructor(race: Race, group = race.request.group) {
    this.race = race
    const { route, row, column, depth, turn = 0, isCorrection = false } = race.request
    this.route = route
    this.row = row
    this.column = column
    this.group = group
    this.depth = depth
    this.turn = turn
    this.isCorrection = isCorrection
  }

  wanted(): boolean {
    return this.race.isWanted(this)
  }

  abandoned(): void {
    this.race.abandoned(this)
  }

  prepare(): ModelRequest {
    const isSecond = this !== this.race.first
    const message = isSecond && this.message !== null ? this.message : this.race.request.prepare()
    this.message = message
    return message
  }

  left(): void {
    this.isInFlight = true
    this.race.request.left?.()
  }

  returned(): void {
    this.isInFlight = false
    this.race.returned(this)
  }

  reply(reply: ModelReply, attempts: number, choice: number): void {
    this.isInFlight = false
    this.race.answered(this, reply, attempts, choice)
  }

  failed(error: RequestError, attempts: number, spent: Usage | null): void {
    this.isInFlight = false
    this.race.failed(this, error, attempts, spent)
  }

  unprepared(error: unknown): void {
    this.race.request.unprepared(error)
  }
}
