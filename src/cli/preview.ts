import { basename, extname } from 'node:path'
import { preview } from '../run/preview.ts'
import { exitCodeOfRun, type ExitCode, exitCodes } from './exit-codes.ts'
import { formatRecord } from './record.ts'
import { costText, failureTexts, rowsText } from './report.ts'
import { createScreen } from './terminal.ts'
import { duration } from '../util/format.ts'
import { createWatch } from './watch.ts'

export interface PreviewOptions {
  rows: number
  seed?: bigint
  runConfig?: string
  providers?: string
  json?: true
}

export async function runPreview(config: string, options: PreviewOptions): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using watch = createWatch(screen, basename(config, extname(config)))
  try {
    const { records, result, failures } = await preview({
      config,
      rows: options.rows,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.runConfig === undefined ? {} : { runConfig: options.runConfig }),
      ...(options.providers === undefined ? {} : { providersFile: options.providers }),
      signal: watch.signal,
      onEvent: (event) => {
        // Its folder is gone when the command ends.
        if (event.type !== 'run-opened') watch.onEvent(event)
      },
      onStart: (run) => watch.follow(run),
    })
    watch[Symbol.dispose]()
    if (options.json) {
      process.stdout.write(`${JSON.stringify(records, jsonValue)}\n`)
    } else {
      const width = process.stdout.columns ?? 80
      records.forEach((record, index) => {
        process.stdout.write(
          `${formatRecord(record, `record ${index + 1} of ${records.length}`, width)}\n`,
        )
      })
    }
    for (const text of failureTexts(failures)) screen.print(screen.style('yellow', text))
    screen.print(`${rowsText(result.rows)}. ${costText(result)}, ${duration(result.seconds)}.`)
    return exitCodeOfRun(result)
  } catch (error) {
    if (watch.signal.aborted && error === watch.signal.reason) return exitCodes.interrupted
    throw error
  }
}

/** Whole numbers beyond 2^53 as text: JSON readers would round them. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
