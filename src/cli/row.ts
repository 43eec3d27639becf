import type { CellStory, RowStory } from '../report/inspect-row.ts'
import { open } from '../run/open-dataset.ts'
import type { CellUsage } from '../store/ledger-requests.ts'
import { counted } from '../util/format.ts'
import { jsonLine, visible, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { indented, spentTexts } from './failures.ts'
import { shortPath, textWidth } from './report-run.ts'
import { createScreen, type Paint } from './terminal.ts'

export interface RowOptions {
  plugin?: readonly string[]
  json?: true
}

/** All that a run folder knows of one row. */
export async function runRow(
  directory: string,
  row: number,
  options: RowOptions,
): Promise<ExitCode> {
  await using dataset = await open(directory, { plugins: options.plugin ?? [] })
  const story = await dataset.row(row)
  if (options.json === true) {
    process.stdout.write(jsonLine(story))
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  const layout = { style: screen.style, width: textWidth(screen) }
  screen.print(describeRow(story, layout).join('\n'))
  return exitCodes.ok
}

interface RowLayout {
  style: Paint
  width: number
}

function describeRow(story: RowStory, layout: RowLayout): string[] {
  const { style } = layout
  const { dir, row, outcome, why, part, usage, cells, log, notes } = story
  const spent = costTexts(usage)
  return [
    `${style('bold', shortPath(dir))}  row ${row}: ${outcomeWords[outcome]}${why === null ? '' : `, ${visibleLine(why)}`}`,
    ...(part === null ? [] : [`  in ${part.file}${sessionText(part)}`]),
    ...(spent.length === 0 ? [] : [`  took ${spent.join(', ')}`]),
    ...notes
      .flatMap((note) => indented(note, 2, layout.width))
      .map((text) => style('yellow', text)),
    ...cells.flatMap((cell) => ['', ...cellLines(cell, layout)]),
    ...(log.length === 0
      ? []
      : [
          '',
          style('bold', 'In the log'),
          ...log.flatMap((line) => indented(line, 2, layout.width)),
        ]),
  ]
}

const outcomeWords: Readonly<Record<RowStory['outcome'], string>> = {
  accepted: 'accepted',
  'null-kept': 'kept with a null',
  dropped: 'dropped',
  rejected: 'rejected',
  remaining: 'remaining',
}

function sessionText({ session }: NonNullable<RowStory['part']>): string {
  if (session === null) return ''
  const began = new Date(session.started).toISOString().slice(0, 19).replace('T', ' ')
  return `, written by session ${session.number}, which began ${began} UTC`
}

function costTexts(usage: CellUsage): string[] {
  const { requests, cached } = usage
  const count = Number.isInteger(requests)
    ? counted(requests, 'request')
    : `${requests.toFixed(2)} requests (shared with other rows)`
  return [
    ...(requests === 0 ? [] : [count]),
    ...(cached === 0 ? [] : [`${counted(cached, 'answer')} from the cache`]),
    ...spentTexts(usage),
  ]
}

function cellLines(cell: CellStory, { style, width }: RowLayout): string[] {
  const { column, type, state, value, asked, failure, usage, exchanges } = cell
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return [
    `${style('bold', visibleLine(column))} (${type})${state === 'made' ? '' : `: ${state}`}`,
    ...(state === 'made' || (state === 'skipped' && value !== null)
      ? indented(text, 2, width)
      : []),
    ...(usage === null ? [] : [style('dim', `  took ${costTexts(usage).join(', ')}`)]),
    ...(failure === null
      ? []
      : [
          style(
            'yellow',
            `  ${visibleLine(failure.code)}${failure.attempts === null ? '' : `, ${counted(failure.attempts, 'attempt')}`}${
              failure.usage === null || usage !== null
                ? ''
                : spentTexts(failure.usage)
                    .map((spent) => `, ${spent}`)
                    .join('')
            }`,
          ),
          ...indented(failure.message, 4, width),
          ...(failure.raw === null ? [] : ['    said:', ...indented(failure.raw, 6, width)]),
        ]),
    ...(asked ?? []).flatMap(({ field, text: words }) => [
      style('dim', `  asked, ${field}:`),
      ...indented(words, 4, width),
    ]),
    ...exchanges.flatMap(({ turn, reply, usage: ofReply }) => [
      style(
        'dim',
        `  answer ${turn + 1}${spentTexts(ofReply)
          .map((spent) => `, ${spent}`)
          .join('')}:`,
      ),
      ...indented(visible(JSON.stringify(reply)), 4, width),
    ]),
  ]
}
