import type { ModelRequest } from '../graph/request.ts'

/** A request whose answer comes another time: the cell is made when the row is opened again. */
export interface DeferredRequest {
  /** The alias of the model. */
  route: string
  row: number
  /** Column id in the graph. */
  column: number
  /** Of the requests of one cell, in their order. */
  turn: number
  message: ModelRequest
  /** Of its answer at most; null for no limit. */
  maxTokens: number | null
  /** Its cell asked something else here before its row was opened again. */
  hasStrayed: boolean
}

/** Takes requests that are answered together, some time later. */
export interface DeferredRequests {
  /** Whether it takes those of a route. */
  takes(route: string): boolean
  /** Throws a `RequestError` for a request that can't be sent; one that is not taken now is asked for again later. */
  add(request: DeferredRequest): void
  /** Rows that are not open yet are to wait: enough is on its way. */
  readonly isFull: boolean
}
