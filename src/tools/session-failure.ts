import { RequestError, type RequestProblem } from '../graph/request-error.ts'

/** Why there is no session, or why a server takes no call. */
export type SessionFailure =
  | 'unreachable'
  | 'timeout'
  | 'server-error'
  | 'throttled'
  | 'unauthorized'
  | 'forbidden'

/** Of a status other than 2xx; null where no one answered with one. */
export function failureOfStatus(status: number | null): SessionFailure {
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'forbidden'
  if (status === 429) return 'throttled'
  if (status !== null && (status >= 500 || status === 408)) return 'server-error'
  // A process that does not start, a port where no one listens, a path where no server is yet.
  return 'unreachable'
}

const problems: Readonly<Record<SessionFailure, RequestProblem>> = {
  unreachable: { kind: 'unreachable' },
  timeout: { kind: 'transient' },
  'server-error': { kind: 'transient' },
  throttled: { kind: 'throttled', retryAfterMs: null },
  unauthorized: { kind: 'endpoint-stopped' },
  forbidden: { kind: 'endpoint-stopped' },
}

/** What becomes of a call without a session: as with models, it waits while no one is there. */
export function sessionError(
  server: string,
  failure: SessionFailure,
  message: string,
): RequestError {
  const said = message.replace(/\.$/, '')
  const advice =
    failure === 'unauthorized' || failure === 'forbidden'
      ? ` Check the environment variable that "api_key" of the MCP provider "${server}" names.`
      : ''
  return new RequestError(
    failure,
    `The MCP provider "${server}" can't be reached: ${said}.${advice}`,
    problems[failure],
  )
}
