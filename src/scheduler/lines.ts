import type { RouteState } from './opening.ts'
import type { Sending } from './sending.ts'
import { goesStraight } from './start-routes.ts'
import type { WorkColumn } from './work-graph.ts'

/** The state of the lines in which cells of some columns wait, always of this moment. */
export type LinesOf = (columns: readonly WorkColumn[]) => readonly RouteState[]

export function createLinesOf(sending: Sending): LinesOf {
  return (columns) =>
    linePositions(columns, sending).map((position) => new LineState(sending, position))
}

class LineState implements RouteState {
  readonly #sending: Sending
  readonly #position: number

  constructor(sending: Sending, position: number) {
    this.#sending = sending
    this.#position = position
  }

  get isIdle(): boolean {
    return !this.#sending.isLooking() && this.#sending.dispatcher.isIdle(this.#position)
  }

  get waiting(): number {
    // What waits for nothing any more keeps no one from the other lines.
    if (this.#sending.isStopped(this.#position)) return 0
    return this.#sending.dispatcher.waiting(this.#position)
  }

  get limit(): number {
    return this.#sending.dispatcher.limit(this.#position)
  }
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
