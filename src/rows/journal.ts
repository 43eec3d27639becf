import type { OutputMode } from '../config/output-mode.ts'
import type { Usage } from '../graph/request.ts'
import type { Cell } from '../util/value.ts'

/** A finished cell that can't be made again for free. */
export interface JournaledCell {
  row: number
  /** Column id in the graph. */
  column: number
  value: Cell
}

/** Why a cell is missing; kept for ever for a dropped row. */
export interface JournaledFailure {
  row: number
  column: number
  code: string
  message: string
  attempts: number
  /** What the model said, when its reply could not be used; the store caps it. */
  raw?: string
  /** Tokens of the replies that could not be used; what they cost is paid all the same. */
  usage?: Usage
  /**
   * `dropped`: the row has no record. `null`: the row continues with a null in this cell. `stopped`: the run
   * stopped, and the row remains.
   */
  outcome: 'dropped' | 'null' | 'stopped'
}

/** One answered request (or tool call) of a cell that needs several. */
export interface JournaledExchange {
  row: number
  column: number
  /** Counts from 0, in the order the cell asked. */
  turn: number
  /** Hex SHA-256 of the request as it was sent. */
  hash: string
  /** JSON text. */
  reply: string
  usage: Usage
}

/** One request and how it ended; summed up per route and column. */
export interface RequestRecord {
  route: string
  /** Column id in the graph; none for a request that belongs to no column. */
  column?: number | null
  /** The row whose cell it was for; none for one that belongs to no cell. */
  row?: number
  /** Of one that several cells share, the rows of all of them. */
  sharing?: readonly number[] | undefined
  /**
   * `cached`: nothing was sent, for the answer was there. `given-up`: a second request for the same was
   * answered first.
   */
  outcome: 'ok' | 'throttled' | 'failed' | 'cached' | 'given-up'
  /** The answer ended before the model was done. */
  isCut?: boolean
  /** Tools that the answer called. */
  toolCalls?: number
  /** The answer was asked for because the one before could not be used. */
  isCorrection?: boolean
  /** Of an answer of a form: how the model was held to it. */
  outputMode?: OutputMode | undefined
  /** The choice by which it went, where its route has several; null for the time of what has no answer. */
  via?: { choice: string; latencyMs: number | null } | undefined
  usage: Usage
  /** Dollars that count against what the run may cost, where nobody knows what it did cost. */
  assumed?: number
}

/**
 * Where the engine writes down what was paid for: appends never wait and keep their order.
 *
 * A later record is durable only if every earlier one is.
 */
export interface Journal {
  cell(cell: JournaledCell): void
  failure(failure: JournaledFailure): void
  /** Calls back once the exchange and everything before it is durable; never when that fails. */
  exchange(exchange: JournaledExchange, durable: () => void): void
  /** The exchanges of a cell from a turn on are not to be used again. */
  forget(row: number, column: number, fromTurn: number): void
  request(record: RequestRecord): void
  /** Bytes appended and not durable yet: the scheduler sends nothing while this is over its budget. */
  readonly pendingBytes: number
  /** Calls back whenever appended records became durable, or when the journal failed permanently. */
  onDurable(callback: (error: Error | null) => void): void
}
