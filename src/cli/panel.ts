import type { CandidateProgress } from '../plan/candidates.ts'
import type { ColumnProgress, Snapshot } from '../scheduler/scheduler-event.ts'
import { addSpent, type EarlierSessions } from '../run/earlier-sessions.ts'
import { cellsLeft, endedCells, type Estimate } from './estimate.ts'
import { fit, piece, type Piece } from './fit-pieces.ts'
import { newestLines } from './newest-lines.ts'
import { routeLines } from './route-lines.ts'
import type { Paint, Screen } from './terminal.ts'
import { compact, counted, dollars, duration, grouped, percent, rate } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import { waitingLines } from './waiting-lines.ts'
import { cut, padEnd, padStart, widthOf } from './width.ts'

/** What is known of a run beside its snapshots. */
export interface RunFacts {
  name: string
  /** Rows planned, and rows that had an outcome when the run was opened. */
  rows: number
  decidedBefore: number
  /** Totals of the earlier sessions. */
  before: EarlierSessions
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

/** Where a terminal is lower, the newest record has no line. */
const LOWEST_WITH_RECORD = 12
/** From here on it has several. */
const HIGH = 24
const MOST_RECORD_LINES = 3

/** The lines repainted on a terminal: never more than it has, each as wide as it is. */
export function panel(moment: Moment, screen: Screen): string[] {
  const { snapshot, facts, waits } = moment
  const { style } = screen
  // The cursor stands in the first line, and what is printed next needs one below.
  const height = Math.max(1, screen.height - 1)
  const width = Math.max(1, screen.width - 1)
  const name = visibleLine(facts.name)
  const pieces = [...headline(moment, style), ...elapsedPiece(moment)]
  const told = `${name}  ${fit(pieces, width - widthOf(name) - 2)}`
  const head = told + bar(moment, width - widthOf(told))
  const waiting = waitingLines(waits, {
    width: Math.max(1, width - 2),
    most: Math.floor(height / 3),
  })
  const free = freeColumns(snapshot)
  const isFree = new Set(free.map((column) => column.name))
  const freeLine = free.length === 0 ? [] : [freeText(free, snapshot)]
  const spent = spentText(moment)
  const spentLine = spent === null || height < 4 ? [] : [cut(spent, width - 2)]
  const newest = recordLines(snapshot, height, Math.max(1, width - 2))
  const room = height - 1 - waiting.length - freeLine.length - spentLine.length - newest.length
  const columns = snapshot.columns
    .map((column, position) => ({
      column,
      perSecond: moment.estimate.cellsPerSecond[position] ?? null,
    }))
    .filter(({ column }) => column.scheduled && !isFree.has(column.name))
  const routes = routeLines(snapshot.routes, { style, tellsTokens: snapshot.routes.length > 1 })
  const routeRoom = Math.min(routes.length, Math.max(1, Math.floor(room / 2)))
  const shownColumns = select(columns, Math.max(0, room - routeRoom), ({ column, perSecond }) =>
    urgency(column, perSecond, snapshot),
  )
  const shownRoutes = select(routes, room - linesOf(shownColumns, columns), (line) => line.urgency)
  const names = Math.min(
    Math.max(8, Math.floor(width / 3)),
    Math.max(
      4,
      ...shownColumns.map(({ column }) => widthOf(visibleLine(column.name))),
      ...shownRoutes.map((line) => widthOf(visibleLine(line.name))),
    ),
  )
  const named = (text: string): string => `  ${padEnd(cut(visibleLine(text), names), names)}  `
  const left = width - names - 4
  const texts = columnTexts(shownColumns, moment, left)
  return [
    style('bold', name) + head.slice(name.length),
    ...freeLine.map((text) => `  ${cut(text, width - 2)}`),
    ...shownColumns.map(({ column }, at) => {
      const line = named(column.name) + (texts[at] ?? '')
      return column.failed > 0 ? style('yellow', line) : line
    }),
    ...moreText(columns.length - shownColumns.length, 'column'),
    ...shownRoutes.map((line) => named(line.name) + line.text(left)),
    ...moreText(
      routes.length - shownRoutes.length,
      routes.length > snapshot.routes.length ? 'line' : 'model',
    ),
    ...spentLine.map((text) => `  ${text}`),
    ...newest.map((text) => `  ${style('dim', text)}`),
    ...waiting.map((text) => `  ${style(isTroubled(snapshot) ? 'yellow' : 'dim', text)}`),
  ].slice(0, height)
}

/** What all sessions spent: `$0.0123, 12.3 k tokens in, 4.56 k out`; null where there is nothing yet. */
export function spentText({ snapshot: { routes }, facts: { before } }: Moment): string | null {
  const sum = addSpent(before, routes)
  if (sum.inputTokens + sum.outputTokens === 0 && sum.cost === null) return null
  const tokens = `${compact(sum.inputTokens)} tokens in, ${compact(sum.outputTokens)} out`
  return `${sum.cost === null ? 'no price known' : dollars(sum.cost)}, ${tokens}`
}

/** The newest record, in as many lines as a terminal of this height has for it. */
function recordLines({ newest, columns }: Snapshot, height: number, width: number): string[] {
  if (newest === null || height < LOWEST_WITH_RECORD) return []
  return newestLines(newest, columns, { width, most: height < HIGH ? 1 : MOST_RECORD_LINES })
}

/** Whether what is waited for is more than an answer. */
function isTroubled({ backingOff, routes }: Snapshot): boolean {
  return backingOff > 0 || routes.some(({ outage }) => outage !== null)
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

/** Never 100 % before the end: rows whose outcome is known are still to be written. */
export function headline({ snapshot, estimate, facts }: Moment, style: Paint = plain): Piece[] {
  const { rows, selection } = snapshot
  const done = selection?.kept ?? facts.decidedBefore + rows.decided
  const planned = selection?.wanted ?? facts.rows
  const share = planned === 0 ? 0 : Math.min(99, Math.floor((100 * done) / planned))
  const percentText = rows.remaining === 0 ? '' : ` (${share} %)`
  const { rowsPerSecond, secondsLeft } = estimate
  const dropped = facts.before.dropped + rows.dropped
  const rejected = facts.before.rejected + rows.rejected
  return [
    piece(
      `${grouped(Math.min(done, planned))} of ${counted(planned, 'row')}${selection === null ? '' : ' accepted'}${percentText}`,
    ),
    ...(selection === null ? [] : candidatesTexts(selection)),
    ...(rowsPerSecond === null || rows.remaining === 0 ? [] : [piece(rate(rowsPerSecond), 3)]),
    ...(secondsLeft === null ? [] : [piece(`${duration(secondsLeft)} left`, 1)]),
    ...(dropped > 0 ? [piece(style('red', `${grouped(dropped)} dropped`), 2)] : []),
    ...(rejected > 0 ? [piece(`${grouped(rejected)} rejected`, 2)] : []),
  ]
}

const plain: Paint = (_style, text) => text

/** The share that is accepted, and how many candidates there will be if it stays. */
function candidatesTexts({ wanted, kept, decided }: CandidateProgress): Piece[] {
  if (decided === 0) return []
  const made = `${percent(kept / decided)} of ${counted(decided, 'candidate')}`
  if (kept === 0 || kept >= wanted) return [piece(made)]
  return [piece(made), piece(`about ${grouped(Math.ceil((wanted * decided) / kept))} in all`, 2)]
}

/** Of how many rows a column has or needs no cell any more, over all sessions. */
export function cellsText(column: ColumnProgress, { snapshot: { rows }, facts }: Moment): string {
  const planned = facts.decidedBefore + rows.decided + rows.remaining
  const settled = facts.decidedBefore + column.known + endedCells(column) + column.unneeded
  return `${grouped(Math.min(settled, planned))}/${grouped(planned)}`
}

function columnTexts(
  columns: readonly { column: ColumnProgress; perSecond: number | null }[],
  moment: Moment,
  width: number,
): string[] {
  const { snapshot } = moment
  const counts = columns.map(({ column }) => cellsText(column, moment))
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
