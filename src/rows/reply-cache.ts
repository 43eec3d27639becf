import type { ModelReply, ModelRequest } from '../graph/request.ts'

/** What is asked, and which of its answers is wanted. */
export interface CacheQuestion {
  /** Where it may be asked: the alias of the model, or a choice of its pool. */
  choice: string
  message: ModelRequest
  row: number
  /** Column id in the graph. */
  column: number
  /** Of the requests of one cell, in their order. */
  turn: number
}

/** Answers that were given before, to this run or another one; a model is asked for the others only. */
export interface ReplyCache {
  keyOf(question: CacheQuestion): string
  /**
   * Looks for an answer under any of the keys, one for each choice. Null where a model is to be asked;
   * rejects where none may be.
   */
  find(keys: readonly string[], question: CacheQuestion): Promise<ModelReply | null>
  keep(key: string, reply: ModelReply): void
}
