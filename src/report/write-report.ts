import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeTarget } from '../export/write-target.ts'
import type { Graph } from '../graph/graph.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { verdictOf } from '../profile/dataset-verdict.ts'
import type { Verdict } from '../profile/finding.ts'
import { reportPage, type ReportPage } from '../profile/page.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import { type TextFigures, textFigures } from '../profile/text-figures.ts'
import { packageVersion } from '../threads/package-version.ts'
import { inspectStore } from '../store/inspect-store.ts'
import type { StoreSummary } from '../store/inspect-store.ts'
import { isRowsmithError } from '../util/errors.ts'
import { columnStatistics } from './column-statistics.ts'
import { datasetStatistics } from './dataset-statistics.ts'
import { compileStored } from '../check/stored-graph.ts'
import type { InvalidReasons, Judgements } from '../profile/judgements.ts'
import { codeLanguages, columnOrigins } from './column-origins.ts'
import { invalidReasons } from './invalid-reasons.ts'
import { pageSample } from './page-sample.ts'
import { recordFiles } from './sample-records.ts'
import { sampleTexts } from './sample-texts.ts'
import { judgementsOf } from './read-judgements.ts'
import { readSummary } from './read-summary.ts'
import type { RunSummary } from './run-summary.ts'

/** The results of a run: its outcomes and the statistics of its columns. */
export interface DatasetReport {
  run: RunSummary
  /** In the config's order, side columns behind theirs. */
  columns: readonly ColumnStatistics[]
  /** What judges gave, score by score, and how far they agree: over the records of the rows. */
  judges: Judgements['judges']
  agreement: Judgements['agreement']
  /** Why validators called values invalid, from up to 2,000 records. */
  invalid: readonly InvalidReasons[]
  /** What texts that models wrote have in common, from up to 10,000 records. */
  texts: readonly TextFigures[]
  /** Whether the dataset is likely to be of use, by rules that read these figures. */
  verdict: Verdict
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
  const run = await readSummary(store)
  const session = run.sessions.at(-1)
  if (session !== undefined && seconds !== undefined) {
    session.ended = session.started + Math.round(seconds * 1000)
  }
  const compiled = typeof graph === 'function' ? await storedGraph(store, graph) : graph
  const judgements =
    compiled === null
      ? noJudgements
      : withSummaries(await judgementsOf(store.directory, store.settings, compiled), store)
  const columns =
    compiled !== null && store.processors !== ''
      ? await datasetStatistics(compiled, store.dataset)
      : await columnStatistics({
          directory: store.directory,
          settings: store.settings,
          graph: compiled,
          failures: store.failures,
          usage: store.usage,
          dropped: store.totals.dropped,
          rejected: store.totals.rejected,
        })
  const read = await readRecords(store, { compiled, columns, judgements })
  const isWorking = run.holder !== null && seconds === undefined
  const verdict = verdictOf({ ...run, ...judgements, columns, texts: read.texts, isWorking })
  return { run, columns, ...judgements, ...read, verdict }
}

interface ReadOptions {
  compiled: Graph | null
  columns: readonly ColumnStatistics[]
  judgements: Judgements
}

/** What only the records themselves say. */
async function readRecords(
  store: StoreSummary,
  { compiled, columns, judgements }: ReadOptions,
): Promise<Pick<DatasetReport, 'invalid' | 'texts'>> {
  const types = recordTypes(store, columns)
  if (compiled === null || types === null) return { invalid: [], texts: [] }
  const files = recordFiles(store)
  const texts: TextFigures[] = []
  for await (const sample of sampleTexts(files, types, compiled)) {
    texts.push(await textFigures(sample))
  }
  return { texts, invalid: await invalidReasons(files, types, judgements.judges) }
}

/** The columns of the records that are there; null where another config's processors made them. */
function recordTypes(
  { processors, dataset, madeColumns }: StoreSummary,
  columns: readonly ColumnStatistics[],
): ReadonlyMap<string, ColumnType> | null {
  const isMade = processors !== '' && dataset.length > 0
  const present = isMade ? madeColumns : columns.filter(({ dropped }) => !dropped)
  return present === null ? null : new Map(present.map(({ name, type }) => [name, type]))
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

/** Writes a report as one HTML page that needs nothing next to it, with some of the records. */
export async function writeReportPage(
  report: DatasetReport,
  path: string,
  { isOver = report.run.holder === null }: { isOver?: boolean } = {},
): Promise<void> {
  const { run, columns, ...rest } = report
  const store = await inspectStore(run.dir)
  const { config } = store.settings
  const types = recordTypes(store, columns)
  const made = run.rows.accepted + run.rows.nullKept
  const records = run.processed?.recordsOut ?? made
  const pageRecords =
    types === null
      ? null
      : await pageSample({
          directory: store.directory,
          path,
          files: recordFiles(store),
          columns: [...types].map(([name, type]) => ({ name, type })),
          languages: codeLanguages(config),
          total: records,
        })
  const state = run.complete ? 'complete' : isOver ? 'unfinished' : 'working'
  const page: ReportPage = {
    ...run,
    ...rest,
    columns,
    seed: String(run.seed),
    state,
    records,
    pageRecords,
    origins: columnOrigins(config),
    version: packageVersion(),
  }
  await writeTarget(path, [reportPage(page)])
}

/** A page of what the folder held before would tell what is no longer true. */
export async function removeReportPage(directory: string): Promise<void> {
  await rm(join(directory, reportName), { force: true, recursive: true })
}
