import type { RouteOptions } from '../limits/dispatcher.ts'
import { createConcurrencyLimiter } from '../limits/limiter.ts'
import type { Route } from './routes.ts'
import type { WorkGraph } from './work-graph.ts'

/** Lines in which cells of task columns wait to start: they hold no unit of a model while open. */
export interface StartRoutes {
  readonly routes: readonly RouteOptions[]
  /** Position in `routes` of the line of a task column. */
  positionOf(local: number): number
}

/** Open cells per request its routes allow at once: some think while others are on the wire. */
const OPEN_CELLS_PER_UNIT = 2

export function createStartRoutes(
  work: WorkGraph,
  routes: readonly Route[],
  localWorkers: number,
): StartRoutes {
  const local = createConcurrencyLimiter({ name: 'local work', cap: localWorkers })
  const positions = new Map<number, number>()
  const lines: RouteOptions[] = []
  for (const { local: at, column } of work.columns) {
    if (column.by !== 'cell' || column.requests === 'one' || column.producer !== null) continue
    positions.set(at, lines.length)
    const watched = column.routes.map((alias) => routes.findIndex(({ name }) => name === alias))
    if (watched.length === 0) {
      lines.push({ name: column.name, limiters: [local] })
      continue
    }
    const units = watched.reduce((sum, route) => sum + capOf(routes[route] as Route), 0)
    const cap = OPEN_CELLS_PER_UNIT * units
    const open = createConcurrencyLimiter({ name: `open cells of ${column.name}`, cap })
    lines.push({ name: column.name, limiters: [open], whileAnyOf: watched })
  }
  return {
    routes: lines,
    positionOf(at) {
      const position = positions.get(at)
      if (position === undefined) throw new Error(`column ${at} has no line to start in`)
      return position
    },
  }
}

function capOf({ limiters }: Route): number {
  return Math.min(...limiters.map(({ limit }) => limit))
}
