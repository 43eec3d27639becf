/** What opening the next group is decided from. Rows and bytes, not groups: size does not matter. */
export interface OpeningState {
  openGroups: number
  /** Rows of open groups and rows handed to the writer, until their part commits. */
  rowsHeld: number
  bytesHeld: number
  /** Parts handed to the writer and not committed. */
  writing: number
  /** Routes the next group's first journaled cells use; empty when they use none, or there are none. */
  firstRoutes: readonly RouteState[]
  /** Every route of the graph. */
  routes: readonly RouteState[]
  /** The next group belongs to a frame that was started: it is admitted whole. */
  frameStarted: boolean
}

export interface RouteState {
  /** Whether a request could leave now, and nobody waits that could take it. */
  isIdle: boolean
  waiting: number
  /** Requests the route allows at once. */
  limit: number
}

export interface OpeningBudget {
  maxRows: number
  maxBytes: number
  /** Parts being written at which groups whose first cells use no route wait. */
  maxWriting: number
  /** A line is long when more than this many times its cap waits in it. */
  lineFactor: number
}

/**
 * Why the next group is to be opened now, or null when it is to wait.
 *
 * - `none-open` (a): nothing else could make progress (beside the writer, whose commit would);
 * - `idle-route` (b): a route its first journaled cells use could send now and has nobody waiting;
 * - `writer-free` (c): it has no such cells, and the writer keeps up;
 * - `frame-started`: whole-column work needs the rest of its frame.
 */
export function reasonToOpen(
  state: OpeningState,
  budget: OpeningBudget,
  nextRows: number,
): 'none-open' | 'idle-route' | 'writer-free' | 'frame-started' | null {
  if (state.frameStarted) return 'frame-started'
  const routeless = state.firstRoutes.length === 0
  if (state.openGroups === 0 && state.writing === 0) return 'none-open'
  if (
    routeless ? state.writing >= budget.maxWriting : !state.firstRoutes.some(({ isIdle }) => isIdle)
  )
    return null
  if (state.rowsHeld + nextRows > budget.maxRows || state.bytesHeld > budget.maxBytes) return null
  for (const route of state.routes) {
    if (route.waiting > budget.lineFactor * route.limit) return null
  }
  if (routeless) return 'writer-free'
  return state.openGroups === 0 ? 'none-open' : 'idle-route'
}
