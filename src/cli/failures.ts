import type { Usage } from '../graph/request.ts'
import { type FailureGroup, groupFailures } from '../report/group-failures.ts'
import { open } from '../run/open-dataset.ts'
import type { FailedCell, FailureFilter } from '../store/failed-cells.ts'
import { compact, counted, dollars } from '../util/format.ts'
import { jsonLine, visible, visibleLine } from '../util/visible.ts'
import { commandText, storedText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath, shortPathWord, textWidth } from './report-run.ts'
import { shortened } from './tally.ts'
import { createScreen, type Paint } from './terminal.ts'
import { wrap } from './width.ts'

export interface FailuresOptions extends FailureFilter {
  list?: true
  json?: true
}

/** Failed cells of a run folder: by column and reason, or one after the other. */
export async function runFailures(directory: string, options: FailuresOptions): Promise<ExitCode> {
  const { list, json, column, code } = options
  const filter = { column, code }
  await using dataset = await open(directory)
  const groups = groupFailures(dataset.failures(filter))
  const cells = list === true ? dataset.failures(filter) : []
  if (json === true) {
    printJson(dataset.directory, groups, list === true ? cells : null)
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  const layout = { style: screen.style, width: textWidth(screen) }
  screen.print(`${screen.style('bold', shortPath(dataset.directory))}  ${sumText(groups, filter)}`)
  if (list === true) {
    for (const cell of cells) screen.print(['', ...cellLines(cell, layout)].join('\n'))
    return exitCodes.ok
  }
  for (const group of groups) screen.print(['', ...groupLines(group, layout)].join('\n'))
  if (groups.length > 0) {
    const words = ['failures', shortPathWord(dataset.directory), ...filterWords(filter), '--list']
    screen.print(`\nTo see each of them: ${screen.style('cyan', commandText(words))}`)
    const { command } = await dataset.summary()
    if (command !== null) {
      const again = storedText(command, ['--retry-failed', ...filterWords(filter)])
      screen.print(`To make them again: ${screen.style('cyan', again)}`)
    }
  }
  return exitCodes.ok
}

/** In pieces: there may be more cells than one text can hold. */
function printJson(
  dir: string,
  groups: readonly FailureGroup[],
  cells: Iterable<FailedCell> | null,
): void {
  const whole = jsonLine({ dir, groups }).trimEnd()
  if (cells === null) {
    process.stdout.write(`${whole}\n`)
    return
  }
  process.stdout.write(`${whole.slice(0, -1)},"cells":[`)
  let before = ''
  for (const cell of cells) {
    process.stdout.write(before + jsonLine(cell).trimEnd())
    before = ','
  }
  process.stdout.write(']}\n')
}

function sumText(groups: readonly FailureGroup[], { column, code }: FailureFilter): string {
  const cells = groups.reduce((sum, group) => sum + group.cells, 0)
  const which = [
    ...(column === undefined ? [] : [` of ${visibleLine(column)}`]),
    ...(code === undefined ? [] : [` with ${visibleLine(code)}`]),
  ].join('')
  if (cells === 0) return `no cell${which} failed`
  return `${counted(cells, 'cell')}${which} failed`
}

function filterWords({ column, code }: FailureFilter): string[] {
  return [
    ...(column === undefined ? [] : ['--column', column]),
    ...(code === undefined ? [] : ['--code', code]),
  ]
}

interface FailureLayout {
  style: Paint
  width: number
}

/** A line with the figures, and one cell as an example. */
function groupLines(group: FailureGroup, { style, width }: FailureLayout): string[] {
  const { column, code, cells, attempts, usage, example } = group
  const facts = [
    counted(cells, 'cell'),
    outcomesText(group),
    ...(attempts > cells ? [counted(attempts, 'attempt')] : []),
    ...spentTexts(usage),
  ]
  return [
    style('yellow', `${visibleLine(column)}, ${visibleLine(code)}: ${facts.join(', ')}`),
    ...indented(`row ${example.row}: ${shortened(example.message)}`, 2, width),
    ...(example.raw === null ? [] : indented(`said: ${shortened(example.raw)}`, 2, width)),
  ]
}

/** All that is known of a failed cell. */
function cellLines(cell: FailedCell, { style, width }: FailureLayout): string[] {
  const { row, column, code, message, outcome, attempts, usage, raw } = cell
  const facts = [
    outcomeWords[outcome],
    ...(attempts === null ? [] : [counted(attempts, 'attempt')]),
    ...(usage === null ? [] : spentTexts(usage)),
  ]
  return [
    style(
      'yellow',
      `row ${row}, ${visibleLine(column)}: ${visibleLine(code)}, ${facts.join(', ')}`,
    ),
    ...indented(message, 2, width),
    ...(raw === null ? [] : ['  said:', ...indented(raw, 4, width)]),
  ]
}

const outcomeWords: Readonly<Record<FailedCell['outcome'], string>> = {
  dropped: 'row dropped',
  null: 'kept with a null',
  stopped: 'stopped the run',
}

function outcomesText({ cells, dropped, nulls, stopped }: FailureGroup): string {
  if (dropped === cells) return dropped === 1 ? 'row dropped' : 'rows dropped'
  const counts = [
    { count: dropped, word: 'dropped' },
    { count: nulls, word: 'kept with a null' },
    { count: stopped, word: 'stopped the run' },
  ].filter(({ count }) => count > 0)
  if (counts.length === 1) return counts.map(({ word }) => word).join('')
  return counts.map(({ count, word }) => `${count} ${word}`).join(', ')
}

/** Tokens and cost of replies; nothing for none. */
export function spentTexts({ inputTokens, outputTokens, images, cost }: Usage): string[] {
  return [
    ...(inputTokens + outputTokens === 0
      ? []
      : [`${compact(inputTokens)} tokens in, ${compact(outputTokens)} out`]),
    ...(images === 0 ? [] : [counted(images, 'image')]),
    ...(cost === null ? [] : [`cost ${dollars(cost)}`]),
  ]
}

/** A text as lines that begin behind some spaces. */
export function indented(text: string, indent: number, width: number): string[] {
  const space = ' '.repeat(indent)
  return visible(text)
    .split('\n')
    .flatMap((line) => wrap(line, Math.max(20, width - indent)))
    .map((line) => space + line)
}
