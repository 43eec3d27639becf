import { join, resolve } from 'node:path'
import { open } from '../run/dataset.ts'
import { reportName, writeReportPage } from '../run/report.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { costText, failureTexts, rowsText, shortPath, textWidth } from './outcome.ts'
import { statisticsLines } from './statistics.ts'
import { createScreen } from './terminal.ts'
import { jsonLine, visibleLine } from './visible.ts'

export interface ReportCommandOptions {
  html?: string
  json?: true
}

/** Statistics of a run folder: on stdout, and as a page. */
export async function runReport(
  directory: string,
  options: ReportCommandOptions,
): Promise<ExitCode> {
  await using dataset = await open(directory)
  const report = await dataset.report()
  const { run, columns } = report
  if (options.json) {
    process.stdout.write(jsonLine({ ...run, seed: String(run.seed), columns }))
  } else {
    const screen = createScreen(process.stdout)
    const layout = { style: screen.style, width: textWidth(screen) }
    const most = Number.POSITIVE_INFINITY
    const lines = [
      `${screen.style('bold', visibleLine(run.name))}  ${rowsText(run.rows)}`,
      `  ${costText(run)}`,
      ...failureTexts(run.failures, { ...layout, most }),
      '',
      ...statisticsLines(columns, { ...layout, most }),
    ]
    screen.print(lines.join('\n'))
  }
  const page = resolve(options.html ?? join(dataset.directory, reportName))
  await writeReportPage(report, page)
  process.stderr.write(`Page: ${shortPath(page)}\n`)
  return exitCodes.ok
}
