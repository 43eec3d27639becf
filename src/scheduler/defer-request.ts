import { RequestError } from '../graph/request-error.ts'
import type { ModelRequest } from '../graph/request.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { RequestJob } from './request-job.ts'
import type { Route } from './route.ts'

/** Hands a request over to those that are answered another time; one that does not fit there fails its cell. */
export function deferRequest(
  request: RequestJob,
  message: ModelRequest,
  { deferred, route }: { deferred: DeferredRequests; route: Route },
): void {
  if (!request.wanted()) return request.abandoned()
  const { name, maxTokens = null } = route
  const { row, column, turn = 0, hasStrayed = false } = request
  try {
    deferred.add({ route: name, row, column, turn, message, maxTokens, hasStrayed })
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    return request.failed(error, 1, null)
  }
  request.deferred?.()
}
