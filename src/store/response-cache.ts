import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startWorker } from '../threads/worker-calls.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import type { CacheCalls, CachedText } from './cache.worker.ts'

/** Answers of models by what they were asked, in a folder that several runs share. */
export interface ResponseCache extends AsyncDisposable {
  /** The file. */
  readonly path: string
  /** The text of the answer; null for one that is not there. */
  find(key: string): Promise<string | null>
  /** Writes an answer some time later; `replace` takes the place of one that is there. */
  keep(entry: CachedText, options?: { replace?: boolean }): void
  /** All answers, in the order of their keys. */
  entries(): AsyncIterable<readonly CachedText[]>
  count(): Promise<{ entries: number; bytes: number }>
  /** Resolves once all that was kept is written. */
  flush(): Promise<void>
}

export interface CacheOptions {
  /** Nothing is written, and a folder without a cache is refused. */
  readOnly?: boolean
  /** Called once when answers can't be written, and once when they can't be read: the run continues without. */
  onFailure?: (message: string) => void
  /** Writers of other processes are awaited for so long, in ms. */
  patienceMs?: number
}

const fileName = 'answers.sqlite'
/** The folder where a cache is that no one named. */
export const usualCacheFolder = '.rowsmith-cache'
const PATIENCE_MS = 30_000
/** Answers written in one transaction, and read in one message. */
const BATCH = 512

export async function openResponseCache(
  directory: string,
  { readOnly = false, onFailure = () => undefined, patienceMs = PATIENCE_MS }: CacheOptions = {},
): Promise<ResponseCache> {
  const path = join(resolve(directory), fileName)
  if (readOnly && !existsSync(path)) {
    throw new RowsmithError('cache-missing', `${path}: there is no cache of answers`, {
      hints: ['Name the folder of one with --cache, or fill it with rowsmith cache import.'],
    })
  }
  const thread = startWorker<CacheCalls>('cache.worker', import.meta.url)
  try {
    await thread.call('open', path, { readOnly, patienceMs })
  } catch (error) {
    await thread.end()
    throw new RowsmithError('storage-failed', `opening the cache ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  let asked: { key: string; answer: PromiseWithResolvers<string | null> }[] = []
  /** By key, so that what was just kept is found. */
  let kept = new Map<string, { reply: string; replace: boolean }>()
  let writing: Promise<void> = Promise.resolve()
  let failed = false
  let isUnreadable = false

  function ask(): void {
    const batch = asked
    asked = []
    thread
      .call(
        'find',
        batch.map(({ key }) => key),
      )
      .then(
        (replies) => batch.forEach(({ answer }, at) => answer.resolve(replies[at] ?? null)),
        (error: unknown) => batch.forEach(({ answer }) => unread(answer, error)),
      )
  }

  /** What can't be read is asked of a model, unless everything must come from here. */
  function unread(answer: PromiseWithResolvers<string | null>, error: unknown): void {
    if (readOnly) {
      const message = `reading the cache ${path}: ${messageOf(error)}`
      answer.reject(new RowsmithError('storage-failed', message, { cause: error }))
      return
    }
    if (!isUnreadable) onFailure(`Answers can't be read from ${path}: ${messageOf(error)}`)
    isUnreadable = true
    answer.resolve(null)
  }

  async function write(): Promise<void> {
    const batch = kept
    kept = new Map()
    if (batch.size === 0 || failed) return
    try {
      for (const replace of [false, true]) {
        const entries = [...batch].flatMap(([key, one]) =>
          one.replace === replace ? [{ key, reply: one.reply }] : [],
        )
        if (entries.length > 0) await thread.call('keep', entries, { replace })
      }
    } catch (error) {
      failed = true
      // They are in the run, and are not distinguished from those that were never kept.
      kept = new Map()
      onFailure(`Answers can no longer be stored in ${path}: ${messageOf(error)}`)
    }
  }

  function writeSoon(): void {
    writing = writing.then(write)
  }

  return {
    path,
    find(key) {
      const waiting = kept.get(key)
      if (waiting !== undefined) return Promise.resolve(waiting.reply)
      const answer = Promise.withResolvers<string | null>()
      asked.push({ key, answer })
      if (asked.length === 1) queueMicrotask(ask)
      return answer.promise
    },
    keep({ key, reply }, { replace = false } = {}) {
      if (readOnly || failed) return
      kept.set(key, { reply, replace })
      if (kept.size === 1 || kept.size % BATCH === 0) writeSoon()
    },
    async *entries() {
      for (let behind = ''; ;) {
        const page = await thread.call('page', behind, BATCH)
        const last = page.at(-1)
        if (last === undefined) return
        yield page
        behind = last.key
      }
    },
    count: () => thread.call('count'),
    async flush() {
      writeSoon()
      await writing
    },
    async [Symbol.asyncDispose]() {
      writeSoon()
      await writing
      await thread.call('close').catch(() => undefined)
      await thread.end()
    },
  }
}
