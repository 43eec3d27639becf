import type { ModelReply, ModelRequest } from '../graph/request.ts'

/** What is asked, and which of its answers is wanted. */
export interface CacheQuestion {
  /** The alias of the model. */
  route: string
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
  /** Null where the model is to be asked; rejects where it may not be. */
  find(key: string, question: CacheQuestion): Promise<ModelReply | null>
  keep(key: string, reply: ModelReply): void
}
