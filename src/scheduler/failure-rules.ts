import { RequestError } from '../graph/request-error.ts'
import { addUsage, noUsage, type Usage } from '../graph/request.ts'
import type { Lease } from '../limits/dispatcher.ts'
import type { Evidence, LimiterOutcome } from '../limits/limiter.ts'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import type { Pauses } from './pauses.ts'
import type { PendingRequest } from './pending-request.ts'
import type { Resources } from './resources.ts'
import type { Route, RouteCounters } from './route.ts'

export interface FailureRulesOptions {
  clock: Clock
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  resources: Resources
  pauses: Pauses
  /** Of the run: aborted when everything in flight is given up. */
  signal: AbortSignal
  maxAttempts: number
  release: (lease: Lease, outcome: LimiterOutcome) => void
  /** Puts a request into its line again. */
  enqueue: (pending: PendingRequest) => void
  record: (pending: PendingRequest, outcome: 'throttled' | 'failed', usage: Usage) => void
  throttled: (route: number, error: RequestError) => void
  /** A provider threw what is no `RequestError`: a mistake of its own. */
  providerFailed: (route: number, error: unknown) => void
}

/** 403 or 404 for so many different rows in a row: it is about the model, not about the rows. */
const SUSPECT_ROWS = 5
/** Or for one row so many times, where no row was ever answered and there may be no other. */
const SUSPECT_TRIES = 3

/**
 * What becomes of a request that was not answered, and of where it went; the classification itself
 * is made in `models/`.
 */
export function createFailureRules(
  options: FailureRulesOptions,
): (pending: PendingRequest, error: unknown, lease: Lease) => void {
  const { counters, pauses, release, resources, routes, signal } = options

  function onError(pending: PendingRequest, error: unknown, lease: Lease): void {
    if (error instanceof RequestError && error.problem.kind === 'throttled' && !signal.aborted) {
      onThrottled(pending, error, error.problem.retryAfterMs, lease)
      return
    }
    const known = error instanceof RequestError ? error : null
    const isGivenUp = resources.signalAt(lease).aborted
    release(lease, {
      kind: 'failed',
      timedOut: known?.code === 'timeout',
      limits: known?.limits ?? null,
      evidence: known === null || isGivenUp ? null : evidenceOf(known),
      firstTryOf: pending.hasFailed ? null : pending.request.row,
    })
    if (signal.aborted) {
      // It left, and the provider may have done the work for it.
      options.record(pending, 'failed', known?.usage ?? noUsage)
      return
    }
    if (isGivenUp) {
      // Given up with its endpoint: the row remains.
      counterOf(pending).failed += 1
      options.record(pending, 'failed', known?.usage ?? noUsage)
      goBack(pending)
      return
    }
    if (known === null) options.providerFailed(pending.request.route, error)
    const { name } = routes[pending.request.route] as Route
    onFailure(pending, known ?? providerError(name, error), lease)
  }

  function onThrottled(
    pending: PendingRequest,
    error: RequestError,
    retryAfterMs: number | null,
    lease: Lease,
  ): void {
    counterOf(pending).throttled += 1
    options.record(pending, 'throttled', error.usage ?? noUsage)
    options.throttled(pending.request.route, error)
    const latencyMs = options.clock.now() - pending.sentAt
    release(lease, { kind: 'throttled', retryAfterMs, latencyMs, limits: error.limits })
    goBack(pending)
  }

  /** Into its line once more; it may learn there that nothing is sent any more. */
  function goBack(pending: PendingRequest): void {
    options.enqueue(pending)
    pending.request.returned?.()
  }

  function onFailure(pending: PendingRequest, error: RequestError, lease: Lease): void {
    const { request } = pending
    counterOf(pending).failed += 1
    options.record(pending, 'failed', error.usage ?? noUsage)
    if (error.usage !== null) {
      pending.spent = pending.spent === null ? error.usage : addUsage(pending.spent, error.usage)
    }
    pending.avoids = lease.choice
    switch (error.problem.kind) {
      case 'endpoint-stopped':
        resources.stopKey(lease, error)
        goBack(pending)
        break
      case 'suspect':
        onSuspect(pending, error, lease)
        break
      case 'unreachable':
        onAway(pending, error, lease)
        break
      case 'transient':
        onTransient(pending, error, lease)
        break
      case 'throttled':
      case 'refused':
        pending.attempts += 1
        request.failed(error, pending.attempts, pending.spent)
        break
    }
  }

  /** No attempt: no one was there. */
  function onAway(pending: PendingRequest, error: RequestError, lease: Lease): void {
    if (resources.others(lease) > 0) goBack(pending)
    else pauses.waitForAnswers(pending, error)
    resources.noteOutage(lease, error)
  }

  /** With several choices an attempt has failed once all of them that answer were tried. */
  function moves(pending: PendingRequest, lease: Lease): boolean {
    if (pending.moves < resources.others(lease)) {
      pending.moves += 1
      goBack(pending)
      return true
    }
    pending.moves = 0
    pending.attempts += 1
    return false
  }

  function onTransient(pending: PendingRequest, error: RequestError, lease: Lease): void {
    pending.hasFailed = true
    if (resources.isChoiceAway(lease)) return onAway(pending, error, lease)
    if (moves(pending, lease)) return
    if (pending.attempts < options.maxAttempts) pauses.backOffFor(pending, error)
    else pending.request.failed(error, pending.attempts, pending.spent)
  }

  /** One row alone may be what is refused: others are asked, or the same again after a pause. */
  function onSuspect(pending: PendingRequest, error: RequestError, lease: Lease): void {
    const state = resources.stateAt(lease)
    const { row } = pending.request
    if (state.lastSuspectRow !== row) state.suspects += 1
    state.lastSuspectRow = row
    if (state.suspects >= SUSPECT_ROWS || state.stopped !== null) {
      resources.stopModel(lease, error)
      goBack(pending)
      return
    }
    if (moves(pending, lease)) return
    if (!state.proven && pending.attempts >= SUSPECT_TRIES) {
      resources.stopModel(lease, error)
      goBack(pending)
    } else if (state.proven) {
      pending.request.failed(error, pending.attempts, pending.spent)
    } else {
      pauses.backOffFor(pending, error)
    }
  }

  function counterOf({ request }: PendingRequest): RouteCounters {
    return counters[request.route] as RouteCounters
  }

  return onError
}

/** What a failure says of the endpoint, whatever becomes of the request. */
function evidenceOf({ problem, code }: RequestError): Evidence | null {
  switch (problem.kind) {
    case 'unreachable':
      return 'unreachable'
    case 'transient':
      // What a reply says, or a mistake of the provider's program, tells nothing of the endpoint.
      if (code === 'bad-reply' || code === 'provider-error') return null
      return code === 'server-error' ? 'fails' : 'silent'
    case 'throttled':
    case 'refused':
    case 'suspect':
    case 'endpoint-stopped':
      break
  }
  return 'answers'
}

/** Whatever it was (a socket, a proxy, a mistake), another try may go through. */
function providerError(route: string, error: unknown): RequestError {
  return new RequestError(
    'provider-error',
    `The provider of the model alias "${route}" failed: ${messageOf(error)}`,
    { kind: 'transient' },
    { cause: error },
  )
}
