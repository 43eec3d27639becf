import type { CandidateProgress } from '../plan/candidates.ts'
import type { ColumnProgress, RouteProgress, Snapshot } from '../scheduler/scheduler-event.ts'
import { cellsLeft, endedCells, type Estimate } from './estimate.ts'
import { fit, piece, type Piece } from './fit-pieces.ts'
import type { Screen } from './terminal.ts'
import { compact, counted, duration, grouped, percent, rate } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import { waitingLines } from './waiting-lines.ts'
import { cut, padEnd, padStart, widthOf } from './width.ts'

/** What is known of a run beside its snapshots. */
export interface RunFacts {
  name: string
  /** Rows planned, and rows that had an outcome when the run was opened. */
  rows: number
  decidedBefore: number
}

/** A moment of a run at work. */
export interface Moment {
  snapshot: Snapshot
  estimate: Estimate
  facts: RunFacts
  /** What keeps it, in words. */
  waits: readonly string[]
  /** Since this session began to make rows. */
  elapsedMs: number
}

/** The lines repainted on a terminal: never more than it has, each as wide as it is. */
export function panel(moment: Moment, screen: Screen): string[] {
  const { snapshot, facts, waits } = moment
  // The cursor stands below, and the last column stays free.
  const height = Math.max(1, screen.height - 1)
  const width = Math.max(1, screen.width - 1)
  const name = visibleLine(facts.name)
  const told = `${name}  ${fit([...headline(moment), ...elapsedPiece(moment)], width - widthOf(name) - 2)}`
  const head = told + bar(moment, width - widthOf(told))
  const waiting = waitingLines(waits, {
    width: Math.max(1, width - 2),
    most: Math.floor(height / 3),
  })
  const free = freeColumns(snapshot)
  const isFree = new Set(free.map((column) => column.name))
  const freeLine = free.length === 0 ? [] : [freeText(free, snapshot)]
  const room = height - 1 - waiting.length - freeLine.length
  const columns = snapshot.columns
    .map((column, position) => ({
      column,
      perSecond: moment.estimate.cellsPerSecond[position] ?? null,
    }))
    .filter(({ column }) => column.scheduled && !isFree.has(column.name))
  const routeRoom = Math.min(snapshot.routes.length, Math.max(1, Math.floor(room / 2)))
  const shownColumns = select(columns, Math.max(0, room - routeRoom), ({ column, perSecond }) =>
    urgency(column, perSecond, snapshot),
  )
  const shownRoutes = select(snapshot.routes, room - linesOf(shownColumns, columns), routeUrgency)
  const names = Math.min(
    Math.max(8, Math.floor(width / 3)),
    Math.max(
      4,
      ...shownColumns.map(({ column }) => widthOf(visibleLine(column.name))),
      ...shownRoutes.map((route) => widthOf(visibleLine(route.name))),
    ),
  )
  const named = (text: string): string => `  ${padEnd(cut(visibleLine(text), names), names)}  `
  const left = width - names - 4
  return [
    screen.style('bold', name) + head.slice(name.length),
    ...freeLine.map((text) => `  ${cut(text, width - 2)}`),
    ...columnLines(shownColumns, snapshot, left).map(
      (text, at) => named(shownColumns[at]?.column.name ?? '') + text,
    ),
    ...moreText(columns.length - shownColumns.length, 'column'),
    ...shownRoutes.map((route) => named(route.name) + routeText(route, screen, left)),
    ...moreText(snapshot.routes.length - shownRoutes.length, 'model'),
    ...waiting.map((text) => `  ${screen.style('dim', text)}`),
  ].slice(0, height)
}

/** Columns that no model is asked for and that work as they should: where there are several, one line has them. */
function freeColumns(snapshot: Snapshot): ColumnProgress[] {
  const free = snapshot.columns.filter(
    ({ scheduled, routes, failed }) => scheduled && routes.length === 0 && failed === 0,
  )
  return free.length > 1 ? free : []
}

function freeText(free: readonly ColumnProgress[], snapshot: Snapshot): string {
  const left = free.filter((column) => cellsLeft(column, snapshot) > 0).length
  const state = left === 0 ? 'done' : `${free.length - left} done`
  const names = free.map(({ name }) => visibleLine(name)).join(', ')
  return `${counted(free.length, 'column')} without a model: ${state} (${names})`
}

function elapsedPiece({ elapsedMs }: Moment): Piece[] {
  return elapsedMs < SHOWN_FROM_MS ? [] : [piece(`after ${duration(elapsedMs / 1000)}`, 4)]
}

/** What is over sooner needs no clock. */
const SHOWN_FROM_MS = 1_000
const NARROWEST_BAR = 8
const WIDEST_BAR = 30

/** How much of the rows is decided, in what is left of the first line. */
function bar({ snapshot, facts }: Moment, room: number): string {
  const width = Math.min(WIDEST_BAR, room - 2)
  if (width < NARROWEST_BAR || facts.rows === 0) return ''
  const share = Math.min(1, (facts.decidedBefore + snapshot.rows.decided) / facts.rows)
  const full = Math.floor(share * width)
  return `  ${'━'.repeat(full)}${'─'.repeat(width - full)}`
}

/** As many as there is room for, with a line for the others; those that matter most, in their order. */
function select<Item>(
  items: readonly Item[],
  room: number,
  urgencyOf: (item: Item) => number,
): Item[] {
  if (items.length <= room) return [...items]
  const chosen = new Set(
    items
      .map((item, at) => ({ at, urgency: urgencyOf(item) }))
      .toSorted((one, other) => other.urgency - one.urgency || one.at - other.at)
      .slice(0, Math.max(0, room - 1))
      .map(({ at }) => at),
  )
  return items.filter((_, at) => chosen.has(at))
}

function linesOf(shown: readonly unknown[], all: readonly unknown[]): number {
  return shown.length + (shown.length < all.length ? 1 : 0)
}

function moreText(count: number, noun: string): string[] {
  return count > 0 ? [`  … +${counted(count, noun)}`] : []
}

function urgency(column: ColumnProgress, perSecond: number | null, snapshot: Snapshot): number {
  const works = cellsLeft(column, snapshot) > 0
  return (works ? 4 : 0) + (works && (perSecond ?? 0) > 0 ? 2 : 0) + (column.failed > 0 ? 1 : 0)
}

function routeUrgency({ stopped, coolDownMs, inFlight, waiting }: RouteProgress): number {
  return (
    (stopped !== null ? 8 : 0) +
    (coolDownMs > 0 ? 4 : 0) +
    (inFlight > 0 ? 2 : 0) +
    (waiting > 0 ? 1 : 0)
  )
}

/** Never 100 % before the end: rows whose outcome is known are still to be written. */
export function headline({ snapshot, estimate, facts }: Moment): Piece[] {
  const { rows, selection } = snapshot
  const done = selection?.kept ?? facts.decidedBefore + rows.decided
  const planned = selection?.wanted ?? facts.rows
  const share = planned === 0 ? 0 : Math.min(99, Math.floor((100 * done) / planned))
  const percentText = rows.remaining === 0 ? '' : ` (${share} %)`
  const { rowsPerSecond, secondsLeft } = estimate
  return [
    piece(
      `${grouped(Math.min(done, planned))} of ${counted(planned, 'row')}${selection === null ? '' : ' accepted'}${percentText}`,
    ),
    ...(selection === null ? [] : candidatesTexts(selection)),
    ...(rowsPerSecond === null || rows.remaining === 0 ? [] : [piece(rate(rowsPerSecond), 3)]),
    ...(secondsLeft === null ? [] : [piece(`${duration(secondsLeft)} left`, 1)]),
    ...(rows.dropped > 0 ? [piece(`${grouped(rows.dropped)} dropped`, 2)] : []),
    ...(rows.rejected > 0 ? [piece(`${grouped(rows.rejected)} rejected`, 2)] : []),
  ]
}

/** The share that is accepted, and how many candidates there will be if it stays. */
function candidatesTexts({ wanted, kept, decided }: CandidateProgress): Piece[] {
  if (decided === 0) return []
  const made = `${percent(kept / decided)} of ${counted(decided, 'candidate')}`
  if (kept === 0 || kept >= wanted) return [piece(made)]
  return [piece(made), piece(`about ${grouped(Math.ceil((wanted * decided) / kept))} in all`, 2)]
}

/** What a column has, of what it would have without a dropped row. */
export function cellsText(column: ColumnProgress, { rows }: Snapshot): string {
  const planned = rows.decided + rows.remaining
  return `${grouped(column.known + endedCells(column))}/${grouped(planned)}`
}

function columnLines(
  columns: readonly { column: ColumnProgress; perSecond: number | null }[],
  snapshot: Snapshot,
  width: number,
): string[] {
  const counts = columns.map(({ column }) => cellsText(column, snapshot))
  const rates = columns.map(({ column, perSecond }) => {
    if (cellsLeft(column, snapshot) === 0) return 'done'
    return perSecond === null ? '' : rate(perSecond)
  })
  const [countWidth, rateWidth] = [counts, rates].map((texts) =>
    Math.max(0, ...texts.map((text) => text.length)),
  ) as [number, number]
  return columns.map(({ column: { skipped, failed } }, at) =>
    fit(
      [
        piece(padStart(counts[at] ?? '', countWidth)),
        piece(padStart(rates[at] ?? '', rateWidth), 2),
        ...(skipped > 0 ? [piece(`${grouped(skipped)} skipped`, 3)] : []),
        ...(failed > 0 ? [piece(`${grouped(failed)} failed`, 1)] : []),
      ],
      width,
      '  ',
    ),
  )
}

function routeText(route: RouteProgress, screen: Screen, width: number): string {
  if (route.stopped !== null) {
    return screen.style('red', cut(`stopped: ${visibleLine(route.stopped)}`, width))
  }
  const { inFlight, limit, waiting, throttled, failed, inputTokens, outputTokens, oldestMs } = route
  const line = fit(
    [
      piece(`${inFlight}/${limit} in flight`),
      ...(inFlight > 0 && oldestMs >= SLOW_MS
        ? [piece(`oldest ${duration(oldestMs / 1000)}`, 1)]
        : []),
      ...(waiting > 0 ? [piece(`${grouped(waiting)} waiting${waitsFor(route)}`, 2)] : []),
      ...ratesText(route).map((text) => piece(text, 6)),
      ...(throttled > 0 ? [piece(`${grouped(throttled)} × 429`, 4)] : []),
      ...(failed > 0 ? [piece(`${grouped(failed)} failed`, 3)] : []),
      ...(inputTokens + outputTokens > 0
        ? [piece(`${compact(outputTokens)} tokens out`, 5), piece(`${compact(inputTokens)} in`, 7)]
        : []),
    ],
    width,
  )
  return throttled + failed > 0 ? screen.style('yellow', line) : line
}

/** Age of a request from which on it is worth a word. */
export const SLOW_MS = 10_000

/** Units in flight are shown beside it anyway, and a cool-down has a line of its own. */
export function waitsFor({ heldBy }: RouteProgress): string {
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
