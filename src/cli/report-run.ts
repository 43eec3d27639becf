import { relative } from 'node:path'
import type { RunSummary } from '../report/run-summary.ts'
import type { Processed, RowCounts, RunResult, SelectionResult } from '../report/run-result.ts'
import { partnerlessText } from '../seeds/join/partnerless-text.ts'
import { commandText, storedText } from './command-line.ts'
import { judgementLines } from './judgement-lines.ts'
import { statisticsLines } from './statistics-lines.ts'
import { shortened } from './tally.ts'
import { counted, dollars, duration, grouped, percent, tokensText } from '../util/format.ts'
import type { Paint, Screen } from './terminal.ts'
import { visibleLine } from '../util/visible.ts'
import { wrap } from './width.ts'

/** Column-and-reason pairs reported at the end of a run; `show` has them all. */
const MOST_FAILURES = 10
/** Longer lines are hard to read. */
const WIDEST_TEXT = 120

export interface Outcome {
  result: RunResult
  summary: Pick<RunSummary, 'failures' | 'rejections' | 'command' | 'sessions' | 'cutAnswers'>
  /** What happened in this session and stands nowhere else. */
  remarks: readonly string[]
  /** The first records, as lines. */
  table: readonly string[]
}

/** What a run left, for a person: outcomes, cost, files, what failed, how to continue. */
export function reportRun({ result, summary, remarks, table }: Outcome, screen: Screen): void {
  screen.print(`${endText(result)} ${rowsText(result)}.`)
  screen.print(`${spentText(result, summary.sessions.length)}.`)
  for (const text of remarks) screen.print(screen.style('yellow', text))
  for (const text of cutTexts(summary)) screen.print(screen.style('yellow', text))
  const failed = failureTexts(summary.failures, {
    most: MOST_FAILURES,
    more: commandText(['show', shortPathWord(result.dir)]),
    style: screen.style,
    width: textWidth(screen),
  })
  for (const text of failed) screen.print(text)
  for (const text of rejectionTexts(summary)) screen.print(text)
  for (const text of mixedTexts(result)) screen.print(screen.style('yellow', text))
  if (isEmpty(result.rows)) screen.print(screen.style('yellow', emptyText))
  for (const text of result.processed === null ? [] : processedTexts(result.processed)) {
    screen.print(text)
  }
  for (const { path, rows } of result.files)
    screen.print(`  ${shortPath(path)}  ${counted(rows, 'row')}`)
  for (const text of besideTexts(result)) screen.print(text)
  if (result.columns !== null) {
    const layout = { style: screen.style, width: textWidth(screen) }
    for (const text of statisticsLines(result.columns, layout)) screen.print(text)
    for (const text of judgementLines(result, layout)) screen.print(text)
  }
  for (const text of table) screen.print(text)
  if (result.report !== null) screen.print(`  Report: ${shortPath(result.report)}`)
  for (const { what, command } of nextSteps(result.dir, result.rows, summary.command)) {
    screen.print(`To ${what}: ${command}`)
  }
}

export function rowsText({ rows, selection }: Pick<RunResult, 'rows' | 'selection'>): string {
  const parts = outcomes(rows)
    // How many candidates remain, no one knows.
    .filter(({ count, word }) => count > 0 && (selection === null || word !== 'remaining'))
    .map(({ count, word }) => `${grouped(count)} ${word}`)
  const outcome = parts.length === 0 ? '' : `: ${parts.join(', ')}`
  if (selection === null) return `${counted(rows.requested, 'row')}${outcome}`
  return `${selectionText(selection)}${outcome}`
}

/** Where a process works on the run: since when, and how far it is. */
export function runningTexts(
  { holder, rows, selection, unwrittenRows, usage, parts }: RunSummary,
  now: number,
): string[] {
  if (holder === null) return []
  const since = Date.parse(holder.since)
  const done =
    selection === null
      ? `${grouped(rows.requested - rows.remaining + unwrittenRows)} of ${counted(rows.requested, 'row')}`
      : selectionText(selection)
  const begun = `${holder.since.slice(0, 19).replace('T', ' ')} UTC (${duration((now - since) / 1000)})`
  const spent = usage.inputTokens + usage.outputTokens === 0 ? '' : `, ${tokensText(usage)}`
  return [
    `Running since ${begun}: ${done} done${spent}${costIn(usage)}`,
    ...(parts.count === 0 && unwrittenRows > 0
      ? ['No part is written yet: records and statistics appear with the first one.']
      : []),
  ]
}

/** `4,812 of 5,000 rows selected from 13,005 candidates (37.0 %)` */
export function selectionText({ target, accepted, candidates }: SelectionResult): string {
  const share = candidates === 0 ? '' : ` (${percent(accepted / candidates)})`
  return `${grouped(accepted)} of ${counted(target, 'row')} selected from ${counted(candidates, 'candidate')}${share}`
}

/** They sum to the rows requested. */
export function outcomes(rows: RowCounts): { count: number; word: string }[] {
  return [
    { count: rows.accepted, word: 'accepted' },
    { count: rows.nullKept, word: 'kept with a null' },
    { count: rows.dropped, word: 'dropped' },
    { count: rows.rejected, word: 'rejected' },
    { count: rows.remaining, word: 'remaining' },
  ]
}

export function costText(result: Pick<RunResult, 'requests' | 'cached' | 'usage'>): string {
  const sent = sentText(result)
  const { cached } = result
  return cached === 0 ? sent : `${sent}, ${counted(cached, 'answer')} from the cache`
}

function sentText({ requests, usage }: Pick<RunResult, 'requests' | 'usage'>): string {
  if (requests === 0) return 'No requests'
  const tokens = usage.inputTokens + usage.outputTokens
  if (tokens === 0) return `${counted(requests, 'request')}${costIn(usage)}`
  return `${counted(requests, 'request')}, ${tokensText(usage)}${costIn(usage)}`
}

/** Behind tokens; nothing where no price is known. */
export function costIn({ cost }: RunResult['usage']): string {
  return cost === null ? '' : `, ${dollars(cost)}`
}

/** Requests are those of all sessions, the time is that of this one. */
function spentText(result: RunResult, sessions: number): string {
  const cost = costText(result)
  const taken = duration(result.seconds)
  if (sessions <= 1) return `${cost}, ${taken}`
  return `${cost}${result.requests === 0 ? '' : ' in all'}; ${taken} in this session`
}

/** Answers that are kept though they are no whole ones. */
export function cutTexts({ cutAnswers }: Pick<RunSummary, 'cutAnswers'>): string[] {
  return cutAnswers.map(
    ({ column, cut, answers }) =>
      `  ${visibleLine(column)}: ${grouped(cut)} of ${counted(answers, 'answer')} cut off at the token limit or by a filter`,
  )
}

/** Per filter and code how many rows it rejected. */
export function rejectionTexts({ rejections }: Pick<RunSummary, 'rejections'>): string[] {
  return rejections.map(
    ({ name, code, count, row }) =>
      `  ${visibleLine(name)}, ${visibleLine(code)}: ${counted(count, 'row')} rejected, the first is row ${row}`,
  )
}

/** Figures of processors that a terminal shows; the report has all. */
const MOST_COUNTS = 12

/** `1,000 records in, 812 out by dedupe`, and what each processor counted. */
export function processedTexts({ by, recordsIn, recordsOut, counts }: Processed): string[] {
  return [
    `  ${counted(recordsIn, 'record')} in, ${grouped(recordsOut)} out by ${visibleLine(by)}`,
    ...counts
      .slice(0, MOST_COUNTS)
      .map(
        ({ processor, what, times }) =>
          `    ${visibleLine(processor)}: ${visibleLine(what)} ${grouped(times)}`,
      ),
    ...(counts.length > MOST_COUNTS
      ? [`    … and ${counted(counts.length - MOST_COUNTS, 'more figure')}`]
      : []),
  ]
}

/** Columns whose cells are of more than one version of their config. */
export function mixedTexts({ mixed }: Pick<RunSummary, 'mixed'>): string[] {
  return mixed.map(({ column, versions }) => {
    const told = versions.map(({ models, cells }) => {
      const what = models === '' ? 'an older config' : models
      return cells === null ? `the later ones by ${what}` : `${counted(cells, 'cell')} by ${what}`
    })
    return `  ${visibleLine(column)}: ${visibleLine(told.join(', '))}`
  })
}

/** Joins of the seed of which rows have no partner. */
export function joinTexts({ joins }: Pick<RunSummary, 'joins'>): string[] {
  return joins.map(({ join: place, how, ...count }) => `  ${place}: ${partnerlessText(count, how)}`)
}

/** Files of datasets next to the run's own. */
export function besideTexts({ datasets }: Pick<RunResult, 'datasets'>): string[] {
  return datasets.flatMap(({ files }) =>
    files.map(({ path, rows }) => `  ${shortPath(path)}  ${counted(rows, 'row')}`),
  )
}

const emptyText = 'The dataset is empty: no row was left.'

/** Every row has its outcome, and none a record. */
function isEmpty({ requested, accepted, nullKept, remaining }: RowCounts): boolean {
  return requested > 0 && remaining === 0 && accepted + nullKept === 0
}

export interface FailureTextOptions {
  most: number
  /** The command that shows those beyond. */
  more?: string
  style: Paint
  /** Lines are broken there; not at all where no one reads them on a screen. */
  width: number
}

/** Per column and reason how many cells failed, with one example: its row and the words it got. */
export function failureTexts(
  failures: RunSummary['failures'],
  { most, more, style, width }: FailureTextOptions,
): string[] {
  // A line for what is omitted is only worth it for more than one.
  const shown = failures.length > most + 1 ? failures.slice(0, most) : failures
  const lines = shown.flatMap(({ name, code, outcome, count, row, message }) => [
    style(
      'yellow',
      `  ${visibleLine(name)}, ${code}: ${counted(count, 'cell')} ${outcomeText(outcome, count)}`,
    ),
    ...wrap(`row ${row}: ${shortened(message)}`, Math.max(20, width - 4)).map(
      (line) => `    ${line}`,
    ),
  ])
  const left = failures.slice(shown.length)
  if (left.length === 0) return lines
  const cells = left.reduce((sum, { count }) => sum + count, 0)
  return [
    ...lines,
    `  … and ${counted(left.length, 'more reason')} with ${counted(cells, 'cell')}${more === undefined ? '' : `: ${more}`}`,
  ]
}

function outcomeText(outcome: 'dropped' | 'null', count: number): string {
  if (outcome === 'null') return count === 1 ? 'failed and is null' : 'failed and are null'
  return count === 1 ? 'failed, its row is dropped' : 'failed, their rows are dropped'
}

/** Where lines of text are broken: a log keeps them whole. */
export function textWidth({ live, width }: Pick<Screen, 'live' | 'width'>): number {
  return live ? Math.min(width, WIDEST_TEXT) : Number.POSITIVE_INFINITY
}

/** Commands that make sense now. */
export function nextSteps(
  dir: string,
  rows: RowCounts,
  command: RunSummary['command'],
): { what: string; command: string }[] {
  const folder = shortPathWord(dir)
  const again = (more: readonly string[] = []): string =>
    command === null
      ? `run the program that made it again${more.length > 0 ? ' with retryFailed: true' : ''}`
      : storedText(command, more)
  return [
    ...(rows.remaining > 0 ? [{ what: 'continue', command: again() }] : []),
    ...(rows.remaining === 0 && rows.dropped > 0
      ? [{ what: 'make the dropped rows again', command: again(['--retry-failed']) }]
      : []),
    ...(rows.remaining > 0 && rows.remaining < rows.requested
      ? [{ what: 'export the decided rows', command: commandText(['export', folder]) }]
      : []),
  ]
}

/** A path as it is shown. */
export function shortPath(path: string): string {
  return visibleLine(shortPathWord(path))
}

/** A path as a word of a command. */
export function shortPathWord(path: string): string {
  const short = relative(process.cwd(), path)
  return short !== '' && !short.startsWith('..') ? short : path
}

function endText({ end }: RunResult): string {
  switch (end.kind) {
    case 'complete':
      return 'Done.'
    case 'stopped':
      // Why was said when it happened.
      return 'Stopped early.'
    case 'interrupted':
      break
  }
  return 'Interrupted.'
}
