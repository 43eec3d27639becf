import { RequestError } from '../graph/request-error.ts'
import { failureCode, type RequestWatcher, type SentRequest } from '../scheduler/request-watcher.ts'
import type { RequestEvent } from './run-event.ts'

type Sent = Extract<RequestEvent, { type: 'request-sent' }>

/** Gives watchers, one for each engine of a run, that tell of requests as events. */
export function createRequestEvents(
  tell: (event: RequestEvent) => void,
): (columnName: (column: number) => string | null) => RequestWatcher {
  let count = 0

  function sentEvent({ route, attempts, ...rest }: SentRequest, column: string | null): Sent {
    count += 1
    const attempt = attempts + 1
    return { type: 'request-sent', request: count, alias: route, ...rest, column, attempt }
  }

  return (columnName) => {
    const open = new Map<object, Sent>()
    return {
      sent(key, request, send) {
        const event = sentEvent(request, columnName(request.column))
        open.set(key, event)
        tell(event)
        return send()
      },
      ended(key, request) {
        const { outcome, ms, usage, error } = request
        const place = open.get(key)
        if (place === undefined) return
        open.delete(key)
        if (outcome === 'ok') {
          tell({ ...place, type: 'request-answered', ms, ...usage })
          return
        }
        const code = failureCode(request)
        const status = error instanceof RequestError ? error.status : null
        const throttled = outcome === 'throttled'
        tell({ ...place, type: 'request-failed', ms, code, status, throttled, ...usage })
      },
      cached({ route, column, row }) {
        tell({ type: 'request-cached', alias: route, column: columnName(column), row })
      },
    }
  }
}
