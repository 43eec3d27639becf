import { writeFile } from 'node:fs/promises'
import { preview, type Preview } from '../run/preview.ts'
import { exitCodeOfRun, type ExitCode, exitCodes } from './exit-codes.ts'
import {
  costText,
  cutTexts,
  failureTexts,
  rejectionTexts,
  rowsText,
  textWidth,
} from './report-run.ts'
import type { Beginning } from './first-frame.ts'
import { forecastTexts } from './forecast-texts.ts'
import { pageThrough, type Pages } from './pager.ts'
import { throughProgram } from './pager-program.ts'
import { recordLines, rule } from './record.ts'
import { createPaint, isLive, type Paint } from './terminal.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { duration } from '../util/format.ts'
import { jsonLine } from '../util/visible.ts'
import { createWatch } from './watch.ts'
import { besideConfig, type FileOptions } from './command-options.ts'

export interface PreviewOptions extends FileOptions {
  rows: number
  seed?: bigint
  /** True without a folder. */
  cache?: true | string
  replay?: true
  json?: true
  /** The file that the forecast is written to. */
  forecast?: string
  /** False with `--no-pager`. */
  pager?: boolean
}

/** Most pairs of column and reason that are listed: a preview has few rows. */
const MOST_FAILURES = 10

export async function runPreview(
  config: string,
  options: PreviewOptions,
  { screen, name, begin }: Beginning,
): Promise<ExitCode> {
  using watch = createWatch({ screen, name, begin, tellsFolder: false })
  try {
    const made = await preview({
      config,
      rows: options.rows,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...besideConfig(options),
      ...(options.cache === undefined ? {} : { cache: options.cache }),
      ...(options.replay === undefined ? {} : { replay: options.replay }),
      signal: watch.signal,
      onEvent: (event) => {
        if (event.type !== 'run-opening') watch.onEvent(event)
      },
      onStart: (run) => watch.follow(run),
      keepsUsage: true,
    })
    watch[Symbol.dispose]()
    const { result, failures } = made
    if (options.json) process.stdout.write(jsonLine(made.records, jsonValue))
    else await showRows(made, { pager: options.pager !== false && result.end.kind === 'complete' })
    for (const text of watch.remarks()) screen.print(screen.style('yellow', text))
    const failed = failureTexts(failures, {
      most: MOST_FAILURES,
      style: screen.style,
      width: textWidth(screen),
    })
    for (const text of failed) screen.print(text)
    for (const text of rejectionTexts(made)) screen.print(text)
    for (const text of cutTexts(made)) screen.print(screen.style('yellow', text))
    screen.print(`${rowsText(result)}. ${costText(result)}, ${duration(result.seconds)}.`)
    if (options.forecast !== undefined) await writeForecast(options.forecast, made.forecast)
    for (const text of made.forecast === null ? [] : forecastTexts(made.forecast))
      screen.print(text)
    return exitCodeOfRun(result)
  } catch (error) {
    if (watch.signal.aborted && error === watch.signal.reason) return exitCodes.interrupted
    throw error
  }
}

/** Null in it where there is nothing to go by. */
async function writeForecast(path: string, forecast: Preview['forecast']): Promise<void> {
  try {
    await writeFile(path, jsonLine(forecast))
  } catch (error) {
    throw new RowsmithError('usage', `--forecast ${path} can't be written: ${messageOf(error)}`, {
      cause: error,
      hints: ['Give --forecast a file in a folder that exists and can be written to.'],
    })
  }
}

/**
 * One record a screen on a terminal, or all of them in the user's own pager; one after the other
 * elsewhere, and where all of it fits.
 */
async function showRows(made: Preview, { pager }: { pager: boolean }): Promise<void> {
  const { stdin, stdout } = process
  const style = createPaint(stdout)
  const pages = pagesOf(made, style)
  const interactive = pager && stdin.isTTY && isLive(stdout)
  const width = stdout.columns || 80
  // In addition to the record there are its rule, the summary and the prompt.
  const fits =
    pages.count === 0 || (pages.count === 1 && pages.lines(0, width).length + 4 <= stdout.rows)
  if (interactive && !fits) {
    const command = process.env['PAGER']
    if (command === undefined) {
      await pageThrough(pages, { input: stdin, output: stdout, style })
      return
    }
    // Empty: the user wants no pager.
    if (command.trim() !== '') {
      const text = [...texts(pages, { width, style })].join('')
      if (await throughProgram(text, { command, landmark: titlePattern })) return
    }
  }
  for (const text of texts(pages, { width, style })) stdout.write(text)
}

/** The pages one after the other. */
function* texts(
  pages: Pages,
  { width, style }: { width: number; style: Paint },
): Generator<string, void, undefined> {
  for (let page = 0; page < pages.count; page += 1) {
    const lines = [rule(pages.title(page), { width, style }), ...pages.lines(page, width)]
    yield `${lines.join('\n')}\n`
  }
}

/** Finds the titles. */
const titlePattern = 'record [0-9]+ of [0-9]+ · row [0-9]+'

function pagesOf({ rows, columns }: Preview, style: Paint): Pages {
  const dropped = new Set(columns.filter(({ drop }) => drop).map(({ name }) => name))
  let laid: { page: number; width: number; lines: string[] } | null = null
  return {
    count: rows.length,
    title: (page) => `record ${page + 1} of ${rows.length} · row ${rows[page]?.row ?? 0}`,
    lines(page, width) {
      if (laid?.page !== page || laid.width !== width) {
        const values = rows[page]?.values ?? new Map<string, never>()
        laid = { page, width, lines: recordLines(values, { width, style, dropped }) }
      }
      return laid.lines
    },
  }
}

/** Whole numbers beyond 2^53 as text: JSON readers would round them. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
