import type { RouteOptions } from '../limits/lanes.ts'
import { createConcurrencyLimiter } from '../limits/limiter.ts'
import type { GraphColumn } from '../graph/graph.ts'
import type { ColumnRoute } from '../graph/kind.ts'
import type { Route } from './route.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

/**
 * Lines in which task cells and frames wait to start: they hold no unit of a model while at work.
 * Like every line they stand still while nothing may be sent.
 */
export interface StartRoutes {
  readonly routes: readonly RouteOptions[]
  /** Position in `routes` of the line of a column; throws for columns that have none. */
  positionOf(local: number): number
  /** Positions of the lines whose cells can't be made without a route: none starts once it has stopped. */
  behind(route: number): readonly number[]
}

/** Open cells per request its routes allow at once: some think while others are in flight. */
const OPEN_CELLS_PER_UNIT = 2

export function createStartRoutes(
  work: WorkGraph,
  routes: readonly Route[],
  localWorkers: number,
): StartRoutes {
  const local = createConcurrencyLimiter({ name: 'local work', cap: localWorkers })
  const positions = new Map<number, number>()
  const behind = new Map<number, number[]>()
  const lines: RouteOptions[] = []
  for (const { local: at, column } of work.columns.filter(waitsToStart)) {
    positions.set(at, lines.length)
    const positionsOf = (used: readonly ColumnRoute[]): number[] =>
      used.map((one) => routes.findIndex(({ name }) => name === one.name))
    const watched = positionsOf(column.routes.filter(({ isFollowUp }) => isFollowUp !== true))
    for (const route of positionsOf(
      column.routes.filter(({ isFollowUp }) => isFollowUp === true),
    )) {
      behind.set(route, [...(behind.get(route) ?? []), lines.length])
    }
    if (column.by === 'column' || watched.length === 0) {
      lines.push({ name: column.name, choices: [{ limiters: [local], weight: 1 }] })
      continue
    }
    const units = watched.reduce((sum, route) => sum + capOf(routes[route] as Route), 0)
    const cap = OPEN_CELLS_PER_UNIT * units
    const open = createConcurrencyLimiter({ name: `open cells of ${column.name}`, cap })
    lines.push({
      name: column.name,
      choices: [{ limiters: [open], weight: 1 }],
      whileAnyOf: watched,
    })
  }
  return {
    routes: lines,
    positionOf(at) {
      const position = positions.get(at)
      if (position === undefined) throw new Error(`column ${at} has no line to start in`)
      return position
    },
    behind: (route) => behind.get(route) ?? [],
  }
}

/** Its requests stand in the lines of their routes from the beginning. */
export function goesStraight({ requests }: GraphColumn): boolean {
  return requests === 'one' || requests === 'shared'
}

function waitsToStart({ column }: WorkColumn): boolean {
  if (column.producer !== null) return false
  return column.by === 'column' || (column.by === 'cell' && !goesStraight(column))
}

/** Not the limit of this moment: an endpoint that starts slowly opens up later. */
function capOf({ choices }: Route): number {
  const sum = choices.reduce(
    (all, { limiters }) => all + Math.min(...limiters.map(({ cap }) => cap)),
    0,
  )
  // What all of them share, as the alias's own cap, holds for them together.
  const shared = (choices[0]?.limiters ?? []).filter((limiter) =>
    choices.every(({ limiters }) => limiters.includes(limiter)),
  )
  return Math.min(sum, ...shared.map(({ cap }) => cap))
}
