import type { RequestWatcher } from '../scheduler/request-watcher.ts'
import type { Clock } from '../util/clock.ts'
import { openEventFile } from './event-file.ts'
import { createListener, type Listener } from './listener.ts'
import { createRequestEvents } from './request-events.ts'
import type { RequestEvent, RunEvent } from './run-event.ts'
import { openTelemetry } from './telemetry.ts'

/** Everybody who is reported a run: the caller, a file of events, traces and metrics. */
export interface Observer extends AsyncDisposable {
  readonly listener: Listener
  /** A watcher of requests, by what its columns are called; null if no one watches them. */
  watcherOf(columnName: (column: number) => string | null): RequestWatcher | null
  /** What hides keys, once they are known. */
  redactBy(redact: (text: string) => string): void
  /** There will be no run: whoever called learns of it by the error. */
  neverBegan(error: unknown): void
}

export interface ObserverOptions {
  clock: Clock
  onEvent?: (event: RunEvent) => void
  onRequest?: (event: RequestEvent) => void
  events?: string
}

export async function openObserver({
  clock,
  onEvent,
  onRequest,
  events,
}: ObserverOptions): Promise<Observer> {
  let redact = (text: string): string => text
  const opened =
    events === undefined
      ? null
      : await openEventFile(events, {
          clock,
          redact: (text) => redact(text),
          failed: (message) => listener.emit(notWritten(message)),
        })
  const telemetry = await openTelemetry(process.cwd())
  const listeners = [
    ...(opened === null ? [] : [(event: RunEvent) => opened.write(event)]),
    ...(telemetry === null ? [] : [(event: RunEvent) => telemetry.note(event)]),
    ...(onEvent === undefined ? [] : [onEvent]),
  ]
  const listener = createListener(toAll(listeners))
  const told = [
    ...(opened === null ? [] : [(event: RequestEvent) => opened.write(event)]),
    ...(onRequest === undefined ? [] : [listener.guard(onRequest)]),
  ]
  const tellsRequests = told.length === 0 ? null : createRequestEvents(toAll(told))
  return {
    listener,
    watcherOf(columnName) {
      const telling = tellsRequests?.(columnName) ?? null
      const tracing = telemetry?.watcherOf(columnName) ?? null
      return telling === null || tracing === null ? (telling ?? tracing) : both(telling, tracing)
    },
    redactBy(by) {
      redact = by
    },
    neverBegan(error) {
      opened?.write({ type: 'run-failed', error })
      telemetry?.note({ type: 'run-failed', error })
    },
    async [Symbol.asyncDispose]() {
      await telemetry?.[Symbol.asyncDispose]()
      await opened?.[Symbol.asyncDispose]()
    },
  }
}

function toAll<Told>(listeners: readonly ((told: Told) => void)[]): (told: Told) => void {
  const [only] = listeners
  if (only !== undefined && listeners.length === 1) return only
  return (told) => {
    for (const tell of listeners) tell(told)
  }
}

function both(one: RequestWatcher, other: RequestWatcher): RequestWatcher {
  return {
    sent: (key, request, send) => one.sent(key, request, () => other.sent(key, request, send)),
    ended(key, request) {
      one.ended(key, request)
      other.ended(key, request)
    },
    cached(request) {
      one.cached(request)
      other.cached(request)
    },
  }
}

function notWritten(message: string): RunEvent {
  return {
    type: 'warning',
    problem: {
      level: 'warning',
      code: 'events-not-written',
      path: [],
      message: `No more events are written to ${message}`,
      suggestion: 'The run continues without it.',
    },
  }
}
