import { basename, extname } from 'node:path'
import { open } from '../run/open-dataset.ts'
import { type RunOptions, start } from '../run/run.ts'
import type { RunResult } from '../report/run-result.ts'
import { exitCodeOfRun, type ExitCode, exitCodes } from './exit-codes.ts'
import { reportRun, shortPathWord } from './report-run.ts'
import { type CreateOptions, createWords } from './command-line.ts'
import { jsonLine } from '../util/visible.ts'
import { createScreen } from './terminal.ts'
import { createWatch } from './watch.ts'

export async function runCreate(config: string, options: CreateOptions): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using watch = createWatch({
    screen,
    name: basename(config, extname(config)),
    begin: `reading ${config}`,
    tellsFolder: true,
  })
  try {
    await using run = await start({
      ...runOptions(config, options),
      signal: watch.signal,
      onEvent: watch.onEvent,
    })
    watch.follow(run)
    const result = await run.finished
    watch[Symbol.dispose]()
    await using dataset = await open(result.dir)
    const summary = await dataset.summary()
    reportRun({ result, summary, remarks: watch.remarks() }, screen)
    if (options.json) process.stdout.write(jsonLine(jsonOf(result)))
    return exitCodeOfRun(result)
  } catch (error) {
    if (watch.signal.aborted && error === watch.signal.reason) return exitCodes.interrupted
    throw error
  }
}

function runOptions(config: string, options: CreateOptions): RunOptions {
  return {
    config,
    mode: options.fresh ? 'fresh' : 'auto',
    shrink: options.shrink === true,
    edit: options.edit === true,
    keep: options.keep ?? [],
    retryDropped: options.retryDropped === true,
    repair: options.repair === true,
    command: (directory) => createWords(config, options, shortPathWord(directory)),
    ...(options.rows === undefined ? {} : { rows: options.rows }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.out === undefined ? {} : { out: options.out }),
    ...(options.runConfig === undefined ? {} : { runConfig: options.runConfig }),
    ...(options.providers === undefined ? {} : { providersFile: options.providers }),
    ...(options.mcpProviders === undefined ? {} : { mcpProvidersFile: options.mcpProviders }),
    ...(options.toolConfigs === undefined ? {} : { toolConfigsFile: options.toolConfigs }),
    ...(options.plugin === undefined ? {} : { plugins: options.plugin }),
  }
}

/** The object `--json` prints: stable field names. */
function jsonOf(result: RunResult): object {
  const { dir, rows, rejections, files, processed, datasets, requests, usage, seconds, report } =
    result
  return { dir, rows, rejections, files, processed, datasets, requests, usage, seconds, report }
}
