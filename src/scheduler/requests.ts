import { replyProblem, usageOfReply } from '../graph/reply-shape.ts'
import {
  isCut,
  addUsage,
  type ModelReply,
  type ModelRequest,
  noUsage,
  type Usage,
} from '../graph/request.ts'
import { charactersOf } from '../graph/request-size.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import type { Evidence, LimiterOutcome } from '../limits/limiter.ts'
import type { Waiting } from '../limits/line.ts'
import { RequestError } from '../graph/request-error.ts'
import { createTokenEstimate, type TokenEstimate } from '../limits/token-estimate.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import { createHeld } from './held.ts'
import type { Journal } from '../rows/journal.ts'
import type { Resources } from './resources.ts'
import type { Route, RouteCounters } from './route.ts'

/** Work that waits in a line and starts with units in its hand. */
export interface Job extends Waiting {
  start(lease: Lease): void
}

/** One request of a cell, until it has its reply or failed for good. */
export interface RequestJob {
  route: number
  row: number
  /** Id of the column the request is for. */
  column: number
  group: number
  depth: number
  /** False once its row was dropped: it leaves its line without being sent. */
  wanted(): boolean
  abandoned(): void
  /** Makes the request in the tick it leaves; what it throws goes to `unprepared`. */
  prepare(): ModelRequest
  /** It leaves. */
  left?(): void
  /** It is back in its line, or waits between two attempts. */
  returned?(): void
  reply(reply: ModelReply, attempts: number): void
  /** The request can't succeed, or the attempts are used up; `spent` is what their replies cost. */
  failed(error: RequestError, attempts: number, spent: Usage | null): void
  /** `prepare` threw; nothing was sent. */
  unprepared(error: unknown): void
}

export interface RequestsOptions {
  clock: Clock
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  journal: Journal
  dispatcher: () => Dispatcher<Job>
  resources: Resources
  send: (choice: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** How large a request is where tokens are limited. */
  sizeOf: (choice: string, request: ModelRequest) => number
  signal: AbortSignal
  maxAttempts: number
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  throttled: (route: number, error: RequestError) => void
  /** A provider threw what is no `RequestError`: a mistake of its own. */
  providerFailed: (route: number, error: unknown) => void
  /** The run has ended: what comes back now belongs to nobody. */
  isOver: () => boolean
  /** Something that is not about a request: ends the run. */
  fatal: (error: unknown) => void
  /** A request came back, with all its consequences drawn, or is in line again after a pause. */
  changed: () => void
}

export interface Requests {
  /** Puts a request into its line. */
  submit(request: RequestJob): void
  /** Requests between two attempts. */
  readonly backingOff: number
  /** When the first of them goes again, and what failed last; null while none waits. */
  readonly backOff: BackOff | null
  /** Requests on the wire, over all routes. */
  readonly inFlight: number
  /** Nothing goes that way any more: what pauses goes back into its line. */
  routeStopped(route: number): void
  close(): void
}

interface BackOff {
  /** By the clock. */
  nextAt: number
  route: string
  code: string
  message: string
}

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 60_000
/** 403 or 404 for so many different rows in a row: it is about the model, not about the rows. */
const SUSPECT_ROWS = 5
/** Or for one row so many times, where no row was ever answered and there may be no other. */
const SUSPECT_TRIES = 3

/** Sends requests and applies the failure rules; the classification itself is made in `models/`. */
export function createRequests(options: RequestsOptions): Requests {
  const { clock, counters, journal, resources, routes, signal } = options
  /** Pauses between two attempts. */
  const pauses = new Map<Timer, { pending: Pending; until: number }>()
  let lastFailure: Omit<BackOff, 'nextAt'> = { route: '', code: '', message: '' }
  const estimates = routes.map(({ maxTokens = null }) => createTokenEstimate(maxTokens))
  const actions = { start, expectedTokens }
  const held = createHeld<Pending>({
    clock,
    isAway: (route) => resources.isAway(route),
    nextProbeAt: (route) => resources.nextProbeAt(route),
    enqueue,
    changed: options.changed,
  })
  let inFlight = 0

  function enqueue(pending: Pending): void {
    options.dispatcher().enqueue(pending.request.route, pending)
  }

  function start(pending: Pending, lease: Lease): void {
    const { request } = pending
    if (!request.wanted()) {
      release(lease, { kind: 'unused' })
      request.abandoned()
      return
    }
    const prepared = pending.prepared ?? prepare(pending)
    pending.prepared = null
    if ('error' in prepared) {
      release(lease, { kind: 'unused' })
      request.unprepared(prepared.error)
      return
    }
    pending.sentAt = lease.at
    request.left?.()
    const counter = counterOf(pending)
    counter.inFlight += 1
    counter.onWire.add(pending)
    inFlight += 1
    counter.requests += 1
    const { operation } = prepared.message
    send(lease, prepared.message).then(
      (reply) => ended(pending, lease, operation, { reply }),
      (error: unknown) => ended(pending, lease, operation, { error }),
    )
  }

  /** Providers of users may throw instead of rejecting, and answer without a promise. */
  function send(lease: Lease, message: ModelRequest): Promise<ModelReply> {
    try {
      const { name } = resources.choiceAt(lease)
      return Promise.resolve(options.send(name, message, resources.signalAt(lease)))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Asked of the first in line where tokens are limited: what is sent is known before it leaves. */
  function expectedTokens(pending: Pending): number {
    if (!pending.request.wanted()) return 0
    if (pending.prepared === null) {
      pending.prepared = prepare(pending)
      if ('message' in pending.prepared) pending.size = sizeOf(pending, pending.prepared.message)
    }
    return 'error' in pending.prepared ? 0 : estimateOf(pending).expected(pending.size)
  }

  /** What is no size would switch the limits off, or end the run. */
  function sizeOf({ request: { route } }: Pending, message: ModelRequest): number {
    const { name } = resources.choiceAt({ route, choice: 0 })
    try {
      const size = options.sizeOf(name, message)
      if (Number.isFinite(size) && size >= 0) return size
      throw new RangeError(`the size of a request has to be a number from 0 on, not ${size}`)
    } catch (error) {
      options.providerFailed(route, error)
      return charactersOf(message)
    }
  }

  function estimateOf({ request }: Pending): TokenEstimate {
    return estimates[request.route] as TokenEstimate
  }

  function onReply(
    pending: Pending,
    reply: ModelReply,
    operation: ModelRequest['operation'],
    lease: Lease,
  ): void {
    const wrong = replyProblem(reply, operation)
    if (wrong !== null) return onError(pending, wrongReply(wrong, reply), lease)
    const counter = counterOf(pending)
    counter.succeeded += 1
    const state = resources.stateAt(lease)
    state.proven = true
    state.suspects = 0
    record(pending, 'ok', reply.usage, isCut(reply))
    pending.request.reply(reply, pending.attempts + 1)
    const now = clock.now()
    const facts = {
      latencyMs: now - pending.sentAt,
      tokens: estimateOf(pending).learn(pending.size, reply.usage),
      outputTokens: reply.usage.outputTokens,
      limits: reply.limits ?? null,
    }
    options.dispatcher().release(lease, { kind: 'ok', reply: facts }, now)
  }

  function onError(pending: Pending, error: unknown, lease: Lease): void {
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
      record(pending, 'failed', known?.usage ?? noUsage)
      return
    }
    if (isGivenUp) {
      // Given up with its endpoint: the row remains.
      counterOf(pending).failed += 1
      record(pending, 'failed', known?.usage ?? noUsage)
      goBack(pending)
      return
    }
    if (known === null) options.providerFailed(pending.request.route, error)
    const { name } = routes[pending.request.route] as Route
    onFailure(pending, known ?? providerError(name, error), lease)
  }

  function onThrottled(
    pending: Pending,
    error: RequestError,
    retryAfterMs: number | null,
    lease: Lease,
  ): void {
    counterOf(pending).throttled += 1
    record(pending, 'throttled', error.usage ?? noUsage)
    options.throttled(pending.request.route, error)
    const latencyMs = clock.now() - pending.sentAt
    release(lease, { kind: 'throttled', retryAfterMs, latencyMs, limits: error.limits })
    goBack(pending)
  }

  /** Into its line once more; it may learn there that nothing is sent any more. */
  function goBack(pending: Pending): void {
    enqueue(pending)
    pending.request.returned?.()
  }

  function onFailure(pending: Pending, error: RequestError, lease: Lease): void {
    const { request } = pending
    counterOf(pending).failed += 1
    record(pending, 'failed', error.usage ?? noUsage)
    if (error.usage !== null) {
      pending.spent = pending.spent === null ? error.usage : addUsage(pending.spent, error.usage)
    }
    pending.avoids = lease.choice
    switch (error.problem.kind) {
      case 'endpoint-stopped':
        pending.attempts += 1
        resources.stopKey(lease, error)
        goBack(pending)
        break
      case 'suspect':
        pending.attempts += 1
        onSuspect(pending, error, lease)
        break
      case 'unreachable':
        waitForAnswers(pending, error)
        resources.noteOutage(lease, error)
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

  function onTransient(pending: Pending, error: RequestError, lease: Lease): void {
    pending.hasFailed = true
    if (resources.isChoiceAway(lease)) {
      waitForAnswers(pending, error)
      resources.noteOutage(lease, error)
      return
    }
    pending.attempts += 1
    if (pending.attempts < options.maxAttempts) backOff(pending, error)
    else pending.request.failed(error, pending.attempts, pending.spent)
  }

  /** One row alone may be what is refused: others are asked, or the same again after a pause. */
  function onSuspect(pending: Pending, error: RequestError, lease: Lease): void {
    const state = resources.stateAt(lease)
    const { row } = pending.request
    if (state.lastSuspectRow !== row) state.suspects += 1
    state.lastSuspectRow = row
    if (
      state.suspects >= SUSPECT_ROWS ||
      (!state.proven && pending.attempts >= SUSPECT_TRIES) ||
      state.stopped !== null
    ) {
      resources.stopModel(lease, error)
      goBack(pending)
    } else if (state.proven) {
      pending.request.failed(error, pending.attempts, pending.spent)
    } else {
      backOff(pending, error)
    }
  }

  /** Not an attempt: nobody was there. */
  function waitForAnswers(pending: Pending, error: RequestError): void {
    if (!resources.isAway(pending.request.route)) {
      // Another choice answers, or it is not known yet that this one does not.
      pauseFor(pending, error, FIRST_BACKOFF_MS * (0.5 + options.jitter() / 2))
      return
    }
    noteLast(pending, error)
    held.add(pending.request.route, pending)
    pending.request.returned?.()
  }

  function backOff(pending: Pending, error: RequestError): void {
    const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (pending.attempts - 1))
    pauseFor(pending, error, full * (0.5 + options.jitter() / 2))
  }

  function pauseFor(pending: Pending, error: RequestError, pauseMs: number): void {
    noteLast(pending, error)
    const { route } = pending.request
    const pause = clock.after(pauseMs, () => {
      pauses.delete(pause)
      if (resources.isAway(route)) held.add(route, pending)
      else enqueue(pending)
      options.changed()
    })
    pauses.set(pause, { pending, until: clock.now() + pauseMs })
    pending.request.returned?.()
  }

  /** What is never sent again waits for no pause: the run would end that much later. */
  function routeStopped(route: number): void {
    for (const [pause, { pending }] of pauses) {
      if (pending.request.route !== route) continue
      pause.cancel()
      pauses.delete(pause)
      enqueue(pending)
    }
  }

  function noteLast({ request }: Pending, { code, message }: RequestError): void {
    lastFailure = { route: (routes[request.route] as Route).name, code, message }
  }

  function counterOf({ request }: Pending): RouteCounters {
    return counters[request.route] as RouteCounters
  }

  function record(
    { request }: Pending,
    outcome: 'ok' | 'throttled' | 'failed',
    usage: Usage,
    cut = false,
  ): void {
    const counter = counters[request.route] as RouteCounters
    counter.inputTokens += usage.inputTokens
    counter.outputTokens += usage.outputTokens
    const { name } = routes[request.route] as Route
    journal.request({ route: name, column: request.column, outcome, isCut: cut, usage })
  }

  function release(lease: Lease, outcome: LimiterOutcome): void {
    options.dispatcher().release(lease, outcome)
  }

  /** Counted as on the wire until all its consequences are drawn: nothing ends in between. */
  function ended(
    pending: Pending,
    lease: Lease,
    operation: ModelRequest['operation'],
    end: { reply: ModelReply } | { error: unknown },
  ): void {
    if (options.isOver()) return
    const counter = counterOf(pending)
    counter.inFlight -= 1
    counter.onWire.delete(pending)
    try {
      if ('error' in end) onError(pending, end.error, lease)
      else onReply(pending, end.reply, operation, lease)
    } catch (error) {
      options.fatal(error)
    }
    inFlight -= 1
    held.look()
    options.changed()
  }

  return {
    submit: (request) => enqueue(new Pending(request, actions)),
    get inFlight() {
      return inFlight
    },
    get backingOff() {
      return pauses.size + held.size
    },
    get backOff() {
      if (pauses.size + held.size === 0) return null
      let nextAt = pauses.size === 0 ? clock.now() : Number.POSITIVE_INFINITY
      for (const { until } of pauses.values()) nextAt = Math.min(nextAt, until)
      return { nextAt, ...lastFailure }
    },
    routeStopped,
    close() {
      held.close()
      for (const pause of pauses.keys()) pause.cancel()
      pauses.clear()
    },
  }
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

type Prepared = { message: ModelRequest } | { error: unknown }

function prepare({ request }: Pending): Prepared {
  try {
    return { message: request.prepare() }
  } catch (error) {
    return { error }
  }
}

/** The provider is wrong about the form of its replies: it will be the next time, too. */
function wrongReply(problem: string, reply: unknown): RequestError {
  return new RequestError(
    'bad-reply',
    `The provider gave a reply of a wrong form: ${problem}. This is a mistake in the program of the provider.`,
    { kind: 'refused' },
    { usage: usageOfReply(reply) },
  )
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

interface PendingActions {
  start: (pending: Pending, lease: Lease) => void
  expectedTokens: (pending: Pending) => number
}

/** A request and its attempts so far; small, because thousands may wait. */
class Pending implements Job {
  readonly request: RequestJob
  readonly group: number
  readonly depth: number
  attempts = 0
  /** Somebody was there and did not answer it; an attempt or not. */
  hasFailed = false
  /** The choice of its route that failed it last; -1 for none. */
  avoids = -1
  /** What is to be sent, once it is first in a line where tokens are limited. */
  prepared: Prepared | null = null
  /** Of the request, in the provider's measure; 0 where nobody asked for it. */
  size = 0
  /** What replies that could not be used have cost; null while none has. */
  spent: Usage | null = null
  sentAt = 0
  readonly #actions: PendingActions

  constructor(request: RequestJob, actions: PendingActions) {
    this.request = request
    this.group = request.group
    this.depth = request.depth
    this.#actions = actions
  }

  start(lease: Lease): void {
    this.#actions.start(this, lease)
  }

  tokens(): number {
    return this.#actions.expectedTokens(this)
  }
}
