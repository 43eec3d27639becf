import type { Limiter } from './limiter.ts'
import { createLine, type Line, type Waiting } from './line.ts'

/** One way that requests of a route may go. */
export interface ChoiceOptions {
  /** A request needs a unit of each, all at once. */
  readonly limiters: readonly Limiter[]
  /** Its share of the requests where several choices could take one; above 0. */
  readonly weight: number
}

/** Where work may go. */
export interface RouteOptions {
  readonly name: string
  /** At least one. */
  readonly choices: readonly ChoiceOptions[]
  /**
   * Positions of other routes, without such a separate condition: work starts only while one
   * of them could send and has no one waiting. For cells that queue their requests there later.
   */
  readonly whileAnyOf?: readonly number[]
}

/**
 * Waiting work of a route. A route of one choice has one lane; others have one more for each choice,
 * with the work that is to avoid it, so that this work holds up nothing else.
 */
export interface Lane<Work extends Waiting> {
  readonly route: number
  readonly choices: readonly ChoiceOptions[]
  /** Position of a choice; -1 for none. */
  readonly avoids: number
  readonly line: Line<Work>
}

/** The lanes of all routes, and the position of each route's first one. */
export function lanesOf<Work extends Waiting>(
  routes: readonly RouteOptions[],
): { lanes: Lane<Work>[]; firstLane: number[] } {
  const lanes: Lane<Work>[] = []
  const firstLane = routes.map(({ choices }, route) => {
    if (choices.length === 0) throw new Error(`route ${routes[route]?.name} leads nowhere`)
    const avoided = choices.length === 1 ? [] : choices.map((_, choice) => choice)
    const first = lanes.length
    for (const avoids of [-1, ...avoided]) {
      lanes.push({ route, choices, avoids, line: createLine<Work>() })
    }
    return first
  })
  return { lanes, firstLane }
}

/** Lanes to look at again when a unit of a route's choice is freed. */
export function neighboursOf(
  routes: readonly RouteOptions[],
  lanes: readonly { route: number }[],
): number[][][] {
  return routes.map(({ choices }, index) =>
    choices.map(({ limiters }) => {
      const near = new Set<number>([index])
      routes.forEach((other, position) => {
        if (other.choices.some((each) => each.limiters.some((one) => limiters.includes(one)))) {
          near.add(position)
        }
      })
      routes.forEach(({ whileAnyOf }, position) => {
        if (whileAnyOf?.some((watched) => near.has(watched))) near.add(position)
      })
      return lanes.flatMap(({ route }, lane) => (near.has(route) ? [lane] : []))
    }),
  )
}

/** Lanes to look at again when one of a route's lines has become empty. */
export function watchersOf(
  routes: readonly RouteOptions[],
  lanes: readonly { route: number }[],
): number[][] {
  return routes.map((_, index) =>
    lanes.flatMap(({ route }, lane) => (routes[route]?.whileAnyOf?.includes(index) ? [lane] : [])),
  )
}
