import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { InterruptReason } from '../graph/interrupted.ts'
import type { RequestError } from '../graph/request-error.ts'
import { charactersOf } from '../graph/request-size.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { createDispatcher, type Dispatcher } from '../limits/dispatcher.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import type { Clock } from '../util/clock.ts'
import type { CostLimit } from './cost-limit.ts'
import type { JournalGate } from './journal-gate.ts'
import type { Lifetime } from './lifetime.ts'
import type { Job } from './request-job.ts'
import { createRequests, type Requests } from './requests.ts'
import { createResources, type Resources } from './resources.ts'
import { createRouteCounters, type Route, type RouteCounters } from './route.ts'
import type { RequestWatcher } from './request-watcher.ts'
import type { SchedulerEvent } from './scheduler-event.ts'
import type { StartRoutes } from './start-routes.ts'
import type { Stopping } from './stopping.ts'

/** Where requests go, and how. */
export interface SendingPorts {
  clock: Clock
  routes: readonly Route[]
  /** `choice` is the name of a route's choice. */
  send: (choice: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** Answers from before. */
  cache?: ReplyCache
  /** Takes requests that are answered another time. */
  deferred?: DeferredRequests
  /** How large a request is where tokens are limited; characters of text by default. */
  sizeOf?: (choice: string, request: ModelRequest) => number
  maxAttempts: number
  /** Receives every request. */
  watcher?: RequestWatcher | null
  /** How much the run may cost; no limit by default. */
  cost?: CostLimit | null
  /** How long an endpoint may be away before its rows are left, in ms. */
  maxOutageMs: number
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
}

export interface SendingOptions {
  ports: SendingPorts
  graph: Graph
  startRoutes: StartRoutes
  journal: JournalGate
  lifetime: Lifetime
  stopping: Stopping
  emit: (event: SchedulerEvent) => void
  /** Nothing goes that way any more: who waits for it, in addition to its requests, is reported. */
  routeStopped: (route: number) => void
  /** What the run may cost is spent. */
  costReached: () => void
  /** Something may begin now; `now` is the time by the clock, for who has it already. */
  changed: (now?: number) => void
  fatal: (error: unknown) => void
}

/** Everything between work that waits in a line and its reply. */
export interface Sending {
  readonly dispatcher: Dispatcher<Job>
  readonly requests: Requests
  readonly resources: Resources
  /** By position of the route. */
  readonly counters: readonly RouteCounters[]
  /** Lines of the dispatcher: those of the routes, then those in which work waits to start. */
  readonly lines: number
  /** Position of an alias's line. */
  routeOf(alias: string): number
  /** Position of the line in which a column's task cells or frames wait to start; by local. */
  startRouteOf(local: number): number
  /** Whether so many answers are looked for that no further row is to begin. */
  isLooking(): boolean
  /** Whether nothing goes through a line any more. */
  isStopped(line: number): boolean
  /** Why nothing is sent any more, whatever the route; null while something may be. */
  closed(): InterruptReason | null
  /** The same for one route. */
  closedTo(route: number): InterruptReason | null
  close(): void
}

/** Answers looked for at once: a miss goes into its line, which is not to grow long. */
const MOST_LOOKUPS = 128

export function createSending(options: SendingOptions): Sending {
  const { emit, journal, lifetime, startRoutes, stopping } = options
  const { clock, maxAttempts, maxOutageMs, routes, send, jitter } = options.ports
  const { signal } = lifetime
  const counters = routes.map(createRouteCounters)
  const budget = { isShort: false }
  const dispatcher = createDispatcher<Job>({
    clock,
    routes: [...routes, ...startRoutes.routes],
    start: (job, lease) => job.start(lease),
    mayStart: () => !lifetime.isOver && !stopping.quiet && !journal.full && !budget.isShort,
    wake: options.changed,
  })
  const resources = createResources({
    clock,
    routes,
    signal,
    maxOutageMs,
    isNeeded: (route) =>
      dispatcher.waiting(route) > 0 || counterOf(route).inFlight > 0 || requests.backingOff > 0,
    choiceStopped({ route, choice }, error, isLast) {
      dispatcher.stop(route, choice)
      if (isLast) routeStopped(route, error)
    },
    away: (what, { code, message }) => emit({ type: 'outage-began', ...what, code, message }),
    back: (what, awayMs) => emit({ type: 'outage-ended', ...what, awayMs }),
    stopped(what, error) {
      emit({ type: 'endpoint-stopped', ...what, error })
      options.changed()
    },
  })
  const requests = createRequests({
    clock,
    routes,
    counters,
    journal,
    dispatcher,
    resources,
    send,
    cache: options.ports.cache ?? null,
    deferred: options.ports.deferred ?? null,
    sizeOf: options.ports.sizeOf ?? ((_choice, request) => charactersOf(request)),
    cost: options.ports.cost ?? null,
    budget,
    watcher: options.ports.watcher ?? null,
    paused: ({ request: { route, row, column }, attempts }, { code }, pauseMs) =>
      emit({
        type: 'request-paused',
        route: nameOf(route),
        column: nameOfColumn(column),
        row,
        attempts,
        pauseMs,
        code,
      }),
    costReached: options.costReached,
    signal,
    maxAttempts,
    jitter,
    throttled: (route, { problem }) =>
      emit({
        type: 'request-throttled',
        route: nameOf(route),
        retryAfterMs: problem.kind === 'throttled' ? problem.retryAfterMs : null,
      }),
    providerFailed: (route, error) =>
      emit({ type: 'provider-failed', route: nameOf(route), error }),
    secretRemoved: ({ column, row, route }) =>
      emit({
        type: 'secret-removed',
        column: nameOfColumn(column),
        row,
        route: nameOf(route),
      }),
    isOver: () => lifetime.isOver,
    fatal: options.fatal,
    changed: options.changed,
  })

  function routeStopped(route: number, error: RequestError): void {
    counterOf(route).stopped = error
    stopping.endpointRefuses(error)
    for (const line of startRoutes.behind(route)) dispatcher.stop(routes.length + line, 0)
    requests.routeStopped(route)
    options.routeStopped(route)
  }

  function counterOf(route: number): RouteCounters {
    return counters[route] as RouteCounters
  }

  function nameOf(route: number): string {
    return (routes[route] as Route).name
  }

  function nameOfColumn(column: number): string {
    return (options.graph.columns[column] as GraphColumn).name
  }

  function isStopped(line: number): boolean {
    return (counters[line]?.stopped ?? null) !== null
  }

  function closed(): InterruptReason | null {
    if (lifetime.isOver || signal.aborted) return 'aborted'
    if (stopping.draining) return 'drain'
    return stopping.quiet ? 'stopped' : null
  }

  return {
    dispatcher,
    requests,
    resources,
    counters,
    lines: routes.length + startRoutes.routes.length,
    routeOf: positionsByName(routes),
    startRouteOf: (local) => routes.length + startRoutes.positionOf(local),
    isLooking: () => requests.cache !== null && requests.cache.active >= MOST_LOOKUPS,
    isStopped,
    closed,
    closedTo: (route) => closed() ?? (isStopped(route) ? 'stopped' : null),
    close() {
      requests.close()
      resources.close()
      dispatcher.close()
    },
  }
}

function positionsByName(routes: readonly Route[]): (alias: string) => number {
  const positions = new Map(routes.map(({ name }, position) => [name, position]))
  return (alias) => {
    const position = positions.get(alias)
    if (position === undefined) throw new Error(`no route for the model alias ${alias}`)
    return position
  }
}
