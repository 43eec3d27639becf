import type { Usage } from '../graph/request.ts'
import type { RequestRecord } from '../rows/journal.ts'

/** Requests of cells on their way to the ledger's thread, as numbers one behind the other. */
export interface RequestBuffer {
  /** One that belongs to no cell is omitted. */
  add(record: RequestRecord): void
  take(): Float64Array
}

/** A request of one cell, or of several that share it. */
export interface CellRequests {
  /** Column id in the graph. */
  column: number
  /** In ascending order. */
  rows: readonly number[]
  outcome: RequestRecord['outcome']
  usage: Usage
}

export const requestOutcomes = ['ok', 'failed', 'throttled', 'given-up', 'cached'] as const

/** Column, outcome, six of usage (a cost that is not known is NaN), and how many rows follow. */
const headLength = 9

export function createRequestBuffer(): RequestBuffer {
  let numbers = new Float64Array(0)
  let length = 0

  function makeRoom(more: number): void {
    if (length + more <= numbers.length) return
    const larger = new Float64Array(Math.max(2 * numbers.length, length + more))
    larger.set(numbers)
    numbers = larger
  }

  return {
    add({ column = null, row, sharing, outcome, usage }) {
      if (column === null || row === undefined) return
      const rows = sharing?.length ?? 1
      makeRoom(headLength + rows)
      numbers[length] = column
      numbers[length + 1] = requestOutcomes.indexOf(outcome)
      numbers[length + 2] = usage.inputTokens
      numbers[length + 3] = usage.cachedInputTokens
      numbers[length + 4] = usage.outputTokens
      numbers[length + 5] = usage.reasoningTokens
      numbers[length + 6] = usage.images
      numbers[length + 7] = usage.cost ?? Number.NaN
      numbers[length + 8] = rows
      length += headLength
      if (sharing === undefined) numbers[length] = row
      else numbers.set(sharing, length)
      length += rows
    },
    take: () => numbers.slice(0, length),
  }
}

export function* requestsIn(numbers: Float64Array): Generator<CellRequests, void, undefined> {
  const number = (at: number): number => numbers[at] as number
  for (let at = 0; at < numbers.length;) {
    const start = at + headLength
    const end = start + number(at + 8)
    const rows = end - start === 1 ? [number(start)] : [...numbers.slice(start, end).sort()]
    const cost = number(at + 7)
    yield {
      column: number(at),
      rows,
      outcome: requestOutcomes[number(at + 1)] as RequestRecord['outcome'],
      usage: {
        inputTokens: number(at + 2),
        cachedInputTokens: number(at + 3),
        outputTokens: number(at + 4),
        reasoningTokens: number(at + 5),
        images: number(at + 6),
        cost: Number.isNaN(cost) ? null : cost,
      },
    }
    at = end
  }
}
