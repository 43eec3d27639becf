import { join, resolve } from 'node:path'
import { open } from '../run/open-dataset.ts'
import { type DatasetReport, reportName, writeReportPage } from '../report/write-report.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import {
  costText,
  cutTexts,
  failureTexts,
  joinTexts,
  mixedTexts,
  processedTexts,
  rejectionTexts,
  runningTexts,
  rowsText,
  shortPath,
  textWidth,
} from './report-run.ts'
import { judgementLines } from './judgement-lines.ts'
import { verdictLines } from './verdict-lines.ts'
import { statisticsLines } from './statistics-lines.ts'
import { createScreen } from './terminal.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'

export interface ReportCommandOptions {
  html?: string
  plugin?: readonly string[]
  json?: true
}

/** Statistics of a run folder: on stdout, and as a page. */
export async function runReport(
  directory: string,
  options: ReportCommandOptions,
): Promise<ExitCode> {
  if (options.html === '-') {
    throw new RowsmithError('usage', '--html takes a file: the statistics are printed on stdout', {
      hints: ['Give it a name, such as report.html.'],
    })
  }
  await using dataset = await open(directory, { plugins: options.plugin ?? [] })
  const report = await dataset.report()
  const { run, columns, judges, agreement, verdict } = report
  if (options.json) {
    const { run: _run, ...figures } = report
    process.stdout.write(jsonLine({ ...run, seed: String(run.seed), ...figures }))
  } else {
    const screen = createScreen(process.stdout)
    const layout = { style: screen.style, width: textWidth(screen) }
    const most = Number.POSITIVE_INFINITY
    const lines = [
      ...runningTexts(run, Date.now()).map((text) => screen.style('cyan', text)),
      `${screen.style('bold', visibleLine(run.name))}  ${rowsText(run)}`,
      `  ${costText(run)}`,
      ...verdictLines(verdict, layout),
      ...cutTexts(run).map((text) => screen.style('yellow', text)),
      ...failureTexts(run.failures, { ...layout, most }),
      ...rejectionTexts(run),
      ...mixedTexts(run).map((text) => screen.style('yellow', text)),
      ...joinTexts(run).map((text) => screen.style('yellow', text)),
      ...(run.processed === null ? [] : processedTexts(run.processed)),
      '',
      ...statisticsLines(columns, { ...layout, most }),
      ...judgementLines({ judges, agreement }, layout),
    ]
    screen.print(lines.join('\n'))
  }
  return writePage(report, options.html ?? join(dataset.directory, reportName), {
    isAsked: options.html !== undefined,
  })
}

/** Statistics that were shown are worth something without a page, unless it was asked for. */
async function writePage(
  report: DatasetReport,
  path: string,
  { isAsked }: { isAsked: boolean },
): Promise<ExitCode> {
  const page = resolve(path)
  try {
    await writeReportPage(report, page)
    process.stderr.write(`Report: ${shortPath(page)}\n`)
    return exitCodes.ok
  } catch (error) {
    if (!isAsked) {
      process.stderr.write(`No page: ${visibleLine(messageOf(error))}\n`)
      return exitCodes.ok
    }
    throw new RowsmithError('usage', messageOf(error), {
      cause: error,
      hints: ['Give --html a file in a folder that exists and can be written to.'],
    })
  }
}
