import type { RunOptions } from '../run/run.ts'
import type { RunResult } from '../report/run-result.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Beginning } from './first-frame.ts'
import { makeDataset } from './make-dataset.ts'
import { shortPathWord } from './report-run.ts'
import { type CreateOptions, createWords } from './command-line.ts'
import { RowsmithError } from '../util/errors.ts'
import { jsonLine } from '../util/visible.ts'
import { besideConfig } from './command-options.ts'

export async function runCreate(
  config: string,
  options: CreateOptions,
  beginning: Beginning,
): Promise<ExitCode> {
  const { code, result } = await makeDataset(runOptions(config, options), beginning)
  if (options.json) {
    process.stdout.write(jsonLine(result === null ? { error: interrupted } : jsonOf(result)))
  }
  return code
}

const interrupted = {
  code: 'interrupted',
  message: 'interrupted before anything was generated',
  hints: [],
  problems: [],
}

/** What the library is asked for. */
export function runOptions(config: string, options: CreateOptions): RunOptions {
  return {
    config,
    mode: options.fresh ? 'fresh' : 'auto',
    shrink: options.shrink === true,
    edit: options.edit === true,
    keep: options.keep ?? [],
    ...retryOptions(options),
    repair: options.repair === true,
    command: (directory) => createWords(config, options, shortPathWord(directory)),
    ...(options.rows === undefined ? {} : { rows: options.rows }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.out === undefined ? {} : { out: options.out }),
    ...(options.maxCost === undefined ? {} : { maxCost: options.maxCost }),
    ...(options.events === undefined ? {} : { events: options.events }),
    ...besideConfig(options),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
    ...(options.replay === undefined ? {} : { replay: options.replay }),
    ...(options.cancelBatches === undefined ? {} : { cancelBatches: true }),
  }
}

function retryOptions(options: CreateOptions): Pick<RunOptions, 'retryFailed'> {
  const { retryFailed, retryDropped, column, code } = options
  if (retryFailed === true || retryDropped === true) return { retryFailed: { column, code } }
  const alone = column === undefined ? code && '--code' : '--column'
  if (!alone) return {}
  throw new RowsmithError('usage', `${alone} says which failed cells are made again`, {
    hints: ['Give it with --retry-failed.'],
  })
}

/** Models that were asked and whose price no one knows. */
function unpricedOf({ usageByRoute }: RunResult): string[] {
  return usageByRoute.flatMap(({ route, ok, inputTokens, outputTokens, images, cost }) => {
    const isModel = inputTokens + outputTokens + images > 0
    return ok > 0 && isModel && cost === null ? [route] : []
  })
}

/** The object `--json` prints: stable field names. */
function jsonOf(result: RunResult): object {
  const { dir, rows, selection, rejections, files, processed, datasets } = result
  const { requests, cached, usage, seconds, report } = result
  return {
    dir,
    rows,
    selection,
    rejections,
    files,
    processed,
    datasets,
    requests,
    cached,
    usage,
    cost: { total: usage.cost, currency: 'USD', unknown: unpricedOf(result) },
    seconds,
    report,
  }
}
