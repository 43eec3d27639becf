import { beginningOf } from '../graph/beginning.ts'
import type { ModelRequest } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import { type PendingRequest, prepare } from './pending-request.ts'
import type { Route } from './route.ts'

export interface PrefixLeadersOptions {
  clock: Clock
  routes: readonly Route[]
  /** Requests that a route allows at once. */
  limit: (route: number) => number
  /** Puts a request into its line. */
  enqueue: (pending: PendingRequest) => void
}

/**
 * Keeps requests together that begin with the same long text. One of them goes first, for a provider has kept
 * it for the others once that one is answered; then as many at once as are one choice's share, so that they find room
 * where it is kept.
 */
export interface PrefixLeaders {
  /** Whether a request waits, out of line, for others with its beginning. */
  holds(pending: PendingRequest): boolean
  /** It returned, or will never be sent. */
  ended(pending: PendingRequest): void
}

interface Prefix {
  /** Whether one of them was answered. */
  isKept: boolean
  /** In line or in flight. */
  out: Set<PendingRequest>
  waiting: PendingRequest[]
  usedAt: number
}

/** Providers forget what no one asks for about so long. */
const KEPT_MS = 300_000
const MOST_PREFIXES = 4_096
/** Requests that wait for others, for each that a route allows at once; further ones go their way. */
const MOST_WAITING = 16

/** Null where no route has such requests go together. */
export function createPrefixLeaders(options: PrefixLeadersOptions): PrefixLeaders | null {
  const { clock } = options
  const counts = options.routes.map(({ keepsPrefixes = false, choices }) =>
    keepsPrefixes ? { choices: choices.length, active: 0, waiting: 0 } : null,
  )
  if (counts.every((count) => count === null)) return null
  const prefixes = new Map<string, Prefix>()

  function keyOf({ request, prefix }: PendingRequest): string {
    return `${request.route} ${prefix}`
  }

  /** Requests of one prefix at once: as many as fit into a choice, or more where there are fewer prefixes. */
  function shareOf(route: number, { choices, active }: Counts): number {
    const share = Math.ceil(options.limit(route) / Math.max(1, Math.min(choices, active)))
    // A cap may be 0 for a while: those that wait are to be in line when it is not.
    return Math.max(1, share)
  }

  function known(key: string, now: number): Prefix {
    const found = prefixes.get(key)
    const isForgotten = found !== undefined && now - found.usedAt > KEPT_MS
    const prefix = found ?? { isKept: false, out: new Set(), waiting: [], usedAt: now }
    if (isForgotten && prefix.out.size === 0) prefix.isKept = false
    prefix.usedAt = now
    // Behind the others: those that were used long ago are forgotten first.
    prefixes.delete(key)
    prefixes.set(key, prefix)
    if (prefixes.size > MOST_PREFIXES) forgetOne()
    return prefix
  }

  function forgetOne(): void {
    for (const [key, { out }] of prefixes) {
      if (out.size > 0) continue
      prefixes.delete(key)
      return
    }
  }

  return {
    holds(pending) {
      const { route, isShared = false } = pending.request
      const count = counts[route] ?? null
      if (count === null || isShared || !pending.request.wanted()) return false
      const prepared = prepare(pending)
      pending.prefix = 'message' in prepared ? prefixOf(prepared.message) : 0
      if (pending.prefix === 0) return false
      const prefix = known(keyOf(pending), clock.now())
      const { out, waiting, isKept } = prefix
      const isFull = isKept ? out.size >= shareOf(route, count) : out.size > 0
      if (isFull && count.waiting < MOST_WAITING * options.limit(route)) {
        waiting.push(pending)
        count.waiting += 1
        return true
      }
      if (out.size === 0) count.active += 1
      out.add(pending)
      return false
    },
    ended(pending) {
      if (pending.prefix === 0) return
      const prefix = prefixes.get(keyOf(pending))
      const { route } = pending.request
      const count = counts[route] ?? null
      if (prefix === undefined || count === null || !prefix.out.delete(pending)) return
      prefix.isKept = true
      const { out, waiting } = prefix
      const most = shareOf(route, count)
      const next = waiting.splice(0, Math.max(0, most - out.size))
      count.waiting -= next.length
      for (const one of next) {
        out.add(one)
        options.enqueue(one)
      }
      if (out.size === 0) count.active -= 1
    },
  }
}

interface Counts {
  readonly choices: number
  /** Prefixes with requests in line or in flight. */
  active: number
  waiting: number
}

/** A hash of what a request shares with others, as far as it says so; 0 for nothing. */
function prefixOf(message: ModelRequest): number {
  if (message.operation !== 'chat') return 0
  if (message.sharedEnds === undefined && message.sharedMedia === undefined) return 0
  const text = beginningOf(message)
  // FNV-1a over UTF-16 units.
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  }
  return hash === 0 ? 1 : hash
}
