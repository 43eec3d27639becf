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
  /** Whether a request could leave now, and no one waits that could take it. */
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
 * - `none-open` (a): nothing else could make progress (in addition to the writer, whose commit would);
 * - `idle-route` (b): a route its first journaled cells use could send now and has no one waiting;
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
  const mayOpen = routeless ? state.writing < budget.maxWriting : isOneIdle(state.firstRoutes)
  if (!mayOpen) return null
  if (state.rowsHeld + nextRows > budget.maxRows || state.bytesHeld > budget.maxBytes) return null
  if (isOneLong(state.routes, budget.lineFactor)) return null
  if (routeless) return 'writer-free'
  return state.openGroups === 0 ? 'none-open' : 'idle-route'
}

/** What beginning the next row of an open group is decided from. */
export interface BeginningState {
  /** Rows that have begun and not ended. */
  begun: number
  bytesHeld: number
  /** Bytes of a row when it ends, as the latest had them. */
  meanBytes: number
  /** Routes its first journaled cells use. */
  lines: readonly RouteState[]
  /** Every route of the graph. */
  routes: readonly RouteState[]
}

/**
 * Whether the next row begins now: when nothing else could make progress, or when one of its first
 * lines would be idle without it and its bytes fit. What has begun always continues, so it can't lock.
 */
export function mayBegin(state: BeginningState, { maxBytes, lineFactor }: OpeningBudget): boolean {
  const { begun, bytesHeld, meanBytes, lines, routes } = state
  if (begun === 0) return true
  if (bytesHeld > maxBytes || (begun + 1) * meanBytes > maxBytes) return false
  if (lines.length === 0) return true
  return isOneIdle(lines) && !isOneLong(routes, lineFactor)
}

// Loops, because they are asked with every reply.
export function isOneIdle(routes: readonly RouteState[]): boolean {
  for (const route of routes) if (route.isIdle) return true
  return false
}

function isOneLong(routes: readonly RouteState[], lineFactor: number): boolean {
  for (const route of routes) if (isLong(route, lineFactor)) return true
  return false
}

function isLong({ waiting, limit }: RouteState, lineFactor: number): boolean {
  return waiting > lineFactor * limit
}
