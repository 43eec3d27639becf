import { forecast, type ForecastRun } from '../run/forecast.ts'
import { editLines } from '../run/edit-text.ts'
import { counted, grouped } from '../util/format.ts'
import { jsonLine, visible } from '../util/visible.ts'
import type { CreateOptions } from './command-line.ts'
import { runOptions } from './create.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { forecastTexts } from './forecast-texts.ts'
import { shortPath } from './report-run.ts'
import { createScreen } from './terminal.ts'

/** Says what `create` would do and take; sends nothing and changes nothing. */
export async function runForecast(config: string, options: CreateOptions): Promise<ExitCode> {
  const { events: _events, ...rest } = runOptions(config, options)
  const found = await forecast(rest)
  if (options.json === true) {
    process.stdout.write(jsonLine(found))
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  screen.print(placeText(found))
  if (found.plan !== null) {
    screen.print(visible(['The config changed:', ...editLines(found.plan)].join('\n')))
  }
  for (const text of forecastTexts(found.forecast)) screen.print(text)
  return exitCodes.ok
}

function placeText({ dir, exists, rows, decided }: ForecastRun): string {
  const place = shortPath(dir)
  if (!exists) return `New run in ${place}: ${counted(rows, 'row')}.`
  return `Continuing in ${place}: ${grouped(Math.max(0, rows - decided))} of ${counted(rows, 'row')} remain.`
}
