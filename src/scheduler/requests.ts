import type { ModelReply, ModelRequest, Usage } from '../graph/request.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import type { LimiterOutcome } from '../limits/limiter.ts'
import type { Waiting } from '../limits/line.ts'
import { RequestError } from '../limits/outcome.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { Journal } from './journal.ts'
import type { Route, RouteCounters } from './routes.ts'

/** Work that waits in a line and starts with units in its hand. */
export interface Job extends Waiting {
  start(lease: Lease): void
}

/** One request of a cell, until it has its reply or failed for good. */
export interface RequestJob {
  route: number
  row: number
  group: number
  depth: number
  /** False once its row was dropped: it leaves its line without being sent. */
  wanted(): boolean
  abandoned(): void
  /** Makes the request in the tick it leaves; what it throws goes to `unprepared`. */
  prepare(): ModelRequest
  reply(reply: ModelReply, attempts: number): void
  /** The request can't succeed, or the attempts are used up. */
  failed(error: RequestError, attempts: number): void
  /** `prepare` threw; nothing was sent. */
  unprepared(error: unknown): void
}

export interface RequestsOptions {
  clock: Clock
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  journal: Journal
  dispatcher: () => Dispatcher<Job>
  send: (route: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  signal: AbortSignal
  maxAttempts: number
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  /** An endpoint refuses everything: its routes stop, their rows remain. */
  stopEndpoint: (endpoint: string, error: RequestError) => void
  throttled: (route: number, error: RequestError) => void
  /** Something that is not about a request: ends the run. */
  fatal: (error: unknown) => void
  /** A request came back and all its consequences are drawn. */
  changed: () => void
}

export interface Requests {
  /** Puts a request into its line. */
  submit(request: RequestJob): void
  /** Requests between two attempts. */
  readonly backingOff: number
  /** Requests on the wire, over all routes. */
  readonly inFlight: number
  close(): void
}

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 60_000
/** 403 or 404 for this many different rows in a row stops a route that did work before. */
const SUSPECT_ROWS = 5
const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0 }

/** Sends requests and applies the failure rules; the classification itself is made in `models/`. */
export function createRequests(options: RequestsOptions): Requests {
  const { clock, counters, journal, routes, signal } = options
  const pauses = new Set<Timer>()
  let inFlight = 0

  function submit(request: RequestJob): void {
    let attempts = 0
    const job: Job = {
      group: request.group,
      depth: request.depth,
      start: (lease) => start(lease),
    }
    enqueue()

    function enqueue(): void {
      options.dispatcher().enqueue(request.route, job)
    }

    function start(lease: Lease): void {
      if (!request.wanted()) {
        release(lease, { kind: 'unused' })
        request.abandoned()
        return
      }
      let message: ModelRequest
      try {
        message = request.prepare()
      } catch (error) {
        release(lease, { kind: 'unused' })
        request.unprepared(error)
        return
      }
      const counter = counters[request.route] as RouteCounters
      const { name } = routes[request.route] as Route
      counter.inFlight += 1
      inFlight += 1
      counter.requests += 1
      options.send(name, message, signal).then(
        (reply) => ended(() => onReply(reply, lease)),
        (error: unknown) => ended(() => onError(error, lease)),
      )
    }

    function onReply(reply: ModelReply, lease: Lease): void {
      const counter = counters[request.route] as RouteCounters
      counter.inFlight -= 1
      counter.succeeded += 1
      counter.suspects = 0
      counter.inputTokens += reply.usage.inputTokens
      counter.outputTokens += reply.usage.outputTokens
      record('ok', reply.usage)
      // The cell first: what it made ready is in line when the unit is handed on.
      request.reply(reply, attempts + 1)
      release(lease, { kind: 'ok' })
    }

    function onError(error: unknown, lease: Lease): void {
      const counter = counters[request.route] as RouteCounters
      counter.inFlight -= 1
      if (signal.aborted) {
        release(lease, { kind: 'failed' })
        return
      }
      if (!(error instanceof RequestError)) {
        release(lease, { kind: 'failed' })
        throw error
      }
      settle(error, lease, counter)
    }

    function settle(error: RequestError, lease: Lease, counter: RouteCounters): void {
      const { problem } = error
      if (problem.kind === 'throttled') {
        counter.throttled += 1
        record('throttled', NO_USAGE)
        options.throttled(request.route, error)
        // The limiter closes before the request is back in line, so it can't leave again at once.
        release(lease, { kind: 'throttled', retryAfterMs: problem.retryAfterMs })
        enqueue()
        return
      }
      counter.failed += 1
      record('failed', NO_USAGE)
      attempts += 1
      if (stops(error, counter)) {
        const { endpoint } = routes[request.route] as Route
        options.stopEndpoint(endpoint, error)
        enqueue()
      } else if (problem.kind === 'transient' && attempts < options.maxAttempts) {
        backOff()
      } else {
        request.failed(error, attempts)
      }
      release(lease, { kind: 'failed' })
    }

    function stops({ problem }: RequestError, counter: RouteCounters): boolean {
      if (problem.kind === 'endpoint-stopped') return true
      if (problem.kind !== 'suspect') return false
      if (counter.lastSuspectRow !== request.row) counter.suspects += 1
      counter.lastSuspectRow = request.row
      return counter.succeeded === 0 || counter.suspects >= SUSPECT_ROWS
    }

    function backOff(): void {
      const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1))
      const pause = clock.after(full * (0.5 + options.jitter() / 2), () => {
        pauses.delete(pause)
        guarded(enqueue)
      })
      pauses.add(pause)
    }

    function record(outcome: 'ok' | 'throttled' | 'failed', usage: Usage): void {
      journal.request({ route: (routes[request.route] as Route).name, outcome, usage })
    }
  }

  function release(lease: Lease, outcome: LimiterOutcome): void {
    options.dispatcher().release(lease, outcome)
  }

  /** Counted as on the wire until all its consequences are drawn: nothing ends in between. */
  function ended(action: () => void): void {
    guarded(action)
    inFlight -= 1
    options.changed()
  }

  function guarded(action: () => void): void {
    try {
      action()
    } catch (error) {
      options.fatal(error)
    }
  }

  return {
    submit,
    get inFlight() {
      return inFlight
    },
    get backingOff() {
      return pauses.size
    },
    close() {
      for (const pause of pauses) pause.cancel()
      pauses.clear()
    },
  }
}
