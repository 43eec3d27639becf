import type { RouteState } from './opening.ts'
import type { Sending } from './sending.ts'
import { goesStraight } from './start-routes.ts'
import type { WorkColumn } from './work-graph.ts'

/** The state of the lines in which cells of some columns wait, always of this moment. */
export type LinesOf = (columns: readonly WorkColumn[]) => readonly RouteState[]

export function createLinesOf(sending: Sending): LinesOf {
  const { dispatcher } = sending
  return (columns) =>
    linePositions(columns, sending).map((position) => ({
      get isIdle() {
        return !sending.isLooking && dispatcher.isIdle(position)
      },
      get waiting() {
        // What waits for nothing any more keeps nobody from the other lines.
        return sending.isStopped(position) ? 0 : dispatcher.waiting(position)
      },
      get limit() {
        return dispatcher.limit(position)
      },
    }))
}

/** Positions of the dispatcher's routes, each once. */
function linePositions(columns: readonly WorkColumn[], sending: Sending): number[] {
  const positions = columns
    .filter(({ column }) => column.by !== 'row' && column.producer === null)
    .flatMap(({ local, column }) =>
      column.by === 'cell' && goesStraight(column)
        ? column.routes.map(({ name }) => sending.routeOf(name))
        : [sending.startRouteOf(local)],
    )
  return [...new Set(positions)]
}
