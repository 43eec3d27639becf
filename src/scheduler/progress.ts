import type { Graph } from '../graph/graph.ts'
import type { Dispatcher } from '../limits/dispatcher.ts'
import type { Waiting } from '../limits/line.ts'
import type { Clock } from '../util/clock.ts'
import type { ColumnProgress, RouteProgress } from './events.ts'
import type { Route, RouteCounters } from './routes.ts'
import type { WorkGraph } from './work-graph.ts'

/** How many cells of a column ended how since the run was opened. */
export interface CellCounts {
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
    .filter(({ producer }) => producer === null)
    .map(({ id, name }) => ({
      name,
      scheduled: (work.localOf[id] as number) >= 0,
      ...(counts[id] as CellCounts),
    }))
}

export function routeProgress(
  routes: readonly Route[],
  counters: readonly RouteCounters[],
  dispatcher: Dispatcher<Waiting>,
  clock: Clock,
): RouteProgress[] {
  const now = clock.now()
  return routes.map(({ name, endpoint }, position) => {
    const counter = counters[position] as RouteCounters
    const readyAt = dispatcher.readyAt(position)
    return {
      name,
      endpoint,
      inFlight: counter.inFlight,
      limit: dispatcher.limit(position),
      waiting: dispatcher.waiting(position),
      requests: counter.requests,
      succeeded: counter.succeeded,
      throttled: counter.throttled,
      failed: counter.failed,
      inputTokens: counter.inputTokens,
      outputTokens: counter.outputTokens,
      coolDownMs: readyAt === Infinity ? 0 : Math.max(0, readyAt - now),
      stopped: counter.stopped?.message ?? null,
    }
  })
}
