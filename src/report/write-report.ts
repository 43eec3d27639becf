import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeTarget } from '../export/write-target.ts'
import type { Graph } from '../graph/graph.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { reportPage } from '../profile/page.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import { inspectStore } from '../store/inspect-store.ts'
import type { StoreSummary } from '../store/inspect-store.ts'
import { isRowsmithError } from '../util/errors.ts'
import { readCommand } from '../store/command-file.ts'
import { columnStatistics } from './column-statistics.ts'
import { datasetStatistics } from './dataset-statistics.ts'
import { compileStored } from '../check/stored-graph.ts'
import type { Judgements } from '../profile/judgements.ts'
import { judgementsOf } from './read-judgements.ts'
import { type RunSummary, summaryOf } from './run-summary.ts'

/** The results of a run: its outcomes and the statistics of its columns. */
export interface DatasetReport {
  run: RunSummary
  /** In the config's order, side columns behind theirs. */
  columns: readonly ColumnStatistics[]
  /** What judges gave, score by score, and how far they agree: over the records of the rows. */
  judges: Judgements['judges']
  agreement: Judgements['agreement']
}

export interface ReportOptions {
  /** The run's graph, or the kinds to compile it with. */
  graph: Graph | (() => Promise<Registry>)
  /** How long the session that makes the report has worked; it has no end yet. */
  seconds?: number
}

/** Reads a run folder without a lock. */
export async function makeReport(
  directory: string,
  { graph, seconds }: ReportOptions,
): Promise<DatasetReport> {
  const store = await inspectStore(directory)
  const run = summaryOf(store, await readCommand(store.directory))
  const session = run.sessions.at(-1)
  if (session !== undefined && seconds !== undefined) {
    session.ended = session.started + Math.round(seconds * 1000)
  }
  const compiled = typeof graph === 'function' ? await storedGraph(store, graph) : graph
  const judgements =
    compiled === null
      ? noJudgements
      : withSummaries(await judgementsOf(store.directory, store.settings, compiled), store)
  if (compiled !== null && store.processors !== '') {
    return { run, columns: await datasetStatistics(compiled, store.dataset), ...judgements }
  }
  const columns = await columnStatistics({
    directory: store.directory,
    settings: store.settings,
    graph: compiled,
    failures: store.failures,
    usage: store.usage,
    dropped: store.totals.dropped,
    rejected: store.totals.rejected,
  })
  return { run, columns, ...judgements }
}

/** Without the config nothing is known of what is judged. */
const noJudgements: Judgements = { judges: [], agreement: [] }

function withSummaries(
  { judges, agreement }: Judgements,
  { summaries }: Pick<StoreSummary, 'summaries'>,
): Judgements {
  return {
    agreement,
    judges: judges.map((judge) => ({
      ...judge,
      summaries: summaries
        .filter(({ column, score }) => column === judge.column && score === judge.score)
        .map(({ alias, text, failure }) => ({ by: alias, text, failure })),
    })),
  }
}

/** Null for a config that another version made, or one whose plugin or file is missing; the figures need none. */
async function storedGraph(
  { directory, settings }: StoreSummary,
  registry: () => Promise<Registry>,
): Promise<Graph | null> {
  try {
    return (await compileStored(directory, settings, await registry())).graph
  } catch (error) {
    const codes = ['fingerprint-changed', 'plugin-missing', 'column-not-loaded']
    if (isRowsmithError(error) && codes.includes(error.code)) return null
    throw error
  }
}

/** Name of the page in the run folder. */
export const reportName = 'report.html'

/** Writes a report as one HTML page that needs nothing next to it. */
export async function writeReportPage(report: DatasetReport, path: string): Promise<void> {
  const { run, ...rest } = report
  await writeTarget(path, [reportPage({ ...run, seed: String(run.seed), ...rest })])
}

/** A page of what the folder held before would tell what is no longer true. */
export async function removeReportPage(directory: string): Promise<void> {
  await rm(join(directory, reportName), { force: true, recursive: true })
}
