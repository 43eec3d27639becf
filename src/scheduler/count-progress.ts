import type { Graph } from '../graph/graph.ts'
import type { Dispatcher } from '../limits/dispatcher.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Waiting } from '../limits/line.ts'
import type { Clock } from '../util/clock.ts'
import type { ColumnProgress, RouteProgress } from './scheduler-event.ts'
import type { Resources } from './resources.ts'
import type { Choice, Route, RouteCounters } from './route.ts'
import type { WorkGraph } from './work-graph.ts'

/** How many cells of a column ended how since the run was opened. */
export interface CellCounts {
  known: number
  made: number
  skipped: number
  failed: number
}

export function columnProgress(
  graph: Graph,
  work: WorkGraph,
  counts: readonly CellCounts[],
): ColumnProgress[] {
  return graph.columns
    .filter(({ producer, processor }) => producer === null && processor === null)
    .map(({ id, name, routes }) => ({
      name,
      scheduled: (work.localOf[id] as number) >= 0,
      routes: routes.map((route) => route.name),
      ...(counts[id] as CellCounts),
    }))
}

export function routeProgress(
  routes: readonly Route[],
  {
    counters,
    dispatcher,
    resources,
    clock,
  }: {
    counters: readonly RouteCounters[]
    dispatcher: Dispatcher<Waiting>
    resources: Resources
    clock: Clock
  },
): RouteProgress[] {
  const now = clock.now()
  return routes.map(({ name, choices, timeoutMs = null }, position) => {
    const counter = counters[position] as RouteCounters
    const [oldest] = counter.onWire
    const held = dispatcher.heldBy(position)
    const open = choices.filter(
      (_, choice) => resources.stateAt({ route: position, choice }).stopped === null,
    )
    const inUse = open.length > 0 ? open : choices
    return {
      name,
      endpoint: [...new Set(choices.map(({ endpoint }) => endpoint))].join(', '),
      inFlight: counter.inFlight,
      oldestMs: oldest === undefined ? 0 : now - oldest.sentAt,
      timeoutMs,
      limit: dispatcher.limit(position),
      waiting: dispatcher.waiting(position),
      requests: counter.requests,
      succeeded: counter.succeeded,
      throttled: counter.throttled,
      failed: counter.failed,
      inputTokens: counter.inputTokens,
      outputTokens: counter.outputTokens,
      // Quiet only while all of them are.
      coolDownMs: Math.min(...inUse.map(({ limiters }) => quietMs(limiters, now))),
      requestsPerMinute: sumOfRates(inUse, 'requests'),
      tokensPerMinute: sumOfRates(inUse, 'tokens'),
      heldBy: held !== null && held.closedUntil > now ? 'cool-down' : (held?.counts ?? null),
      outage: resources.outageOf(position),
      stopped: counter.stopped?.message ?? null,
    }
  })
}

function quietMs(limiters: readonly Limiter[], now: number): number {
  return Math.max(now, ...limiters.map(({ closedUntil }) => closedUntil)) - now
}

/** Null where one of the choices has no such limit. */
function sumOfRates(choices: readonly Choice[], counts: Limiter['counts']): number | null {
  let sum = 0
  for (const { limiters } of choices) {
    const rate = lowestRate(limiters, counts)
    if (rate === null) return null
    sum += rate
  }
  return sum
}

function lowestRate(limiters: readonly Limiter[], counts: Limiter['counts']): number | null {
  const rates = limiters.flatMap((limiter) =>
    limiter.counts === counts && limiter.perMinute !== null ? [limiter.perMinute] : [],
  )
  return rates.length === 0 ? null : Math.min(...rates)
}
