import { createHash } from 'node:crypto'
import { textOf } from '../graph/fingerprint.ts'
import type { Graph } from '../graph/graph.ts'
import { replyOf, replyText } from '../graph/reply-text.ts'
import { decidingPart } from '../graph/request.ts'
import type { RowSet } from '../plan/row-set.ts'
import type { CacheQuestion, ReplyCache } from '../rows/reply-cache.ts'
import type { ResponseCache } from '../store/response-cache.ts'
import { RowsmithError } from '../util/errors.ts'

export interface CachedRepliesOptions {
  cache: ResponseCache
  graph: Pick<Graph, 'columns'>
  /** What a choice of a model alias stands for, by its name. */
  identityOf: (choice: string) => unknown
  /** Nothing may be sent: an answer that is not there is an error. */
  replay: boolean
  /** Rows whose cells failed and are made again: an answer from before would fail them again. */
  madeAgain: () => RowSet
}

/**
 * Answers by model, request and draw (row, column and turn). So one prompt in many rows gets as many
 * answers, and a second run gets the same ones. Vectors have no draw.
 */
export function createCachedReplies(options: CachedRepliesOptions): ReplyCache {
  const { cache, graph, replay } = options
  const replaced = new Set<string>()

  function drawOf({ message, row, column, turn }: CacheQuestion): unknown {
    if (message.operation === 'embed') return null
    return { row, column: graph.columns[column]?.name ?? null, turn }
  }

  return {
    keyOf(question) {
      const material = {
        version: 1,
        model: options.identityOf(question.choice) ?? question.choice,
        asked: decidingPart(question.message),
        draw: drawOf(question),
      }
      const key = createHash('sha256').update(textOf(material)).digest('hex')
      if (options.madeAgain().has(question.row)) replaced.add(key)
      return key
    },
    async find(keys, question) {
      // With several choices, the same answer is found whatever their order.
      for (const key of new Set(keys.toSorted())) {
        if (replaced.has(key) && !replay) continue
        const text = await cache.find(key)
        if (text !== null) return replyOf(text)
      }
      if (!replay) return null
      const column = graph.columns[question.column]?.name ?? 'a summary'
      throw new RowsmithError(
        'cache-miss',
        `column ${column}, row ${question.row}: the answer of ${question.choice} is not in the cache ${cache.path}`,
        {
          hints: [
            'Make the run once without --replay, so that the answer is stored; the config, the model or the seed may have changed since then.',
          ],
        },
      )
    },
    keep(key, reply) {
      const replace = replaced.delete(key)
      cache.keep({ key, reply: replyText(reply) }, { replace })
    },
  }
}
