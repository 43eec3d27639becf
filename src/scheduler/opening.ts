/** What opening the next group is decided from. Rows and bytes, not groups: size does not matter. */
export interface OpeningState {
  openGroups: number
  /** The graph has no journaled cells. */
  pure: boolean
  /** Row-wise cells that may still feed a line. */
  rowWorkPending: boolean
  /** Rows of open groups and rows handed to the writer, until their part commits. */
  rowsHeld: number
  bytesHeld: number
  /** Parts handed to the writer and not committed. */
  writing: number
  /** Routes the next group's first journaled cells use. */
  firstRoutes: readonly RouteState[]
  /** Every route of the graph. */
  routes: readonly RouteState[]
  /** The next group belongs to a frame that was started: it is admitted whole. */
  frameStarted: boolean
}

export interface RouteState {
  /** Whether a request could leave now. */
  couldSend: boolean
  waiting: number
  /** Requests the route allows at once. */
  limit: number
}

export interface OpeningBudget {
  maxRows: number
  maxBytes: number
  /** Parts being written before groups without journaled cells wait. */
  maxWriting: number
  /** A line is long when more than this many times its cap waits in it. */
  lineFactor: number
}

/**
 * Why the next group is to be opened now, or null when it is to wait.
 *
 * - `none-open` (a): nothing else could make progress;
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
  const { pure } = state
  if (pure && state.writing >= budget.maxWriting) return null
  if (state.openGroups === 0 && (state.writing === 0 || !pure)) return 'none-open'
  if (state.rowsHeld + nextRows > budget.maxRows || state.bytesHeld > budget.maxBytes) return null
  if (state.rowWorkPending) return null
  if (pure) return 'writer-free'
  if (state.routes.some((route) => route.waiting > budget.lineFactor * route.limit)) return null
  const idle = state.firstRoutes.some((route) => route.couldSend && route.waiting === 0)
  return idle ? 'idle-route' : null
}
