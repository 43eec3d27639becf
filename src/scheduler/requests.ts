import { replyProblem, usageOfReply } from '../graph/reply-shape.ts'
import { type ModelReply, type ModelRequest, noUsage, type Usage } from '../graph/request.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import type { LimiterOutcome } from '../limits/limiter.ts'
import { RequestError } from '../graph/request-error.ts'
import type { Clock } from '../util/clock.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import { type CacheLookups, createCacheLookups, type Lookup } from './cache-lookups.ts'
import type { Journal } from '../rows/journal.ts'
import type { CostLimit } from './cost-limit.ts'
import { createHedging } from './hedging.ts'
import { createFailureRules } from './failure-rules.ts'
import { type BackOff, createPauses } from './pauses.ts'
import { createPrefixLeaders } from './prefix-leaders.ts'
import { PendingRequest, prepare } from './pending-request.ts'
import type { Job, RequestJob } from './request-job.ts'
import { failedRequest, type RequestWatcher } from './request-watcher.ts'
import { createRequestEntry } from './request-entry.ts'
import { createRequestRecords } from './request-records.ts'
import { createRequestTokens } from './request-tokens.ts'
import type { Resources } from './resources.ts'
import type { Route, RouteCounters } from './route.ts'

export interface RequestsOptions {
  clock: Clock
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  journal: Journal
  dispatcher: Dispatcher<Job>
  resources: Resources
  send: (choice: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** Answers from before; null where every request is sent. */
  cache: ReplyCache | null
  /** Takes requests of some routes that are answered another time; null where there are none. */
  deferred: DeferredRequests | null
  /** How large a request is where tokens are limited. */
  sizeOf: (choice: string, request: ModelRequest) => number
  /** How much the run may cost; null for no limit. */
  cost: CostLimit | null
  /** Receives every request; null where no one is. */
  watcher: RequestWatcher | null
  /** A request waits before it is sent again. */
  paused: (pending: PendingRequest, error: RequestError, pauseMs: number) => void
  /** Set while nothing is sent until a request comes back: the next one would cost too much. */
  budget: { isShort: boolean }
  /** What the run may still cost is too little for its next request, and none is in flight. */
  costReached: () => void
  signal: AbortSignal
  maxAttempts: number
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  throttled: (route: number, error: RequestError) => void
  /** A key of a provider was taken out of an answer. */
  secretRemoved: (request: RequestJob) => void
  /** A provider threw what is no `RequestError`: a mistake of its own. */
  providerFailed: (route: number, error: unknown) => void
  /** The run has ended: what comes back now belongs to no one. */
  isOver: () => boolean
  /** Something that is not about a request: ends the run. */
  fatal: (error: unknown) => void
  /**
   * A request returned, with all its consequences drawn, or is in line again after a pause.
   * `now` is the time by the clock, where it is known already.
   */
  changed: (now?: number) => void
}

export interface Requests {
  /** Puts a request into its line, once its answer was not found in the cache. */
  submit(request: RequestJob): void
  /** Null where every request is sent. */
  readonly cache: CacheLookups | null
  /** Whether requests of a route are answered another time. */
  isDeferred(route: number): boolean
  /** Keeps such an answer in the cache, where only one place can have given it. */
  keepDeferred(lookup: Lookup, reply: ModelReply): void
  /** Requests between two attempts. */
  readonly backingOff: number
  /** When the first of them goes again, and what failed last; null while none waits. */
  readonly backOff: BackOff | null
  /** Requests in flight, over all routes. */
  readonly inFlight: number
  /** Nothing goes that way any more: what pauses goes back into its line. */
  routeStopped(route: number): void
  close(): void
}

/** Sends requests, and draws the consequences of what comes back. */
export function createRequests(options: RequestsOptions): Requests {
  const { clock, counters, resources, routes, signal } = options
  const tokens = createRequestTokens(options)
  const actions = { start, expectedTokens: tokens.expected }
  const record = createRequestRecords(options)
  const pauses = createPauses({
    clock,
    routes,
    resources,
    jitter: options.jitter,
    enqueue,
    paused: options.paused,
    changed: options.changed,
  })
  const onError = createFailureRules({
    clock,
    routes,
    counters,
    resources,
    pauses,
    signal,
    maxAttempts: options.maxAttempts,
    release,
    enqueue,
    record,
    throttled: options.throttled,
    providerFailed: options.providerFailed,
  })
  const { budget, cost, watcher } = options
  let inFlight = 0
  const hedging = createHedging({
    clock,
    routes,
    actions,
    others: (place) => resources.others(place),
    enqueue,
    changed: options.changed,
  })
  const leaders = createPrefixLeaders({
    clock,
    routes,
    limit: (route) => options.dispatcher.limit(route),
    enqueue,
  })
  const cache =
    options.cache === null ? null : createCacheLookups({ ...options, cache: options.cache })
  const entry = createRequestEntry({
    routes,
    actions,
    cache,
    deferred: options.deferred,
    hedging,
    leaders,
    enqueue,
  })

  function enqueue(pending: PendingRequest): void {
    options.dispatcher.enqueue(pending.request.route, pending)
  }

  function start(pending: PendingRequest, lease: Lease): void {
    const { request } = pending
    if (!request.wanted()) {
      release(lease, { kind: 'unused' })
      leaders?.ended(pending)
      request.abandoned()
      return
    }
    const prepared = pending.prepared ?? prepare(pending)
    if ('message' in prepared && !canPay(pending, prepared.message, lease)) return
    pending.prepared = null
    if ('error' in prepared) {
      release(lease, { kind: 'unused' })
      leaders?.ended(pending)
      request.unprepared(prepared.error)
      return
    }
    pending.sentAt = lease.at
    pending.choice = lease.choice
    request.left?.()
    const counter = counterOf(pending)
    counter.inFlight += 1
    counter.sent.add(pending)
    inFlight += 1
    counter.requests += 1
    const { operation } = prepared.message
    hedging?.sent(pending)
    const { message } = prepared
    const sent =
      watcher === null
        ? send(pending, lease, message)
        : sendWatched(watcher, pending, lease, message)
    sent.then(
      (reply) => ended(pending, lease, operation, { reply }),
      (error: unknown) => ended(pending, lease, operation, { error }),
    )
  }

  /** Sets aside what it may cost, or puts it back into its line until something returned. */
  function canPay(pending: PendingRequest, message: ModelRequest, lease: Lease): boolean {
    if (cost === null) return true
    const { maxTokens = null } = routes[pending.request.route] as Route
    const reserved = cost.reserve(resources.choiceAt(lease).name, message, maxTokens)
    if (reserved !== null) {
      pending.reserved = reserved
      return true
    }
    pending.prepared = { message }
    budget.isShort = true
    release(lease, { kind: 'unused' })
    enqueue(pending)
    if (inFlight === 0) options.costReached()
    return false
  }

  /** Providers of users may throw instead of rejecting, and answer without a promise. */
  function send(pending: PendingRequest, lease: Lease, message: ModelRequest): Promise<ModelReply> {
    try {
      const { name } = resources.choiceAt(lease)
      const ofChoice = resources.signalAt(lease)
      const own = hedging === null ? ofChoice : hedging.signalOf(pending, ofChoice)
      return Promise.resolve(options.send(name, message, own))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function sendWatched(
    watching: RequestWatcher,
    pending: PendingRequest,
    lease: Lease,
    message: ModelRequest,
  ): Promise<ModelReply> {
    const { route, row, column, turn = 0, isShared = false } = pending.request
    const { endpoint, model } = resources.choiceAt(lease)
    const request = {
      route: (routes[route] as Route).name,
      endpoint,
      model,
      operation: message.operation,
      column,
      row,
      turn,
      isShared,
      attempts: pending.attempts,
    }
    return watching.sent(pending, request, () => send(pending, lease, message))
  }

  /** Answers the time by the clock, where it was looked at. */
  function onReply(
    pending: PendingRequest,
    reply: ModelReply,
    operation: ModelRequest['operation'],
    lease: Lease,
  ): number | undefined {
    const wrong = replyProblem(reply, operation)
    if (wrong !== null) {
      failed(pending, wrongReply(wrong, reply), lease)
      return undefined
    }
    const counter = counterOf(pending)
    counter.succeeded += 1
    const state = resources.stateAt(lease)
    state.proven = true
    state.suspects = 0
    record(pending, 'ok', reply.usage, reply)
    if (watcher !== null) {
      const ms = clock.now() - pending.sentAt
      watcher.ended(pending, { outcome: 'ok', ms, usage: reply.usage, reply, error: null })
    }
    if (reply.hadSecret === true) options.secretRemoved(pending.request)
    if (pending.cacheKeys !== null) cache?.keep(pending.cacheKeys, lease.choice, reply)
    pending.request.reply(reply, pending.attempts + 1, lease.choice)
    const now = clock.now()
    const facts = {
      latencyMs: now - pending.sentAt,
      tokens: tokens.learn(pending, reply.usage),
      outputTokens: reply.usage.outputTokens,
      limits: reply.limits ?? null,
    }
    options.dispatcher.release(lease, { kind: 'ok', reply: facts }, now)
    return now
  }

  function failed(pending: PendingRequest, error: unknown, lease: Lease): void {
    watcher?.ended(pending, failedRequest(error, clock.now() - pending.sentAt))
    onError(pending, error, lease)
  }

  function counterOf({ request }: PendingRequest): RouteCounters {
    return counters[request.route] as RouteCounters
  }

  /** Another one was answered first: what this one used is paid for, and says nothing of where it went. */
  function onLost(
    pending: PendingRequest,
    lease: Lease,
    end: { reply: ModelReply } | { error: unknown },
  ): void {
    const usage = 'reply' in end ? usageOfReply(end.reply) : usageOfError(end.error)
    release(lease, { kind: 'failed' })
    record(pending, 'given-up', usage ?? noUsage)
    watcher?.ended(pending, {
      outcome: 'given-up',
      ms: clock.now() - pending.sentAt,
      usage: usage ?? noUsage,
      reply: null,
      error: null,
    })
  }

  function release(lease: Lease, outcome: LimiterOutcome): void {
    options.dispatcher.release(lease, outcome)
  }

  /** Counted as in flight until all its consequences are drawn: nothing ends in between. */
  function ended(
    pending: PendingRequest,
    lease: Lease,
    operation: ModelRequest['operation'],
    end: { reply: ModelReply } | { error: unknown },
  ): void {
    if (options.isOver()) return
    const counter = counterOf(pending)
    counter.inFlight -= 1
    counter.sent.delete(pending)
    budget.isShort = false
    cost?.release(pending.reserved)
    let now: number | undefined
    try {
      if (hedging !== null && hedging.isLost(pending)) onLost(pending, lease, end)
      else if ('error' in end) failed(pending, end.error, lease)
      else now = onReply(pending, end.reply, operation, lease)
    } catch (error) {
      options.fatal(error)
    }
    leaders?.ended(pending)
    inFlight -= 1
    resources.lookForReturns()
    pauses.look()
    options.changed(now)
  }

  return {
    submit: entry.submit,
    cache,
    isDeferred: entry.isDeferred,
    keepDeferred(lookup, reply) {
      const { choices } = routes[lookup.route] as Route
      if (!entry.isDeferred(lookup.route) || choices.length > 1) return
      cache?.keepPart(lookup, 0, reply)
    },
    get inFlight() {
      return inFlight
    },
    get backingOff() {
      return pauses.size
    },
    get backOff() {
      return pauses.backOff
    },
    routeStopped: (route) => pauses.routeStopped(route),
    close() {
      pauses.close()
      hedging?.close()
    },
  }
}

function usageOfError(error: unknown): Usage | null {
  return error instanceof RequestError ? error.usage : null
}

/** The provider is wrong about the form of its replies: it will be the next time, too. */
function wrongReply(problem: string, reply: unknown): RequestError {
  return new RequestError(
    'bad-reply',
    `The provider returned a malformed reply: ${problem}. This is a bug in the provider's code.`,
    { kind: 'refused' },
    { usage: usageOfReply(reply) },
  )
}
