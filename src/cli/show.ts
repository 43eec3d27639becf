import { storedBatchText } from './batch-lines.ts'
import { open } from '../run/open-dataset.ts'
import { answerCountTexts } from '../profile/answer-counts.ts'
import { choiceText } from '../profile/choice-usage.ts'
import type { RunSummary } from '../report/run-summary.ts'
import { commandText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import {
  besideTexts,
  costIn,
  cutTexts,
  failureTexts,
  joinTexts,
  mixedTexts,
  nextSteps,
  outcomes,
  processedTexts,
  rejectionTexts,
  runningTexts,
  selectionText,
  shortPath,
  shortPathWord,
  textWidth,
} from './report-run.ts'
import { createScreen, type Paint } from './terminal.ts'
import { shortened } from './tally.ts'
import { compact, counted, dollars, duration, grouped, size, tokensText } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { padEnd, padStart, widthOf, wrap } from './width.ts'

export async function runShow(directory: string, options: { json?: true }): Promise<ExitCode> {
  await using dataset = await open(directory)
  const summary = await dataset.summary()
  if (options.json) {
    const { seed, ...rest } = summary
    process.stdout.write(jsonLine({ ...rest, seed: String(seed) }))
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  const layout = {
    style: screen.style,
    width: screen.width,
    textWidth: textWidth(screen),
    now: Date.now(),
  }
  screen.print(describe(summary, layout).join('\n'))
  return exitCodes.ok
}

export interface ShowLayout {
  style: Paint
  width: number
  /** Where text is broken. */
  textWidth: number
  /** Ms since 1970. */
  now: number
}

/** Told one by one; the others are counted. `--json` has all. */
const MOST_FAILURES = 20
const MOST_FILES = 10
const MOST_SESSIONS = 5
const WIDEST_BAR = 40

/** All sections of `show`; empty ones are omitted. */
export function describe(summary: RunSummary, layout: ShowLayout): string[] {
  const { style } = layout
  const sections: [string, string[]][] = [
    ['Contents', contents(summary, layout)],
    ['Progress', completeness(summary, layout)],
    [
      'Failures',
      failureTexts(summary.failures, { most: MOST_FAILURES, style, width: layout.textWidth }),
    ],
    ['Rejected rows', rejectionTexts(summary)],
    ['Cost', cost(summary, layout)],
    ['Next steps', steps(summary, layout)],
  ]
  const title = style('bold', visibleLine(summary.name))
  return [
    `${title}  ${style('dim', shortPath(summary.dir))}`,
    ...runningTexts(summary, layout.now).map((text) => style('cyan', text)),
    ...sections
      .filter(([, lines]) => lines.length > 0)
      .flatMap(([name, lines]) => ['', style('bold', name), ...lines]),
  ]
}

function contents(summary: RunSummary, layout: ShowLayout): string[] {
  const { rows, files, columns, parts, seed } = summary
  const records = rows.accepted + rows.nullKept
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const dataset =
    files.length === 0
      ? `no final dataset yet; ${counted(records, 'record')} in ${counted(parts.count, 'part')}, ${size(parts.bytes)}`
      : `${counted(records, 'record')} in ${counted(files.length, 'file')}, ${size(bytes)}`
  const dropped = columns.filter(({ drop }) => drop).length
  const names = columns.map(
    ({ name, type, drop }) => `${visibleLine(name)} (${type}${drop ? ', not in the dataset' : ''})`,
  )
  return [
    `  ${dataset}`,
    ...files
      .slice(0, MOST_FILES)
      .map(
        (file) => `    ${shortPath(file.path)}  ${counted(file.rows, 'row')}, ${size(file.bytes)}`,
      ),
    ...(files.length > MOST_FILES
      ? [`    … and ${counted(files.length - MOST_FILES, 'more file')}`]
      : []),
    `  ${counted(columns.length, 'column')}${dropped > 0 ? `, ${dropped} of them not in the dataset` : ''}; seed ${seed}`,
    ...wrap(names.join(', '), Math.max(20, layout.textWidth - 4)).map((line) => `    ${line}`),
    ...mixedTexts(summary).map((text) => layout.style('yellow', text)),
    ...joinTexts(summary).map((text) => layout.style('yellow', text)),
    ...supersededLines(summary),
    ...mediaLines(summary),
    ...pluginLines(summary),
    ...(summary.processed === null ? [] : processedTexts(summary.processed)),
    ...besideTexts(summary),
    ...(files.length > 0
      ? [`  ${counted(parts.count, 'part')} beside them, ${size(parts.bytes)}`]
      : []),
  ]
}

function supersededLines({ superseded, dir }: RunSummary): string[] {
  if (superseded.length === 0) return []
  const cells = superseded.reduce((sum, column) => sum + column.cells, 0)
  const bytes = superseded.reduce((sum, column) => sum + column.bytes, 0)
  return [
    `  ${counted(cells, 'cell')} of older configs, ${size(bytes)}; to free them: ${commandText(['gc', shortPathWord(dir)])}`,
  ]
}

function mediaLines({ media }: RunSummary): string[] {
  return media.map(
    ({ mime, files, bytes }) => `  ${counted(files, 'file')} of ${mime} in media, ${size(bytes)}`,
  )
}

function pluginLines({ plugins }: RunSummary): string[] {
  if (plugins.length === 0) return []
  const told = plugins.map(({ name, version, reference }) => {
    const exact = version === null ? name : `${name} ${version}`
    return reference === null ? exact : `${exact} (${reference.written})`
  })
  return [`  made with ${counted(plugins.length, 'plugin')}: ${visibleLine(told.join(', '))}`]
}

function completeness(
  { rows, selection, complete, waitingCells, unwrittenRows }: RunSummary,
  { style, width }: ShowLayout,
): string[] {
  const decided = selection?.accepted ?? rows.requested - rows.remaining + unwrittenRows
  const wanted = selection?.target ?? rows.requested
  // Never 100 % while a row remains.
  const share = complete ? 1 : decided / wanted
  const percent = complete ? 100 : Math.min(99, Math.floor(100 * share))
  const room = Math.max(10, Math.min(WIDEST_BAR, width - 40))
  const full = complete ? room : Math.min(room - 1, Math.floor(share * room))
  const bar =
    style(complete ? 'green' : 'yellow', '█'.repeat(full)) + style('dim', '░'.repeat(room - full))
  const counts = outcomes(rows).filter(({ count, word }) =>
    word === 'remaining' && selection !== null ? false : count > 0 || word === 'accepted',
  )
  const digits = Math.max(...counts.map(({ count }) => grouped(count).length))
  return [
    `  ${bar} ${percent} %  ${selection === null ? `${grouped(decided)} of ${counted(wanted, 'row')} ${unwrittenRows > 0 ? 'done' : 'decided'}` : selectionText(selection)}`,
    ...counts.map(({ count, word }) => `  ${padStart(grouped(count), digits + 2)} ${word}`),
    ...(isUsedUp(selection)
      ? [
          `  all ${counted(selection.most, 'candidate')} are made; a larger max_candidates of select makes more`,
        ]
      : []),
    ...(unwrittenRows > 0 && selection === null
      ? [
          `  ${counted(unwrittenRows, 'remaining row')} done, in the ledger until their part is written`,
        ]
      : []),
    ...(waitingCells > 0
      ? [
          `  ${counted(waitingCells, 'paid cell')} of remaining, dropped or rejected rows in the ledger`,
        ]
      : []),
  ]
}

/** Whether a selection lacks rows and may make no more candidates. */
function isUsedUp(
  selection: RunSummary['selection'],
): selection is NonNullable<RunSummary['selection']> {
  if (selection === null) return false
  return selection.accepted < selection.target && selection.candidates >= selection.most
}

function cost(summary: RunSummary, layout: ShowLayout): string[] {
  const { requests, cached, requestOutcomes: outcome, usage, usageByRoute } = summary
  const batches = summary.batches.map((batch) => `  ${storedBatchText(batch, layout.now)}`)
  if (requests === 0 && cached === 0) {
    const none = batches.length === 0 ? ['  no requests'] : batches
    return [...none, ...sessionTexts(summary, layout)]
  }
  const names = Math.max(...usageByRoute.map(({ route }) => widthOf(visibleLine(route))))
  const reasoning =
    usage.reasoningTokens > 0 ? ` (${compact(usage.reasoningTokens)} of them reasoning)` : ''
  return [
    `  ${counted(requests, 'request')}: ${grouped(outcome.succeeded)} answered, ${grouped(outcome.throttled)} × 429, ${grouped(outcome.failed)} failed${outcome.givenUp > 0 ? `, ${grouped(outcome.givenUp)} overtaken by a second one` : ''}`,
    `  ${tokensText(usage)}${reasoning}${costIn(usage)}`,
    ...usageByRoute.flatMap(({ route, ok, throttled, failed, ...counts }) => [
      `    ${padEnd(visibleLine(route), names)}  ${counted(ok, 'answer')}, ${grouped(throttled)} × 429, ${grouped(failed)} failed; ${tokensText(counts)}${counts.cost === null ? '' : `, ${dollars(counts.cost)}`}${rateText(summary, route)}`,
      ...answerCountTexts(counts).map((text) => `    ${padEnd('', names)}  ${text}`),
      ...counts.choices.map(
        (choice) => `    ${padEnd('', names)}  ${visibleLine(choiceText(choice))}`,
      ),
    ]),
    ...batches,
    ...columnLines(summary),
    ...modeTexts(summary),
    ...cutTexts(summary).map((text) => layout.style('yellow', text)),
    ...sessionTexts(summary, layout),
  ]
}

/** What each column cost, where there are several. */
function columnLines({ usageByColumn }: RunSummary): string[] {
  if (usageByColumn.length < 2) return []
  const names = Math.max(...usageByColumn.map(({ column }) => widthOf(visibleLine(column))))
  return [
    '  by column:',
    ...usageByColumn.map((usage) => {
      const { column, requests, answers, inputTokens, outputTokens, cost: paid } = usage
      const each = paid === null || answers === 0 ? '' : ` (${dollars(paid / answers)} an answer)`
      return `    ${padEnd(visibleLine(column), names)}  ${counted(requests, 'request')}; ${compact(inputTokens)} tokens in, ${compact(outputTokens)} out${costIn(usage)}${each}`
    }),
  ]
}

/** How models are held to the form of their answers, and what they did not take. */
function modeTexts({ outputModes }: RunSummary): string[] {
  return outputModes.flatMap(({ endpoint, model, mode, left }) => [
    `  structured answers: ${visibleLine(model)} at ${visibleLine(endpoint)} by ${mode}`,
    ...left.map(({ mode: other, form, refused, why }) => {
      const what = form === null ? other : `${other} of ${visibleLine(form)}`
      return `    ${what} was ${refused ? 'refused' : 'ignored'}: ${visibleLine(shortened(why))}`
    }),
  ])
}

/** The last sessions, and what all took together. */
function sessionTexts({ sessions, holder }: RunSummary, { now }: ShowLayout): string[] {
  const told = sessions.map((session, position) => {
    // Only the last one can be at work; one without an end was killed, no one knows when.
    const working = holder !== null && position === sessions.length - 1
    const end = session.ended ?? (working ? now : null)
    return { ...session, working, seconds: end === null ? null : (end - session.started) / 1000 }
  })
  const sum = told.reduce((seconds, session) => seconds + (session.seconds ?? 0), 0)
  const killed = told.filter(({ seconds }) => seconds === null).length
  return [
    `  ${timeText(sum, { sessions: sessions.length, killed })}`,
    ...(told.length > MOST_SESSIONS
      ? [`    … ${counted(told.length - MOST_SESSIONS, 'earlier session')}`]
      : []),
    ...told.slice(-MOST_SESSIONS).map(({ number, started, seconds, working }) => {
      const begin = new Date(started).toISOString().slice(0, 19).replace('T', ' ')
      const taken = seconds === null ? 'killed' : duration(seconds)
      return `    ${number}: ${begin} UTC, ${taken}${working ? ', at work' : ''}`
    }),
  ]
}

function timeText(
  seconds: number,
  { sessions, killed }: { sessions: number; killed: number },
): string {
  const all = counted(sessions, 'session')
  if (killed === 0) return `${duration(seconds)} in ${all}`
  const were = killed === 1 ? 'was' : 'were'
  if (killed < sessions)
    return `${duration(seconds)} in ${all}, without ${killed} that ${were} killed`
  return `${all} that ${were} killed: how long is not known`
}

function steps({ dir, rows, command, holder, files }: RunSummary, { style }: ShowLayout): string[] {
  const folder = shortPathWord(dir)
  if (holder !== null) {
    const { pid, host } = holder
    return [
      `  Process ${pid} on ${visibleLine(host)} works on it. Look again, or wait until it has ended.`,
    ]
  }
  const all = [
    ...nextSteps(dir, rows, command),
    ...(files.length > 0
      ? [
          {
            what: 'export as JSON Lines',
            command: commandText(['export', folder, '--to', `${folder}.jsonl`]),
          },
        ]
      : []),
    { what: 'show statistics', command: commandText(['report', folder]) },
  ]
  const width = Math.max(0, ...all.map(({ what }) => what.length))
  return all.map(({ what, command: text }) => `  ${padEnd(what, width)}  ${style('cyan', text)}`)
}

/** What the config allows a route in a minute, when it says. */
function rateText({ limits }: RunSummary, route: string): string {
  const limit = limits.findLast(({ alias }) => alias === route)
  if (limit === undefined) return ''
  const { requestsPerMinute, tokensPerMinute } = limit
  const rates = [
    ...(requestsPerMinute === null ? [] : [`${compact(requestsPerMinute)} requests/min`]),
    ...(tokensPerMinute === null ? [] : [`${compact(tokensPerMinute)} tokens/min`]),
  ]
  return rates.length === 0 ? '' : `; at most ${rates.join(' and ')}`
}
