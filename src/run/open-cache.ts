import type { Graph } from '../graph/graph.ts'
import type { RunConfig } from '../config/run-config.ts'
import type { RowSet } from '../plan/row-set.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import { openResponseCache, usualCacheFolder } from '../store/response-cache.ts'
import { createCachedReplies } from './cached-replies.ts'

/** Where answers are kept for other runs. */
export interface CacheChoice {
  /** True for the usual folder, or a folder; what the run config says by default. */
  cache?: boolean | string
  /** Every answer comes from the cache: one that is not there ends the run. */
  replay?: boolean
}

export interface OpenCacheOptions extends CacheChoice {
  runConfig: Pick<RunConfig, 'cache'>
  graph: Pick<Graph, 'columns'>
  /** What a choice of a model alias stands for, by its name. */
  identityOf: (choice: string) => unknown
  madeAgain: () => RowSet
  warn: (message: string) => void
}

/** Opens the cache of a run; null for one that has none. */
export async function openCache(
  options: OpenCacheOptions,
): Promise<(ReplyCache & AsyncDisposable) | null> {
  const { replay = false } = options
  const wanted = options.cache ?? (options.runConfig.cache || replay)
  if (wanted === false) return null
  const cache = await openResponseCache(wanted === true ? usualCacheFolder : wanted, {
    readOnly: replay,
    onFailure: options.warn,
  })
  return {
    ...createCachedReplies({ ...options, cache, replay }),
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  }
}
