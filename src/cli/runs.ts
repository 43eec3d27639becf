import { type ListedRun, listRuns } from '../report/list-runs.ts'
import { duration, grouped } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { spentTexts } from './failures.ts'
import { rowsText, shortPath } from './report-run.ts'
import { createScreen, type Paint } from './terminal.ts'
import { padEnd, widthOf } from './width.ts'

/** The runs of a folder, one a line. */
export async function runRuns(directory: string, options: { json?: true }): Promise<ExitCode> {
  const runs = await listRuns(directory)
  if (options.json === true) {
    process.stdout.write(jsonLine({ dir: directory, runs }))
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  if (runs.length === 0) screen.print(`No runs in ${shortPath(directory)}.`)
  for (const line of runLines(runs, screen.style, Date.now())) screen.print(line)
  return exitCodes.ok
}

function runLines(runs: readonly ListedRun[], style: Paint, now: number): string[] {
  const paths = runs.map(({ dir }) => shortPath(dir))
  const width = Math.max(0, ...paths.map((path) => widthOf(path)))
  return runs.map((run, at) => {
    const { state, rows, selection, usage, touched, problem } = run
    const facts = [
      style(colours[state], state),
      ...(problem === null ? [] : [visibleLine(problem)]),
      ...(rows === null ? [] : [rowsText({ rows, selection })]),
      ...(run.unwrittenRows > 0 && selection === null
        ? [`${grouped(run.unwrittenRows)} of them done`]
        : []),
      ...(usage === null ? [] : spentTexts(usage)),
      ...(touched === null ? [] : [`${duration(Math.max(0, now - touched) / 1000)} ago`]),
    ]
    return `${style('bold', padEnd(paths[at] ?? '', width))}  ${facts.join('; ')}`
  })
}

const colours = {
  complete: 'green',
  unfinished: 'yellow',
  'at work': 'cyan',
  unreadable: 'red',
} as const
