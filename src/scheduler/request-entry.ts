import type { ModelRequest } from '../graph/request.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { CacheLookups } from './cache-lookups.ts'
import { deferRequest } from './defer-request.ts'
import type { Hedging } from './hedging.ts'
import { type PendingActions, PendingRequest, prepare } from './pending-request.ts'
import type { PrefixLeaders } from './prefix-leaders.ts'
import type { RequestJob } from './request-job.ts'
import type { Route } from './route.ts'

export interface RequestEntryOptions {
  routes: readonly Route[]
  actions: PendingActions
  /** Null where every request is sent. */
  cache: CacheLookups | null
  /** Takes requests of some routes that are answered another time; null where there are none. */
  deferred: DeferredRequests | null
  hedging: Hedging | null
  leaders: PrefixLeaders | null
  /** Puts a request into its line. */
  enqueue: (pending: PendingRequest) => void
}

/** How requests come into their lines, or are answered without. */
export interface RequestEntry {
  /** Puts a request into its line, once its answer was not found in the cache. */
  readonly submit: (request: RequestJob) => void
  /** Whether requests of a route are answered another time. */
  readonly isDeferred: (route: number) => boolean
}

export function createRequestEntry(options: RequestEntryOptions): RequestEntry {
  const { routes, actions, cache, deferred, hedging, leaders, enqueue } = options
  const deferredRoutes = routes.map(({ name }) => deferred?.takes(name) === true)

  function submit(request: RequestJob): void {
    if (deferred !== null && deferredRoutes[request.route] === true) {
      return defer(new PendingRequest(request, actions), deferred)
    }
    const pending = new PendingRequest(
      hedging === null ? request : hedging.follow(request),
      actions,
    )
    if (cache === null || request.isShared === true || !request.wanted()) return enter(pending)
    const prepared = prepare(pending)
    // What is wrong with it is reported when it would leave.
    if ('error' in prepared) return enqueue(pending)
    lookUp(pending, prepared.message, cache, () => enter(pending))
  }

  function lookUp(
    pending: PendingRequest,
    message: ModelRequest,
    lookups: CacheLookups,
    missed: () => void,
  ): void {
    const { request } = pending
    const { route, row, column, turn = 0 } = request
    pending.cacheKeys = lookups.find({ route, row, column, turn, message }, (reply) => {
      if (reply === null) return missed()
      if (!request.wanted()) return request.abandoned()
      request.left?.()
      request.reply(reply, 1, 0)
    })
  }

  function defer(pending: PendingRequest, ofBatches: DeferredRequests): void {
    const { request } = pending
    if (!request.wanted()) return request.abandoned()
    const prepared = prepare(pending)
    if ('error' in prepared) return request.unprepared(prepared.error)
    const { message } = prepared
    const give = (): void =>
      deferRequest(request, message, {
        deferred: ofBatches,
        route: routes[request.route] as Route,
      })
    if (cache === null) give()
    else lookUp(pending, message, cache, give)
  }

  /** Into its line, unless it waits for what another request leaves at its provider. */
  function enter(pending: PendingRequest): void {
    if (leaders?.holds(pending) !== true) enqueue(pending)
  }

  return { submit, isDeferred: (route) => deferredRoutes[route] === true }
}
