import type { RouteProgress, Snapshot } from '../scheduler/scheduler-event.ts'
import { createEstimate, endedCells } from './estimate.ts'
import { createLimitHint } from './limit-hint.ts'
import { cellsText, headline, type Moment, panel, type RunFacts, spentText } from './panel.ts'
import { waitsFor } from './route-lines.ts'
import type { Screen } from './terminal.ts'
import { rate } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import { waitsOf } from './waits.ts'

/** Shows how a run stands: repainted in place on a terminal, a line now and then elsewhere. */
export interface ProgressView {
  show(snapshot: Snapshot): void
  close(): void
}

export interface ProgressOptions {
  screen: Screen
  facts: RunFacts
  now: () => number
  /** Between two lines on a plain stream, while something happens. */
  intervalMs: number
}

/** Longest silence on a plain stream while nothing happens. */
export const LONGEST_SILENCE_MS = 10_000
/** Columns and models shown on a line. */
const MOST_COLUMNS = 4
const MOST_ROUTES = 6

export function createProgress({ screen, facts, now, intervalMs }: ProgressOptions): ProgressView {
  const estimate = createEstimate()
  const limitHint = createLimitHint()
  const began = now()
  let lastLine = began
  let ended = 0
  let endedAt = now()
  let drainingSince: number | null = null

  function momentOf(snapshot: Snapshot, at: number): Moment & { stillMs: number } {
    const sum = endedIn(snapshot)
    if (sum !== ended) endedAt = at
    ended = sum
    if (snapshot.draining) drainingSince ??= at
    const stillMs = at - endedAt
    const drainingMs = at - (drainingSince ?? at)
    const waits = waitsOf({ snapshot, stillMs, drainingMs })
    const elapsedMs = at - began
    return { snapshot, estimate: estimate(snapshot, at), facts, waits, stillMs, elapsedMs }
  }

  return {
    show(snapshot) {
      const at = now()
      const moment = momentOf(snapshot, at)
      const hint = limitHint(moment)
      if (hint !== null) screen.print(screen.style('yellow', hint))
      if (screen.live) {
        screen.paint(panel(moment, screen))
        return
      }
      const standing = moment.stillMs >= LONGEST_SILENCE_MS
      const pause = standing ? Math.min(intervalMs, LONGEST_SILENCE_MS) : intervalMs
      if (at - lastLine < pause) return
      lastLine = at
      screen.print(line(moment))
    },
    close() {
      screen.clear()
    },
  }
}

/** Grows whenever anything ends. */
function endedIn({ columns, routes, rows }: Snapshot): number {
  const cells = columns.reduce((sum, column) => sum + endedCells(column), rows.decided)
  return routes.reduce(
    (sum, { succeeded, failed, throttled }) => sum + succeeded + failed + throttled,
    cells,
  )
}

/** All of it on one line of a log. */
function line(moment: Moment): string {
  const { snapshot, facts, waits } = moment
  const head = headline(moment).map(({ text }) => text)
  const busy = snapshot.routes.filter(({ inFlight, stopped }) => inFlight > 0 || stopped !== null)
  const routes = (busy.length > 0 ? busy : snapshot.routes).slice(0, MOST_ROUTES).map(routeInLine)
  if (snapshot.routes.length > MOST_ROUTES) {
    routes.push(`${routes.length} of ${snapshot.routes.length} models`)
  }
  const spent = spentText(moment)
  return [
    `${visibleLine(facts.name)}: ${head.join(', ')}`,
    ...cellsInLine(moment),
    ...(routes.length > 0 ? [`in flight: ${routes.join(', ')}`] : []),
    ...(spent === null ? [] : [spent]),
    ...waits.map(visibleLine),
  ].join('; ')
}

/** Where no row ends yet, the cells say that work continues. */
function cellsInLine(moment: Moment): string[] {
  const { snapshot, estimate } = moment
  if ((estimate.rowsPerSecond ?? 0) > 0) return []
  return snapshot.columns
    .map((column, position) => ({ column, perSecond: estimate.cellsPerSecond[position] ?? 0 }))
    .filter(({ column, perSecond }) => column.scheduled && perSecond > 0)
    .slice(0, MOST_COLUMNS)
    .map(
      ({ column, perSecond }) =>
        `${visibleLine(column.name)} ${cellsText(column, moment)} at ${rate(perSecond)}`,
    )
}

function routeInLine(route: RouteProgress): string {
  const name = visibleLine(route.name)
  if (route.stopped !== null) return `${name} stopped`
  const held = waitsFor(route)
  return `${name} ${route.inFlight}/${route.limit}${held === '' ? '' : `, waiting${held}`}`
}
