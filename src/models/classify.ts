import { RequestError, type RequestProblem } from '../graph/request-error.ts'
import type { Usage } from '../graph/request.ts'
import { messageOf } from '../util/errors.ts'
import { TimeoutExpired } from './deadline.ts'
import type { RawReply } from './exchange.ts'
import { readRateLimits } from './rate-headers.ts'
import { isObject, plain, providerText, type ProviderText } from './provider-text.ts'

/** Who was asked, for messages, and what keeps secrets out of them. */
export interface Asked {
  provider: string
  /** Where, as shown; null for what runs inside the process. */
  endpoint: string | null
  model: string
  /** What it is asked through, as shown; null or omitted where it is asked straight. */
  proxy?: string | null
  /** What it speaks, in the middle of a message; null for what runs inside the process. */
  api: string | null
  redact: (text: string) => string
}

const longestDetail = 500

/** Quota that is used up: only a payment helps, whatever the status of the reply. */
const quotaCodes =
  /^(insufficient_quota|insufficient_credits?|insufficient_balance|insufficient_funds|quota_exhausted|billing_hard_limit_reached|billing_not_active|billing_error|payment_required|credits?_exhausted)$/i

// Only phrases: a provider may quote the prompt, and a prompt may speak of credit cards.
const quotaPhrases =
  /insufficient (quota|credits?|balance|funds)|exceeded your current quota|check your plan and billing|credit balance is too low|(out of|not enough|no|requires more|add|purchase|exhausted your|insufficient) credits\b|billing (hard )?limit|billing (is )?not active|account balance|payment required/i

const contextCodes =
  /^(context_length_exceeded|exceed_context_size_error|context_window_exceeded|string_above_max_length)$/i

const contextPhrases =
  /(maximum|exceeds? the( available| maximum)?|model'?s) context|context (length|window|size)|too many (input )?tokens|prompt is too long|input is too long|reduce the length of/i

/** Makes the error of an answer with a status other than 2xx. */
export function statusError(
  reply: RawReply,
  asked: Asked,
  wallTime: number,
  usage: Usage | null = null,
): RequestError {
  const { status } = reply
  const said = providerText(reply.text)
  const { code, problem, advice } = classifyStatus(reply, said, asked, wallTime)
  const detail = said.text === '' ? null : shorten(asked.redact(said.text))
  return new RequestError(
    code,
    `${describe(asked)} answered ${status}${detail === null ? '' : ` (${quote(detail)})`}. ${advice}`,
    problem,
    { status, detail, usage, limits: readRateLimits(reply.headers, wallTime) },
  )
}

interface Classified {
  code: string
  problem: RequestProblem
  advice: string
}

function classifyStatus(
  { status, headers, text }: RawReply,
  said: ProviderText,
  asked: Asked,
  wallTime: number,
): Classified {
  const retryAfterMs = retryAfter(headers, wallTime) ?? retryDelay(text)
  if (isQuota(status, said, retryAfterMs)) {
    return {
      code: 'quota-exhausted',
      problem: { kind: 'endpoint-stopped' },
      advice: 'The quota or credit of this account is used up: top it up, then resume the run.',
    }
  }
  switch (status) {
    case 401:
      return {
        code: 'unauthorized',
        problem: { kind: 'endpoint-stopped' },
        advice: `The key was not accepted: check the environment variable that "api_key" of provider "${asked.provider}" names.`,
      }
    case 403:
      return {
        code: 'forbidden',
        problem: { kind: 'suspect' },
        advice: 'The key may not use this model, or the endpoint refuses this content or address.',
      }
    case 404:
      return {
        code: 'not-found',
        problem: { kind: 'suspect' },
        advice: `The endpoint has no such model or path: check "model" (${quote(asked.model)}) and "endpoint", which normally ends with /v1.`,
      }
    case 408:
      return {
        code: 'timeout',
        problem: { kind: 'transient' },
        advice: 'The endpoint gave up waiting; it is tried again.',
      }
    case 409:
    case 425:
      return {
        code: 'server-error',
        problem: { kind: 'transient' },
        advice: 'The endpoint was not ready for this request; it is tried again.',
      }
    case 429:
      return {
        code: 'throttled',
        problem: { kind: 'throttled', retryAfterMs },
        advice: 'The endpoint limits the rate; the request waits and does not count as an attempt.',
      }
    case 503:
    case 529:
      if (retryAfterMs === null) return classifyRange(status, headers, said)
      return {
        code: 'throttled',
        problem: { kind: 'throttled', retryAfterMs },
        advice:
          'The endpoint is overloaded and says when to return; the request waits and does not count as an attempt.',
      }
    default:
      return classifyRange(status, headers, said)
  }
}

function classifyRange(
  status: number,
  headers: RawReply['headers'],
  { code, text }: ProviderText,
): Classified {
  if (status >= 500) {
    return {
      code: 'server-error',
      problem: { kind: 'transient' },
      advice: 'The endpoint failed on its side; the request is tried again.',
    }
  }
  if (status >= 300 && status < 400) {
    const location = headers['location']
    return {
      code: 'redirected',
      problem: { kind: 'endpoint-stopped' },
      advice: `Requests are not sent elsewhere by themselves: set "endpoint" to where the server points (${typeof location === 'string' ? shownAddress(location) : 'it does not say'}).`,
    }
  }
  const refused: RequestProblem = { kind: 'refused' }
  if (contextCodes.test(code) || contextPhrases.test(text)) {
    return {
      code: 'context-length',
      problem: refused,
      advice:
        'Prompt and answer do not fit the context of the model: shorten the prompt or lower "max_tokens".',
    }
  }
  if (status === 413) {
    return {
      code: 'too-large',
      problem: refused,
      advice: 'The request is larger than the endpoint takes: shorten the prompt.',
    }
  }
  return {
    code: 'bad-request',
    problem: refused,
    advice:
      'The endpoint does not take this request: check the inference parameters and "extra_body".',
  }
}

function isQuota(
  status: number,
  { code, type, text }: ProviderText,
  retryAfterMs: number | null,
): boolean {
  if (status === 402 || quotaCodes.test(code) || quotaCodes.test(type)) return true
  // Gemini speaks of plan and billing for its limits per minute too, but then says when to return.
  if (status === 429 && retryAfterMs !== null) return false
  return (status === 400 || status === 403 || status === 429) && quotaPhrases.test(text)
}

/** Makes the error of a reply that has a good status but can't be used. */
export function badReply(
  what: string,
  text: string,
  asked: Asked,
  usage: Usage | null = null,
): RequestError {
  const detail = shorten(asked.redact(plain(text)))
  const perhaps = asked.api === null ? '' : `; if this persists, "endpoint" may not be ${asked.api}`
  return new RequestError(
    'bad-reply',
    `${describe(asked)} returned an unusable reply (${what}): ${quote(detail)}. The request is tried again${perhaps}.`,
    { kind: 'transient' },
    { status: 200, detail, usage },
  )
}

export interface NoAnswer {
  /** What the model said instead, where it said that it will not. */
  refusal: unknown
  finishReason: string
  asked: Asked
  /** What it cost all the same. */
  usage: Usage | null
}

/** Makes the error of a good reply in which the model answered nothing. */
export function noAnswer(
  text: string,
  { refusal, finishReason, asked, usage }: NoAnswer,
): RequestError {
  const who = describe(asked)
  const refused = { kind: 'refused' } as const
  if (typeof refusal === 'string' && refusal !== '') {
    const detail = asked.redact(refusal).slice(0, longestDetail)
    return new RequestError('model-refused', `${who} refused to answer: "${detail}".`, refused, {
      status: 200,
      detail,
      usage,
    })
  }
  if (finishReason === 'content_filter') {
    return new RequestError(
      'content-filter',
      `${who} gave no text: the provider's content filter stopped the answer. Change the prompt of this column.`,
      refused,
      { status: 200, usage },
    )
  }
  // Asking again would spend the same tokens on the same thoughts.
  if (finishReason === 'length') {
    return new RequestError(
      'out-of-tokens',
      `${who} spent all its tokens before the answer began. Raise "max_tokens" or lower the reasoning effort.`,
      refused,
      { status: 200, usage },
    )
  }
  return badReply('no content', text, asked, usage)
}

/** Makes the error of a request that a provider has no wire form for; nothing was sent. */
export function noFormFor(what: string, asked: Asked): RequestError {
  const can =
    asked.api === null ? `can't take ${what}` : `uses ${asked.api}, which does not support ${what}`
  return new RequestError(
    'unsupported-request',
    `${describe(asked)} ${can}. Use another model or provider for this column.`,
    { kind: 'refused' },
  )
}

/** Makes the error of a request that got no answer at all. */
export function transportError(thrown: unknown, asked: Asked): RequestError {
  if (thrown instanceof TimeoutExpired) {
    return new RequestError(
      'timeout',
      `${describe(asked)} returned no complete reply within ${thrown.timeoutMs / 1000} s. The request is tried again; raise "timeout" of the model if its answers take longer.`,
      { kind: 'transient' },
    )
  }
  const innermost = rootCause(thrown)
  const libraryCode = codeOf(innermost)
  // OpenSSL ends its messages with a line break.
  const told = messageOf(innermost).replaceAll(/\s+/g, ' ').trim()
  const text = asked.redact(shorten(told, 4 * longestDetail))
  const said = shorten(
    libraryCode === '' || text.includes(libraryCode) ? text : `${text} (${libraryCode})`,
  )
  const { code, problem, happened, advice } = classifyTransport(
    libraryCode,
    text,
    asked.proxy ?? null,
  )
  // Library errors carry sockets, options and headers; only a scrubbed text may leave.
  return new RequestError(code, `${describe(asked)} ${happened}: ${said}. ${advice}`, problem, {
    cause: new Error(said),
  })
}

const untrusted =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|ERR_SSL_WRONG_VERSION_NUMBER)/

const unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT)/

function classifyTransport(
  libraryCode: string,
  text: string,
  proxy: string | null,
): Classified & { happened: string } {
  if (untrusted.test(libraryCode)) {
    return {
      code: 'tls-untrusted',
      problem: { kind: 'endpoint-stopped' },
      happened: "can't be spoken to over TLS with a certificate that is trusted",
      advice:
        'If your own authority signed it, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem; if the server uses plain http, write http:// in "endpoint".',
    }
  }
  // undici has no code of its own for a proxy that refuses.
  if (/\b407\b/.test(text)) {
    return {
      code: 'proxy-unauthorized',
      problem: { kind: 'endpoint-stopped' },
      happened: 'is behind a proxy that refuses the credentials',
      advice:
        'Set them in HTTP_PROXY or HTTPS_PROXY as http://user:password@host:port, or name the host in NO_PROXY.',
    }
  }
  if (libraryCode === 'UND_ERR_INVALID_ARG' || libraryCode === 'ERR_INVALID_URL') {
    return {
      code: 'bad-setup',
      problem: { kind: 'endpoint-stopped' },
      happened: "can't be reached at all",
      advice: 'Check "endpoint" and "extra_headers" of the provider, and HTTP_PROXY.',
    }
  }
  if (libraryCode === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return {
      code: 'bad-reply',
      problem: { kind: 'transient' },
      happened: 'gave a reply of more than 64 MiB',
      advice: 'The request is tried again.',
    }
  }
  if (unreachable.test(libraryCode) && proxy !== null) {
    return {
      code: 'unreachable',
      problem: { kind: 'unreachable' },
      happened: `can't be reached through the proxy ${proxy}`,
      advice:
        'Check that the proxy runs; where none is needed, name the host of "endpoint" in NO_PROXY.',
    }
  }
  if (unreachable.test(libraryCode)) {
    return {
      code: 'unreachable',
      problem: { kind: 'unreachable' },
      happened: "can't be reached",
      advice: 'Check that the server runs and that "endpoint" names its address and port.',
    }
  }
  return {
    code: 'disconnected',
    problem: { kind: 'transient' },
    happened: 'closed the connection before the reply was complete',
    advice: 'The request is tried again.',
  }
}

/** `Provider "local" (http://…), model "m"`, for the start of a message. */
export function describe({ provider, endpoint, model }: Asked): string {
  return `Provider "${provider}"${endpoint === null ? '' : ` (${endpoint})`}, model "${model}",`
}

/** An address as it may be shown: without user and password, and without a query, which may hold a key. */
export function shownAddress(address: string): string {
  return address.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*$/s, '')
}

/** Milliseconds the provider asks to wait, or null when it does not say or says nonsense. */
function retryAfter(headers: RawReply['headers'], wallTime: number): number | null {
  const milliseconds = numberIn(headers['retry-after-ms'])
  if (milliseconds !== null) return milliseconds
  const value = headers['retry-after']
  const seconds = numberIn(value)
  if (seconds !== null) return seconds * 1000
  if (typeof value !== 'string') return null
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - wallTime)
}

/** The time to wait in the body of Google's errors. */
function retryDelay(body: string): number | null {
  const seconds = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body.slice(0, 50_000))?.[1]
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1000)
}

function numberIn(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || !/^\s*\d+(\.\d*)?\s*$/.test(value)) return null
  return Number(value)
}

function shorten(text: string, length = longestDetail): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`
}

function quote(text: string): string {
  return `"${text}"`
}

function rootCause(thrown: unknown): unknown {
  let error = thrown
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    // Happy eyeballs: one error for several addresses, of which the first tells enough.
    const next: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
    if (!(next instanceof Error)) break
    error = next
  }
  return error
}

function codeOf(error: unknown): string {
  return isObject(error) && typeof error['code'] === 'string' ? error['code'] : ''
}
