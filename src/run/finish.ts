import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../config/problem.ts'
import type { Graph } from '../graph/graph.ts'
import type { SchedulerEnd } from '../scheduler/stopping.ts'
import type { DatasetFile } from '../store/ledger-dataset.ts'
import type { RunStore } from '../store/run-store.ts'
import { passesOf } from '../processors/dataset-pass.ts'
import { messageOf } from '../util/errors.ts'
import { mixedColumns } from '../report/mixed-columns.ts'
import type { JudgeSummaries } from './judge-summaries.ts'
import {
  makeReport,
  removeReportPage,
  reportName,
  writeReportPage,
} from '../report/write-report.ts'
import {
  type BesideDataset,
  columnCosts,
  processedOf,
  requestTotals,
  type RowCounts,
  rowCounts,
  type RunEnd,
  type RunResult,
} from '../report/run-result.ts'

/** Name of the summary in the run folder; the ledger is the truth, this is for people and scripts. */
const summaryName = 'run.json'

/** Most parts for which an interrupted run writes a report: somebody who interrupts does not want to wait. */
const quickParts = 100

export interface FinishOptions {
  graph: Graph
  ended: SchedulerEnd
  /** Null where every row of a plan is made. */
  selection: RunResult['selection']
  /** Null where no one will see them. */
  summaries: Pick<JudgeSummaries, 'make'> | null
  /** Ends the making of datasets, with an error of the code `interrupted`. */
  signal: AbortSignal
  /** The duration of this session. */
  seconds: () => number
  /** Called with problems that do not affect the dataset. */
  warn: (problem: Problem) => void
}

/** Joins a complete dataset and sums up what the run folder holds. */
export async function finish(
  store: RunStore,
  { graph, ended, selection, summaries, signal, seconds, warn }: FinishOptions,
): Promise<RunResult> {
  const rows = rowCounts(store.settings.rows, await store.totals())
  const made = isComplete(rows, { ended, selection })
    ? await makeDatasets(store, graph, { rows, signal })
    : noDatasets
  const { files, datasets, processed } = made ?? noDatasets
  const end: RunEnd = made === null ? { kind: 'interrupted' } : endOf(rows, { ended, selection })
  if (end.kind === 'complete') await sumUp(summaries, warn)
  const reported = await report(store, { graph, end, seconds: seconds(), warn })
  const result: RunResult = {
    dir: store.directory,
    rows,
    selection,
    rejections: await store.rejections(),
    files: files.map((file) => ({ path: file.path, rows: file.rows })),
    processed,
    datasets,
    ...requestTotals(await store.usage()),
    usageByColumn: columnCosts(await store.columnUsage(), store.settings.columns),
    outputModes: store.outputModes,
    mixed: mixedColumns(store.settings),
    seconds: seconds(),
    end,
    ...reported,
  }
  await writeSummary(store, result).catch((error: unknown) => warn(notWritten(error)))
  return result
}

interface Datasets extends Pick<RunResult, 'datasets' | 'processed'> {
  files: readonly DatasetFile[]
}

const noDatasets: Datasets = { files: [], datasets: [], processed: null }

interface MakeOptions {
  rows: RowCounts
  signal: AbortSignal
}

/**
 * The run's own dataset and those that processors make next to it; null where that was interrupted: they
 * are then made again from the parts, from the beginning.
 */
async function makeDatasets(
  store: RunStore,
  graph: Graph,
  options: MakeOptions,
): Promise<Datasets | null> {
  try {
    return await makeAll(store, graph, options)
  } catch (error) {
    if (!options.signal.aborted || error !== options.signal.reason) throw error
    return null
  }
}

async function makeAll(
  store: RunStore,
  graph: Graph,
  { rows, signal }: MakeOptions,
): Promise<Datasets> {
  const { own, beside } = passesOf(graph, store.settings.seed)
  const files = await store.join({ pass: own, signal })
  const datasets: BesideDataset[] = []
  for (const [name, pass] of beside) {
    const made = await store.join({ beside: name, pass, signal })
    datasets.push({ name, files: made.map((file) => ({ path: file.path, rows: file.rows })) })
  }
  await store.removeBesides([...beside.keys()])
  return { files, datasets, processed: processedOf(await store.processors(), rows, files) }
}

/** The dataset is complete: a missing summary is reported and changes nothing in it. */
async function sumUp(
  summaries: FinishOptions['summaries'],
  warn: FinishOptions['warn'],
): Promise<void> {
  for (const { column, score, alias, failure } of (await summaries?.make()) ?? []) {
    warn({
      level: 'warning',
      code: 'summary-failed',
      path: ['profilers'],
      message: `The model '${alias}' wrote no summary of the scores '${score}' of '${column}': ${failure}`,
      suggestion: 'The dataset is complete; create asks again.',
    })
  }
}

/** Every row has its outcome, and no selection ended with too few. */
function isComplete({ remaining }: RowCounts, { ended, selection }: Ended): boolean {
  if (remaining > 0) return false
  return selection === null || selection.accepted >= selection.target || ended.kind === 'complete'
}

type Ended = Pick<FinishOptions, 'ended' | 'selection'>

function endOf(rows: RowCounts, { ended, selection }: Ended): RunEnd {
  if (isComplete(rows, { ended, selection })) return { kind: 'complete' }
  if (ended.kind === 'interrupted') return { kind: 'interrupted' }
  return {
    kind: 'stopped',
    reason: ended.kind === 'stopped' ? ended.reason : `${rows.remaining} rows remain`,
  }
}

interface ReportParts extends Pick<FinishOptions, 'graph' | 'warn'> {
  end: RunEnd
  seconds: number
}

/** A page that can't be written does not affect the dataset. */
async function report(
  store: RunStore,
  { graph, end, seconds, warn }: ReportParts,
): Promise<Pick<RunResult, 'report' | 'columns' | 'judges' | 'agreement' | 'verdict'>> {
  const { directory, settings } = store
  if (end.kind === 'interrupted' && settings.rows > quickParts * settings.partRows) {
    await removeReportPage(directory)
    return { report: null, columns: null, judges: [], agreement: [], verdict: null }
  }
  await store.completeProfiles()
  const path = join(directory, reportName)
  const made = await makeReport(directory, { graph, seconds })
  const { columns, judges, agreement, verdict } = made
  try {
    await writeReportPage(made, path, { isOver: true })
    return { report: path, columns, judges, agreement, verdict }
  } catch (error) {
    warn({
      level: 'warning',
      code: 'report-not-written',
      path: [],
      message: `The report's page could not be written: ${messageOf(error)}`,
      suggestion: 'rowsmith report makes it again; --html writes it elsewhere.',
    })
    return { report: null, columns, judges, agreement, verdict }
  }
}

function notWritten(error: unknown): Problem {
  return {
    level: 'warning',
    code: 'summary-not-written',
    path: [],
    message: `The summary of the run could not be written: ${messageOf(error)}`,
    suggestion: `${summaryName} is for people and scripts; the dataset and everything else is complete.`,
  }
}

async function writeSummary(store: RunStore, result: RunResult): Promise<void> {
  const { name, seed } = store.settings
  const summary = { name, seed: String(seed), ...result }
  const path = join(store.directory, summaryName)
  const unfinished = `${path}.tmp`
  try {
    await writeFile(unfinished, `${JSON.stringify(summary, null, 2)}\n`, { flush: true })
    await rename(unfinished, path)
  } catch (error) {
    // If removing it fails too, the first error is the one to report.
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
}
