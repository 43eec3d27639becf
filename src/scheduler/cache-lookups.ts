import { type ModelReply, type ModelRequest, noUsage } from '../graph/request.ts'
import type { Journal } from '../rows/journal.ts'
import type { CacheQuestion, ReplyCache } from '../rows/reply-cache.ts'
import type { RequestWatcher } from './request-watcher.ts'
import type { Route, RouteCounters } from './route.ts'

export interface CacheLookupsOptions {
  cache: ReplyCache
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  journal: Journal
  watcher: RequestWatcher | null
  isOver: () => boolean
  changed: () => void
  fatal: (error: unknown) => void
}

/** A question with the position of its route, whose choices may all answer it. */
export type Lookup = Omit<CacheQuestion, 'choice'> & { route: number }

/** Looks for answers in the cache before a request enters its line. */
export interface CacheLookups {
  /**
   * Calls back with the answer, as one that cost nothing, or null; gives the keys to keep one under, by
   * the choice that gives it.
   */
  find(lookup: Lookup, found: (reply: ModelReply | null) => void): readonly string[]
  /** Keeps what a model answered. */
  keep(keys: readonly string[], choice: number, reply: ModelReply): void
  /** The same for a part of what a request asked. */
  keepPart(lookup: Lookup, choice: number, reply: ModelReply): void
  /** Lookups under way. */
  readonly active: number
}

export function createCacheLookups(options: CacheLookupsOptions): CacheLookups {
  const { cache, routes, counters, journal } = options
  let active = 0

  function questionsOf({ route, ...rest }: Lookup): CacheQuestion[] {
    const { choices } = routes[route] as Route
    return choices.map(({ name }) => ({ choice: name, ...rest }))
  }

  function nameOf(route: number): string {
    return (routes[route] as Route).name
  }

  function count({ route, column, row }: Lookup): void {
    options.watcher?.cached({ route: nameOf(route), column, row })
    ;(counters[route] as RouteCounters).cached += 1
    journal.request({ route: nameOf(route), column, row, outcome: 'cached', usage: noUsage })
  }

  return {
    find(lookup, found) {
      const questions = questionsOf(lookup)
      const keys = questions.map((question) => cache.keyOf(question))
      active += 1
      const ended = (reply: ModelReply | null): void => {
        if (options.isOver()) return
        if (reply !== null) count(lookup)
        // It was paid for when it was made.
        found(reply === null ? null : { ...reply, usage: noUsage })
        active -= 1
        options.changed()
      }
      cache
        .find(keys, questions[0] as CacheQuestion)
        .then(ended)
        .catch(options.fatal)
      return keys
    },
    keep: (keys, choice, reply) => cache.keep(keys[choice] as string, reply),
    keepPart(lookup, choice, reply) {
      cache.keep(cache.keyOf(questionsOf(lookup)[choice] as CacheQuestion), reply)
    },
    get active() {
      return active
    },
  }
}

/** A question that a request asks for one of several cells, and what of the answer is theirs. */
export function partsOfReply(
  messages: readonly ModelRequest[],
  { vectors, ...reply }: ModelReply,
): (ModelReply | null)[] {
  let from = 0
  return messages.map((message) => {
    if (message.operation !== 'embed' || vectors === undefined) return null
    const own = vectors.slice(from, from + message.inputs.length)
    from += message.inputs.length
    return { ...reply, vectors: own }
  })
}
