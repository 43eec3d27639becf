import { isCut, type ModelReply, type Usage } from '../graph/request.ts'
import type { Journal, RequestRecord } from '../rows/journal.ts'
import type { Clock } from '../util/clock.ts'
import type { CostLimit } from './cost-limit.ts'
import type { PendingRequest } from './pending-request.ts'
import type { Choice, Route, RouteCounters } from './route.ts'

export interface RequestRecordsOptions {
  clock: Clock
  routes: readonly Route[]
  counters: readonly RouteCounters[]
  journal: Journal
  cost: CostLimit | null
}

/** Counts a request that returned, charges what it cost and writes it down. */
export type RecordRequest = (
  pending: PendingRequest,
  outcome: 'ok' | 'throttled' | 'failed' | 'given-up',
  usage: Usage,
  reply?: ModelReply | null,
) => void

export function createRequestRecords(options: RequestRecordsOptions): RecordRequest {
  const { clock, cost, counters, journal, routes } = options
  /** By route, what tells its choices apart; null where there is one. */
  const labels = routes.map(({ choices }) =>
    choices.length === 1 ? null : choices.map(({ label = '' }) => label),
  )

  /** Where a request went that could have gone elsewhere, and how long its answer took. */
  function viaOf(
    { request, choice, sentAt }: PendingRequest,
    isAnswered: boolean,
  ): RequestRecord['via'] {
    const ofRoute = labels[request.route]
    if (ofRoute === null || ofRoute === undefined) return undefined
    return { choice: ofRoute[choice] ?? '', latencyMs: isAnswered ? clock.now() - sentAt : null }
  }

  return (pending, outcome, usage, reply = null) => {
    const { request, reserved } = pending
    const counter = counters[request.route] as RouteCounters
    counter.inputTokens += usage.inputTokens
    counter.outputTokens += usage.outputTokens
    if (usage.cost !== null) counter.cost = (counter.cost ?? 0) + usage.cost
    const { name, choices } = routes[request.route] as Route
    // An answer of unknown cost counts with what was set aside; who failed before answering sends no bill.
    const isBilled = reply !== null || outcome === 'given-up'
    const { name: place } = choices[pending.choice] as Choice
    const assumed = cost === null ? 0 : cost.spend(place, usage, isBilled ? reserved : 0)
    const { column, row, isCorrection = false } = request
    const sharing = request.rows?.()
    const via = viaOf(pending, reply !== null)
    journal.request(
      reply === null
        ? { route: name, column, row, sharing, outcome, usage, assumed, via }
        : {
            route: name,
            column,
            row,
            sharing,
            outcome,
            usage,
            assumed,
            isCut: isCut(reply),
            toolCalls: toolCallsOf(reply),
            isCorrection,
            outputMode: reply.outputMode,
            via,
          },
    )
  }
}

export function toolCallsOf({ content }: ModelReply): number {
  let calls = 0
  for (const { type } of content) if (type === 'tool-call') calls += 1
  return calls
}
