import type { ColumnProgress, RouteProgress, Snapshot } from '../scheduler/scheduler-event.ts'

/** A moment of an engine that continued where another one had ended: what counts up counts over both. */
export function addSnapshots(earlier: Snapshot, now: Snapshot): Snapshot {
  return {
    ...now,
    columns: now.columns.map((column, at) => addColumns(earlier.columns[at], column)),
    routes: now.routes.map((route, at) => addRoutes(earlier.routes[at], route)),
    newest: now.newest ?? earlier.newest,
    rows: {
      ...now.rows,
      decided: earlier.rows.decided + now.rows.decided,
      dropped: earlier.rows.dropped + now.rows.dropped,
      rejected: earlier.rows.rejected + now.rows.rejected,
    },
  }
}

function addColumns(earlier: ColumnProgress | undefined, now: ColumnProgress): ColumnProgress {
  if (earlier === undefined) return now
  return {
    ...now,
    // Cells of the first one are known to the second where their rows were not decided.
    known: earlier.known,
    made: earlier.made + now.made,
    skipped: earlier.skipped + now.skipped,
    failed: earlier.failed + now.failed,
    unneeded: earlier.unneeded + now.unneeded,
  }
}

function addRoutes(earlier: RouteProgress | undefined, now: RouteProgress): RouteProgress {
  if (earlier === undefined) return now
  return {
    ...now,
    requests: earlier.requests + now.requests,
    succeeded: earlier.succeeded + now.succeeded,
    cached: earlier.cached + now.cached,
    throttled: earlier.throttled + now.throttled,
    failed: earlier.failed + now.failed,
    inputTokens: earlier.inputTokens + now.inputTokens,
    outputTokens: earlier.outputTokens + now.outputTokens,
    cost: earlier.cost === null && now.cost === null ? null : (earlier.cost ?? 0) + (now.cost ?? 0),
  }
}
