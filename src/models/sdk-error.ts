import { RequestError } from '../graph/request-error.ts'
import { failedWith } from '../threads/system-error.ts'
import { messageOf } from '../util/errors.ts'
import {
  type Asked,
  badReply,
  describe,
  noFormFor,
  statusError,
  transportError,
} from './classify.ts'
import { TimeoutExpired } from './deadline.ts'
import { failed } from './provider-failure.ts'
import { isObject } from './provider-text.ts'
import { NoReply, SignedBody } from './sdk-fetch.ts'

/** What a package of the AI SDK threw, classified as our own providers classify it. */
export function sdkError(thrown: unknown, asked: Asked, wallTime: number): RequestError {
  if (thrown instanceof RequestError) return thrown
  if (thrown instanceof TimeoutExpired) return transportError(thrown, asked)
  for (const error of causesOf(thrown)) {
    if (error instanceof NoReply) return transportError(error.cause, asked)
    // Packages put addresses together before they ask.
    if (failedWith(error, 'ERR_INVALID_URL')) return transportError(error, asked)
    if (error instanceof SignedBody) {
      return noFormFor(
        'fields of "extra_body" in addition to the body that the package sends and signs; write them as its "provider_options" there',
        asked,
      )
    }
  }
  const status = callStatus(thrown)
  if (status !== null && (status.status < 200 || status.status >= 300)) {
    return statusError(status, asked, wallTime)
  }
  if (status !== null) return badReply(messageOf(thrown), status.text, asked)
  return classifyNamed(thrown, asked)
}

function* causesOf(thrown: unknown): Iterable<unknown> {
  let error = thrown
  for (let depth = 0; depth < 8 && error instanceof Error; depth += 1) {
    yield error
    error = error.cause
  }
}

/** The reply of a call that failed, by what packages call their errors: their classes are copies. */
function callStatus(
  thrown: unknown,
): { status: number; headers: Record<string, string>; text: string } | null {
  if (!isObject(thrown) || typeof thrown['statusCode'] !== 'number') return null
  const { statusCode: status, responseHeaders, responseBody } = thrown
  const headers: Record<string, string> = {}
  if (isObject(responseHeaders)) {
    for (const [name, value] of Object.entries(responseHeaders)) {
      if (typeof value === 'string') headers[name.toLowerCase()] = value
    }
  }
  const text = typeof responseBody === 'string' ? responseBody : messageOf(thrown)
  return { status, headers, text }
}

function classifyNamed(thrown: unknown, asked: Asked): RequestError {
  const name = thrown instanceof Error ? thrown.name : ''
  const said = asked.redact(messageOf(thrown)).slice(0, 500)
  switch (name) {
    case 'AI_LoadAPIKeyError':
      return failed(
        'secret-missing',
        `has no key (${said}). Name the environment variable that holds it in "api_key" of the provider.`,
        asked,
      )
    case 'AI_LoadSettingError':
      return failed(
        'bad-setup',
        `lacks a setting (${said}). Write it into "settings" of the provider.`,
        asked,
      )
    case 'AI_NoSuchModelError':
    case 'AI_UnsupportedModelVersionError':
      return failed('not-found', `has no such model (${said}). Check "model".`, asked)
    case 'AI_UnsupportedFunctionalityError':
    case 'AI_InvalidPromptError':
    case 'AI_InvalidArgumentError':
    case 'AI_TooManyEmbeddingValuesForCallError':
      return new RequestError(
        'unsupported-request',
        `${describe(asked)} can't take this request: ${said}. Check the inference parameters, "extra_body" and the prompt.`,
        { kind: 'refused' },
      )
    case 'AI_JSONParseError':
    case 'AI_TypeValidationError':
    case 'AI_InvalidResponseDataError':
    case 'AI_EmptyResponseBodyError':
    case 'AI_NoContentGeneratedError':
    case 'AI_APICallError':
      return badReply(said, '', asked)
    default:
      return new RequestError(
        'provider-failed',
        `${describe(asked)} failed: ${said}. The request is tried again.`,
        { kind: 'transient' },
        { cause: new Error(said) },
      )
  }
}
