import { basename } from 'node:path'
import type { RunResult } from '../report/run-result.ts'
import { type Dataset, open } from '../run/open-dataset.ts'
import { type RunOptions, start } from '../run/run.ts'
import { commandText } from './command-line.ts'
import { exitCodeOfRun, type ExitCode, exitCodes } from './exit-codes.ts'
import { tableLines } from './record-table.ts'
import { reportRun, shortPathWord } from './report-run.ts'
import type { Screen } from './terminal.ts'
import { createWatch } from './watch.ts'

export interface MakeOptions {
  screen: Screen
  name: string
  /** What it begins with, for the first line. */
  begin: string
  /** Whether the first records are shown, and what to do with them; on a terminal by default. */
  showsRecords?: boolean
}

export interface MadeDataset {
  code: ExitCode
  /** Null where it was interrupted before there was a run. */
  result: RunResult | null
}

/** Records of the table at the end. */
const SHOWN_RECORDS = 5

/** Makes a dataset and shows a person its progress, its result and its first records. */
export async function makeDataset(
  options: RunOptions,
  { screen, name, begin, showsRecords }: MakeOptions,
): Promise<MadeDataset> {
  using watch = createWatch({ screen, name, begin, tellsFolder: true })
  try {
    await using run = await start({ ...options, signal: watch.signal, onEvent: watch.onEvent })
    watch.follow(run)
    const result = await run.finished
    watch[Symbol.dispose]()
    await using dataset = await open(result.dir)
    const summary = await dataset.summary()
    const isShown = (showsRecords ?? screen.live) && result.rows.remaining === 0
    const table = isShown ? await tableOf(dataset, result, screen) : []
    reportRun({ result, summary, remarks: watch.remarks(), table }, screen)
    if (table.length > 0) screen.print(`To export as JSON Lines: ${exportCommand(result.dir)}`)
    return { code: exitCodeOfRun(result), result }
  } catch (error) {
    if (watch.signal.aborted && error === watch.signal.reason) {
      return { code: exitCodes.interrupted, result: null }
    }
    throw error
  }
}

async function tableOf(dataset: Dataset, result: RunResult, screen: Screen): Promise<string[]> {
  const records: Record<string, unknown>[] = []
  for await (const record of dataset.records({ limit: SHOWN_RECORDS })) records.push(record)
  const fromModels = (result.columns ?? []).filter(({ kind }) => kind?.startsWith('llm-') === true)
  const preferred = new Set(fromModels.map((column) => column.name))
  return tableLines(records, { width: screen.width - 1, style: screen.style, preferred })
}

function exportCommand(directory: string): string {
  const folder = shortPathWord(directory)
  return commandText(['export', folder, '--to', `${basename(folder)}.jsonl`])
}
