import { resolve } from 'node:path'
import { writeTarget } from '../export/write-target.ts'
import { comparePage } from '../profile/compare-page.ts'
import { comparedFigures } from '../profile/compared-figures.ts'
import { compareRuns, type RunComparison } from '../run/compare-runs.ts'
import { grouped } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { indented } from './failures.ts'
import { shortPath, textWidth } from './report-run.ts'
import { statisticsLines } from './statistics-lines.ts'
import { createScreen, type Paint } from './terminal.ts'
import { padEnd, widthOf } from './width.ts'

export interface DiffOptions {
  html?: string
  plugin?: readonly string[]
  json?: true
}

/** Two runs side by side: as text, as JSON, and as a page. */
export async function runDiff(one: string, other: string, options: DiffOptions): Promise<ExitCode> {
  const comparison = await compareRuns(one, other, { plugins: options.plugin ?? [] })
  if (options.json === true) {
    process.stdout.write(jsonLine(comparison))
  } else {
    const screen = createScreen(process.stdout)
    const layout = { style: screen.style, width: textWidth(screen) }
    screen.print(diffLines(comparison, layout).join('\n'))
  }
  if (options.html !== undefined) {
    const path = resolve(options.html)
    await writeTarget(path, [comparePage(comparison)])
    process.stderr.write(`Report: ${shortPath(path)}\n`)
  }
  return exitCodes.ok
}

interface DiffLayout {
  style: Paint
  width: number
}

function diffLines(comparison: RunComparison, { style, width }: DiffLayout): string[] {
  const { config, failures, columns } = comparison
  const differing = columns.filter(({ same }) => !same)
  const same = columns.length - differing.length
  return [
    ...figureLines(comparison, style),
    '',
    style('bold', 'Config'),
    ...(config.length === 0 ? ['  the same'] : []),
    ...config.flatMap(({ place, lines }) => [
      `  ${visibleLine(place)}`,
      ...lines.flatMap((line) => differenceLines(line, { style, width })),
    ]),
    ...(failures.length === 0 ? [] : ['', style('bold', 'Failed cells')]),
    ...failures.map(
      ({ column, code, cells: [a, b] }) =>
        `  ${visibleLine(column)}, ${visibleLine(code)}: ${grouped(a)}, then ${grouped(b)}`,
    ),
    '',
    style('bold', 'Columns'),
    ...differing.flatMap(({ name, statistics: [a, b] }) => [
      `  ${style('bold', visibleLine(name))}`,
      ...columnLines('-', a, { style, width }),
      ...columnLines('+', b, { style, width }),
    ]),
    ...(same === 0 ? [] : [`  ${grouped(same)} with the same statistics`]),
  ]
}

function figureLines({ runs: [a, b] }: RunComparison, style: Paint): string[] {
  const lines: [string, string, string][] = [
    ['', shortPath(a.dir), shortPath(b.dir)],
    ...comparedFigures(a, b),
  ]
  const shown = lines.filter(([name, one, other]) => name === '' || one + other !== '')
  const names = Math.max(...shown.map(([name]) => widthOf(name)))
  const middle = Math.max(...shown.map(([, one]) => widthOf(one)))
  return shown
    .filter(([name, one, other]) => !optional.has(name) || one !== '0' || other !== '0')
    .map(([name, one, other]) => {
      const line = `  ${padEnd(name, names)}  ${padEnd(one, middle)}  ${other}`
      return name === '' ? style('bold', line) : line
    })
}

/** Omitted where both runs have none. */
const optional: ReadonlySet<string> = new Set([
  'kept with a null',
  'dropped',
  'rejected',
  'remaining',
  'failed cells',
  'requests',
  'tokens in',
  'tokens out',
])

/** A line of a difference, broken to the width behind its sign. */
function differenceLines(line: string, { style, width }: DiffLayout): string[] {
  const [sign, text] = [line.slice(0, 2), line.slice(2)]
  const shown = indented(text, 0, width - 6).map((piece) => `    ${sign}${piece}`)
  if (sign === '- ') return shown.map((piece) => style('red', piece))
  return sign === '+ ' ? shown.map((piece) => style('green', piece)) : shown
}

function columnLines(
  sign: string,
  column: RunComparison['columns'][number]['statistics'][0],
  { style, width }: DiffLayout,
): string[] {
  if (column === null) return [`    ${sign} column missing`]
  const lines = statisticsLines([{ ...column, name: sign }], { style, width: width - 2 })
  return lines.map((line) => `  ${line}`)
}
