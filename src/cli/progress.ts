import type { ColumnProgress, RouteProgress, Snapshot } from '../scheduler/events.ts'
import { counted, compact, duration, grouped, rate } from '../util/format.ts'
import type { Screen } from './terminal.ts'

/** What the panel knows beside the snapshot. */
interface RunFacts {
  name: string
  /** Rows planned, and rows that had an outcome when the run was opened. */
  rows: number
  decidedBefore: number
  startedMs: number
}

/** Shows how a run stands: repainted in place on a terminal, a line now and then elsewhere. */
export interface ProgressView {
  show(snapshot: Snapshot): void
  close(): void
}

export interface ProgressOptions {
  screen: Screen
  facts: RunFacts
  now: () => number
  /** Between two lines on a plain stream. */
  intervalMs: number
}

/** Rates are those of this long, so that they follow what happens now. */
const RATE_WINDOW_MS = 20_000

interface Sample {
  at: number
  decided: number
  made: readonly number[]
}

export function createProgress({ screen, facts, now, intervalMs }: ProgressOptions): ProgressView {
  const samples: Sample[] = []
  let lastLine = now()

  function sample({ rows, columns }: Snapshot): Sample {
    const at = now()
    samples.push({
      at,
      decided: rows.decided,
      made: columns.map(({ made, skipped, failed }) => made + skipped + failed),
    })
    while (samples.length > 2 && (samples[1] as Sample).at < at - RATE_WINDOW_MS) samples.shift()
    return samples[0] as Sample
  }

  return {
    show(snapshot) {
      const since = sample(snapshot)
      if (screen.live) {
        screen.paint(panel(snapshot, since, facts, now(), screen))
      } else if (now() - lastLine >= intervalMs) {
        lastLine = now()
        screen.print(line(snapshot, since, facts, now()))
      }
    },
    close() {
      screen.clear()
    },
  }
}

function panel(
  snapshot: Snapshot,
  since: Sample,
  facts: RunFacts,
  now: number,
  screen: Screen,
): string[] {
  const seconds = (now - since.at) / 1000
  const names = snapshot.columns.filter(({ scheduled }) => scheduled)
  const width = Math.max(
    4,
    ...names.map(({ name }) => name.length),
    ...snapshot.routes.map(({ name }) => name.length),
  )
  const total = facts.rows - facts.decidedBefore
  const columns = aligned(
    snapshot.columns.flatMap((column, index) =>
      column.scheduled ? [columnCells(column, total, since.made[index] ?? 0, seconds)] : [],
    ),
  ).map((text, index) => `  ${(names[index]?.name ?? '').padEnd(width)}  ${text}`)
  const routes = snapshot.routes.map(
    (route) => `  ${route.name.padEnd(width)}  ${routeText(route, screen)}`,
  )
  return [
    `${screen.style('bold', facts.name)}  ${headline(snapshot, since, facts, now)}`,
    ...columns,
    ...routes,
    ...waitingText(snapshot).map((text) => `  ${screen.style('dim', text)}`),
  ]
}

function headline({ rows }: Snapshot, since: Sample, facts: RunFacts, now: number): string {
  const done = facts.decidedBefore + rows.decided
  const share = facts.rows === 0 ? 100 : Math.floor((100 * done) / facts.rows)
  const seconds = (now - since.at) / 1000
  const perSecond = seconds > 0 ? (rows.decided - since.decided) / seconds : 0
  const left = perSecond > 0 ? `, ${duration(rows.remaining / perSecond)} left` : ''
  const dropped = rows.dropped > 0 ? `, ${grouped(rows.dropped)} dropped` : ''
  return `${grouped(done)} of ${counted(facts.rows, 'row')} (${share} %), ${rate(perSecond)}${left}${dropped}`
}

/** Lines of a table whose first two cells are numbers. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1].map((at) => Math.max(0, ...rows.map((cells) => cells[at]?.length ?? 0)))
  return rows.map((cells) => cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  '))
}

function columnCells(
  { made, skipped, failed }: ColumnProgress,
  total: number,
  before: number,
  seconds: number,
): string[] {
  const done = made + skipped + failed
  const perSecond = seconds > 0 ? (done - before) / seconds : 0
  const notes = [
    ...(skipped > 0 ? [`${grouped(skipped)} skipped`] : []),
    ...(failed > 0 ? [`${grouped(failed)} failed`] : []),
  ]
  return [`${grouped(done)}/${grouped(total)}`, done < total ? rate(perSecond) : 'done', ...notes]
}

function routeText(route: RouteProgress, screen: Screen): string {
  if (route.stopped !== null) return screen.style('red', 'stopped')
  const notes = [
    `${route.inFlight}/${route.limit} in flight`,
    ...(route.waiting > 0 ? [`${grouped(route.waiting)} waiting${waitsFor(route)}`] : []),
    ...ratesText(route),
    ...(route.throttled > 0 ? [`${grouped(route.throttled)} × 429`] : []),
    ...(route.failed > 0 ? [`${grouped(route.failed)} failed`] : []),
    ...(route.outputTokens > 0 ? [`${compact(route.outputTokens)} tokens out`] : []),
  ]
  return notes.join(', ')
}

/** Units in flight are shown beside it anyway, and a cool-down has a line of its own. */
function waitsFor({ heldBy }: RouteProgress): string {
  return heldBy === 'requests' || heldBy === 'tokens' ? ` for ${heldBy}/min` : ''
}

/** What is allowed in a minute: `at most 600 requests/min, 100 k tokens/min`. */
function ratesText({ requestsPerMinute, tokensPerMinute }: RouteProgress): string[] {
  const rates = [
    ...(requestsPerMinute === null ? [] : [`${compact(requestsPerMinute)} requests/min`]),
    ...(tokensPerMinute === null ? [] : [`${compact(tokensPerMinute)} tokens/min`]),
  ]
  return rates.length === 0 ? [] : [`at most ${rates.join(' and ')}`]
}

/** What keeps a run that seems to stand still. */
function waitingText(snapshot: Snapshot): string[] {
  const inFlight = snapshot.routes.reduce((sum, route) => sum + route.inFlight, 0)
  if (snapshot.draining)
    return [`stopping: waiting for ${counted(inFlight, 'request')} on the wire`]
  const texts = snapshot.routes
    .filter(({ coolDownMs, stopped }) => coolDownMs > 500 && stopped === null)
    .map(({ name, coolDownMs }) => `${name} asked for quiet: ${duration(coolDownMs / 1000)} to go`)
  if (snapshot.backingOff > 0) {
    texts.push(`${counted(snapshot.backingOff, 'request')} failed and will be tried again`)
  }
  if (snapshot.partsWriting > 0 && inFlight === 0) texts.push('writing parts')
  return texts
}

function line(snapshot: Snapshot, since: Sample, facts: RunFacts, now: number): string {
  const routes = snapshot.routes.map(routeInLine)
  const parts = [
    `${facts.name}: ${headline(snapshot, since, facts, now)}`,
    ...(routes.length > 0 ? [`in flight: ${routes.join(', ')}`] : []),
    ...waitingText(snapshot),
  ]
  return parts.join('; ')
}

function routeInLine(route: RouteProgress): string {
  if (route.stopped !== null) return `${route.name} stopped`
  const held = waitsFor(route)
  return `${route.name} ${route.inFlight}/${route.limit}${held === '' ? '' : `, waiting${held}`}`
}
