import type { Quota, RateLimits } from '../graph/request.ts'
import type { RawReply } from './exchange.ts'

type Headers = RawReply['headers']

/** A quota whose reset is further away than this is not one per minute. */
const LONGEST_MINUTE_RESET_MS = 90_000
/** Windows up to this are kept by an even flow; in longer ones only what is left counts. */
const LONGEST_PACED_WINDOW_S = 120

/**
 * Reads what a reply says of quotas: OpenAI's `x-ratelimit-*`, Anthropic's `anthropic-ratelimit-*`,
 * and the IETF drafts' `ratelimit-*`. Null when it says nothing.
 */
export function readRateLimits(headers: Headers, wallTime: number): RateLimits | null {
  const requests = requestQuota(headers, wallTime)
  const tokens = vendorQuota(headers, 'tokens', wallTime)
  return requests === null && tokens === null ? null : { requests, tokens }
}

function requestQuota(headers: Headers, wallTime: number): Quota | null {
  return vendorQuota(headers, 'requests', wallTime) ?? draftQuota(headers)
}

/** OpenAI's and Anthropic's names, made once: they are looked for in every reply. */
const quotaNames = { requests: namesOf('requests'), tokens: namesOf('tokens') } as const

interface QuotaNames {
  limit: readonly [string, string]
  remaining: readonly [string, string]
  reset: readonly [string, string]
}

function namesOf(unit: 'requests' | 'tokens'): QuotaNames {
  const names = (field: string): readonly [string, string] => [
    `x-ratelimit-${field}-${unit}`,
    `anthropic-ratelimit-${unit}-${field}`,
  ]
  return { limit: names('limit'), remaining: names('remaining'), reset: names('reset') }
}

/** A quota per minute by its documentation, unless its reset shows a longer span. */
function vendorQuota(
  headers: Headers,
  unit: 'requests' | 'tokens',
  wallTime: number,
): Quota | null {
  const names = quotaNames[unit]
  const limit = numberOf(headers, names.limit)
  const remaining = numberOf(headers, names.remaining)
  if (limit === null && remaining === null) return null
  const resetMs =
    durationMs(textOf(headers, names.reset[0])) ??
    untilMs(textOf(headers, names.reset[1]), wallTime)
  const isLong = resetMs !== null && resetMs > LONGEST_MINUTE_RESET_MS
  // Such quotas fill evenly: one more unit is there long before all of them are.
  const closedMs =
    isLong && remaining === 0 && limit !== null && limit > 0 ? Math.ceil(resetMs / limit) : 0
  return { perMinute: isLong ? null : limit, remaining, closedMs }
}

/** `ratelimit: "name";r=50;t=30` with `ratelimit-policy`, and the three headers of older drafts. */
function draftQuota(headers: Headers): Quota | null {
  const state = textOf(headers, 'ratelimit')
  const policy = textOf(headers, 'ratelimit-policy') ?? textOf(headers, 'ratelimit-limit')
  const remaining =
    parameter(state, 'r') ??
    parameter(state, 'remaining') ??
    numberOf(headers, ['ratelimit-remaining'])
  const limit =
    parameter(policy, 'q') ?? parameter(state, 'limit') ?? numberOf(headers, ['ratelimit-limit'])
  if (remaining === null && limit === null) return null
  // Policies may count something else, such as bytes.
  if (policy !== null && /;\s*qu\s*=\s*"?(?!requests?\b)/i.test(policy)) return null
  const resetS =
    parameter(state, 't') ?? parameter(state, 'reset') ?? numberOf(headers, ['ratelimit-reset'])
  const windowS = parameter(policy, 'w')
  const isPaced = limit !== null && windowS !== null && windowS > 0
  return {
    // Without its window the number alone could be one per second.
    perMinute:
      isPaced && windowS <= LONGEST_PACED_WINDOW_S ? Math.floor((limit * 60) / windowS) : null,
    remaining,
    closedMs: remaining === 0 && resetS !== null ? resetS * 1000 : 0,
  }
}

function textOf(headers: Headers, name: string): string | null {
  const value = headers[name]
  if (value === undefined) return null
  return typeof value === 'string' ? value : (value[0] ?? null)
}

/** The number a header begins with: `100`, also of `100, 100;w=60`. */
function numberOf(headers: Headers, names: readonly string[]): number | null {
  for (const name of names) {
    const text = textOf(headers, name)
    if (text === null) continue
    const digits = /^\s*(\d+)(?:\.\d*)?\s*(?:[,;]|$)/.exec(text)?.[1]
    if (digits !== undefined) return Number(digits)
  }
  return null
}

function parameter(text: string | null, name: string): number | null {
  // Most replies have no such header, and an expression costs more than all else here.
  if (text === null) return null
  const digits = new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*(\\d+)`, 'i').exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `6m0s`, `1.5s`, `20ms`, `1h2m3s`; plain numbers are seconds. Null for anything else. */
export function durationMs(text: string | null): number | null {
  const trimmed = text?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(trimmed)) return null
  let sum = 0
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  }
  return sum
}

function untilMs(text: string | null, wallTime: number): number | null {
  const date = Date.parse(text ?? '')
  return Number.isNaN(date) ? null : Math.max(0, date - wallTime)
}
