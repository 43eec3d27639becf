import type { Breaker } from '../limits/breaker.ts'
import type { Lease } from '../limits/dispatcher.ts'
import { RequestError } from '../graph/request-error.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { type Choice, type ChoiceState, createChoiceStates, type Route } from './route.ts'

/** A choice of a route, by position. */
type Place = Pick<Lease, 'route' | 'choice'>

export interface ResourcesOptions {
  clock: Clock
  routes: readonly Route[]
  /** Of the run: what ends with it. */
  signal: AbortSignal
  /** How long an endpoint may be away before it is given up, in ms. */
  maxOutageMs: number
  /** Whether anything waits for a route. */
  isNeeded: (route: number) => boolean
  /** Nothing goes that way any more; `isLast` when nothing goes through its route at all. */
  choiceStopped: (place: Place, error: RequestError, isLast: boolean) => void
  /** An endpoint, or one model of it, does not answer any more, and answers again. */
  away: (what: { endpoint: string; model: string | null }, error: RequestError) => void
  back: (what: { endpoint: string; model: string | null }, awayMs: number) => void
  /** Told once for all choices that stop together; `model` null when all of its models do. */
  stopped: (what: { endpoint: string; model: string | null }, error: RequestError) => void
}

/** What requests go to and what stops together: keys, models of an endpoint, endpoints that are away. */
export interface Resources {
  choiceAt(place: Place): Choice
  stateAt(place: Place): ChoiceState
  /** Aborted with the run, or when no one waits for the choice's answers any more. */
  signalAt(place: Place): AbortSignal
  /** Whether a breaker of the choice is open: what fails now says nothing of the request. */
  isChoiceAway(place: Place): boolean
  /** Other choices of its route that have not stopped and are not away. */
  others(place: Place): number
  /** Whether that is so for every choice of a route that has not stopped. */
  isAway(route: number): boolean
  /** When the next request may ask whether one of them is back; null while one is asking. */
  nextProbeAt(route: number): number | null
  /** The key is refused or has no quota left: all models stop that are reached with it. */
  stopKey(place: Place, error: RequestError): void
  /** The endpoint has no such model, or the key may not use it. */
  stopModel(place: Place, error: RequestError): void
  /**
   * A request failed while a breaker is open: the endpoint is given up in time, for routes on which no other
   * choice answers.
   */
  noteOutage(place: Place, error: RequestError): void
  /** Something returned: tells which endpoints are away no more. */
  lookForReturns(): void
  /** The outage of a route, in case it has one. */
  outageOf(route: number): Outage | null
  outageAt(place: Place): Outage | null
  close(): void
}

export interface Outage {
  endpoint: string
  /** Ms since the first failure. */
  sinceMs: number
  /** Ms until the next request asks whether it is back; null while one is asking. */
  nextTryMs: number | null
  /** What failed last: the code of its error. */
  code: string
}

interface Watch {
  since: number
  deadline: number
  tries: number
  error: RequestError
  timer: Timer
}

/** Once an endpoint has been away for too long, one that asks is not awaited for longer than this. */
const HANGING_MS = 10_000
const LOOK_MS = 2_000
const noTimer: Timer = { cancel: () => undefined }

export function createResources(options: ResourcesOptions): Resources {
  const { clock, routes, signal, maxOutageMs } = options
  const states = routes.map(createChoiceStates)
  const controllers = routes.map(({ choices }) => choices.map(() => new AbortController()))
  // Kept next to them: asking a controller for its signal costs as much as a tenth of a request.
  const signals = controllers.map((ofRoute) => ofRoute.map((controller) => controller.signal))
  const watches = new Map<Breaker, Watch>()
  signal.addEventListener(
    'abort',
    () => {
      for (const controller of controllers.flat()) controller.abort(signal.reason)
    },
    { once: true },
  )

  function choiceAt({ route, choice }: Place): Choice {
    return (routes[route] as Route).choices[choice] as Choice
  }

  function stateAt({ route, choice }: Place): ChoiceState {
    return (states[route] as ChoiceState[])[choice] as ChoiceState
  }

  function controllerAt({ route, choice }: Place): AbortController {
    return (controllers[route] as AbortController[])[choice] as AbortController
  }

  function places(): Place[] {
    return routes.flatMap(({ choices }, route) => choices.map((_, choice) => ({ route, choice })))
  }

  /** Answers the places that stopped now. */
  function stop(which: (choice: Choice, route: number) => boolean, error: RequestError): Place[] {
    const stopping = places().filter(
      (place) => which(choiceAt(place), place.route) && stateAt(place).stopped === null,
    )
    for (const place of stopping) stateAt(place).stopped = error
    for (const place of stopping) {
      const all = states[place.route] as ChoiceState[]
      const isLast = all.every(({ stopped }) => stopped !== null)
      options.choiceStopped(place, error, isLast)
    }
    return stopping
  }

  /** The choices of a route that have not stopped. */
  function openPlaces(route: number): Place[] {
    return (routes[route] as Route).choices
      .map((_, choice) => ({ route, choice }))
      .filter((place) => stateAt(place).stopped === null)
  }

  function openBreaker(place: Place): Breaker | null {
    const { breakers = [] } = choiceAt(place)
    for (const breaker of breakers) if (breaker.openSince !== null) return breaker
    return null
  }

  /** When the last open choice of a route went away; null while one of them is not. */
  function awaySince(route: number): number | null {
    let latest: number | null = null
    for (const place of openPlaces(route)) {
      const since = openBreaker(place)?.openSince ?? null
      if (since === null) return null
      latest = Math.max(latest ?? since, since)
    }
    return latest
  }

  function noteOutage(place: Place, error: RequestError): void {
    for (const breaker of choiceAt(place).breakers ?? []) {
      if (breaker.openSince === null) continue
      const watch = watchOf(breaker, breaker.openSince, error)
      watch.error = error
      watch.tries += 1
      if (clock.now() >= watch.deadline) giveUp(breaker, watch)
    }
  }

  function watchOf(breaker: Breaker, since: number, error: RequestError): Watch {
    lookForReturns()
    const known = watches.get(breaker)
    if (known !== undefined) return known
    const watch: Watch = { since, deadline: since + maxOutageMs, tries: 0, error, timer: noTimer }
    look(breaker, watch, Math.max(0, watch.deadline - clock.now()))
    watches.set(breaker, watch)
    const what = placeOf(breaker)
    if (what !== null) options.away(what, error)
    return watch
  }

  /** One that asks may hang for much longer than an endpoint may be away. */
  function look(breaker: Breaker, watch: Watch, delayMs: number): void {
    watch.timer = clock.after(delayMs, () => {
      if (breaker.openSince !== watch.since) return
      const { probeSince } = breaker
      const hangs = probeSince !== null && clock.now() - probeSince >= HANGING_MS
      if (!hangs || !isNeeded(breaker) || !giveUp(breaker, watch)) look(breaker, watch, LOOK_MS)
    })
  }

  function isNeeded(breaker: Breaker): boolean {
    return routes.some(
      ({ choices }, route) =>
        choices.some(({ breakers }) => breakers?.includes(breaker) === true) &&
        options.isNeeded(route),
    )
  }

  /** What a breaker stands before: an endpoint, or a model of it where others may still answer. */
  function placeOf(breaker: Breaker): { endpoint: string; model: string | null } | null {
    const isBehind = ({ breakers }: Choice): boolean => breakers?.includes(breaker) === true
    const choices = places().map(choiceAt)
    const first = choices.find(isBehind)
    if (first === undefined) return null
    const { endpoint } = first
    const isWhole = choices.every((choice) => choice.endpoint !== endpoint || isBehind(choice))
    return { endpoint, model: isWhole ? null : first.model }
  }

  /** Asked after every reply: while nothing is away it costs nothing. */
  function lookForReturns(): void {
    if (watches.size === 0) return
    for (const [breaker, watch] of watches) {
      if (breaker.openSince === watch.since) continue
      watch.timer.cancel()
      watches.delete(breaker)
      const what = placeOf(breaker)
      if (what !== null) options.back(what, clock.now() - watch.since)
    }
  }

  /** Answers whether nothing is left to be given up. */
  function giveUp(breaker: Breaker, { since, tries, error }: Watch): boolean {
    const what = placeOf(breaker)
    if (what === null) return true
    const { endpoint, model } = what
    const isBehind = ({ breakers }: Choice): boolean => breakers?.includes(breaker) === true
    const which = (choice: Choice, route: number): boolean => isBehind(choice) && isOver(route)
    const given = outageError({ endpoint, model, tries, error }, clock, since)
    const stopped = stop(which, given)
    if (stopped.length > 0) options.stopped({ endpoint, model }, given)
    // No one waits for what is still asking.
    for (const place of stopped) controllerAt(place).abort(given)
    return places().every((place) => !isBehind(choiceAt(place)) || stateAt(place).stopped !== null)
  }

  function outageAt(place: Place): Outage | null {
    const breaker = openBreaker(place)
    if (breaker === null || breaker.openSince === null) return null
    if (stateAt(place).stopped !== null) return null
    const now = clock.now()
    return {
      endpoint: choiceAt(place).endpoint,
      sinceMs: now - breaker.openSince,
      nextTryMs: breaker.nextProbeAt === null ? null : Math.max(0, breaker.nextProbeAt - now),
      code: watches.get(breaker)?.error.code ?? 'failed',
    }
  }

  /** While another choice answers, one may be away for as long as it likes. */
  function isOver(route: number): boolean {
    if ((routes[route] as Route).choices.length === 1) return true
    const since = awaySince(route)
    return since !== null && clock.now() - since >= maxOutageMs
  }

  return {
    choiceAt,
    stateAt,
    signalAt: ({ route, choice }) => (signals[route] as AbortSignal[])[choice] as AbortSignal,
    isChoiceAway: (place) => openBreaker(place) !== null,
    others: ({ route, choice }) =>
      openPlaces(route).filter((place) => place.choice !== choice && openBreaker(place) === null)
        .length,
    isAway(route) {
      const open = openPlaces(route)
      return open.length > 0 && open.every((place) => openBreaker(place) !== null)
    },
    nextProbeAt(route) {
      let soonest: number | null = null
      for (const place of openPlaces(route)) {
        const at = openBreaker(place)?.nextProbeAt ?? null
        if (at !== null) soonest = Math.min(soonest ?? at, at)
      }
      return soonest
    },
    stopKey(place, error) {
      const { resource, endpoint } = choiceAt(place)
      const stopped = stop((choice) => choice.resource === resource, error)
      if (stopped.length > 0) options.stopped({ endpoint, model: null }, error)
    },
    stopModel(place, error) {
      const { resource, model, endpoint } = choiceAt(place)
      const which = (choice: Choice): boolean =>
        choice.resource === resource && choice.model === model
      if (stop(which, error).length > 0) options.stopped({ endpoint, model }, error)
    },
    noteOutage,
    lookForReturns,
    outageOf(route) {
      for (const place of openPlaces(route)) {
        const outage = outageAt(place)
        if (outage !== null) return outage
      }
      return null
    },
    outageAt,
    close() {
      for (const { timer } of watches.values()) timer.cancel()
      watches.clear()
    },
  }
}

function outageError(
  {
    endpoint,
    model,
    tries,
    error,
  }: { endpoint: string; model: string | null; tries: number; error: RequestError },
  clock: Clock,
  since: number,
): RequestError {
  const awayMs = clock.now() - since
  const began = new Date(clock.wallTime() - awayMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const who = model === null ? endpoint : `${endpoint}, model "${model}",`
  const asked = tries === 1 ? 'was tried once' : `was tried ${tries} times`
  return new RequestError(
    'outage',
    `${who} has not answered since ${began} (${Math.round(awayMs / 1000)} s) and ${asked} in that time; last error: ${error.message} rowsmith gives up after max_outage (run config). The rows remain: run the same command again when the endpoint answers.`,
    { kind: 'endpoint-stopped' },
    { status: error.status, detail: error.detail, cause: error },
  )
}
