import { RequestError, type RequestProblem } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, describe } from './classify.ts'

interface FailureOptions {
  cause?: unknown
  problem?: RequestProblem
}

/** Makes the error of a provider that can't work at all, unless a problem says that it can. */
export function failed(
  code: string,
  what: string,
  asked: Asked,
  { cause, problem = { kind: 'endpoint-stopped' } }: FailureOptions = {},
): RequestError {
  const { redact } = asked
  return new RequestError(
    code,
    redact(`${describe(asked)} ${what}`),
    problem,
    cause === undefined ? {} : { cause: new Error(redact(messageOf(cause))) },
  )
}
