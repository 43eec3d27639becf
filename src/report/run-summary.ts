import type { DatasetConfig, SeedJoin } from '../config/dataset.ts'
import { formatPath } from '../config/format-problems.ts'
import { loadDataset } from '../config/load.ts'
import { resolveDataset } from '../config/resolve-dataset.ts'
import { mostCandidates } from '../config/select.ts'
import { decidedOf } from '../rows/row-outcome.ts'
import type { JoinCount } from '../seeds/define.ts'
import { pathOfJoin } from '../seeds/join/plan-joins.ts'
import type { StoreSummary } from '../store/inspect-store.ts'
import type { StoredPlugin } from '../store/run-settings.ts'
import { type MixedColumn, mixedColumns } from './mixed-columns.ts'
import type { RunCommand } from '../store/command-file.ts'
import {
  columnCosts,
  processedOf,
  requestTotals,
  rowCounts,
  type RowCounts,
  type RunResult,
} from './run-result.ts'

/** The content of a run folder. */
export interface RunSummary extends Pick<
  RunResult,
  'requests' | 'cached' | 'requestOutcomes' | 'usage' | 'usageByRoute' | 'usageByColumn'
> {
  dir: string
  name: string
  seed: bigint
  rows: RowCounts
  /** Null where the config has no `select`. */
  selection: RunResult['selection']
  /** Whether no row remains, and a selection has all it wants or keeps what there is. */
  complete: boolean
  /** Paid cells in the ledger that are not in a part yet. */
  waitingCells: number
  /** Remaining rows whose cells are in the ledger and whose part is not written yet. */
  unwrittenRows: number
  /** Stored cells of columns that are no longer in the config, in case they return. */
  superseded: StoreSummary['superseded']
  parts: StoreSummary['parts']
  /** Files of the final dataset, when it is complete. */
  files: { path: string; rows: number; bytes: number }[]
  processed: RunResult['processed']
  datasets: RunResult['datasets']
  /** Files in the run folder that cells name, by type. */
  media: StoreSummary['media']
  failures: StoreSummary['failures']
  rejections: StoreSummary['rejections']
  outputModes: StoreSummary['outputModes']
  /** Columns with truncated answers, and their number. */
  cutAnswers: readonly CutAnswers[]
  /** What the config allows its models at once and in a minute; null for no limit. */
  limits: {
    alias: string
    requestsAtOnce: number
    requestsPerMinute: number | null
    tokensPerMinute: number | null
  }[]
  sessions: StoreSummary['sessions']
  columns: { name: string; type: string; drop: boolean }[]
  /** Columns whose cells were kept when their config changed, such as their model. */
  mixed: readonly MixedColumn[]
  /** Joins of the seed of which some rows have no partner. */
  joins: readonly PartnerlessJoin[]
  /** In addition to the built-in kinds. */
  plugins: readonly StoredPlugin[]
  /** The last `create` command; null if a program made the run. */
  command: RunCommand | null
  /** The living process that works on it. */
  holder: StoreSummary['holder']
  /** Requests that a provider has and that are not collected yet. */
  batches: readonly StoredBatch[]
}

/** A batch of which not all results are in the run folder. */
interface StoredBatch {
  route: string
  /** The provider's name for it; null where its submission was cut short. */
  batch: string | null
  /** Our name for it. */
  submission: string
  requests: number
  /** Milliseconds since 1970. */
  submitted: number
}

interface PartnerlessJoin extends JoinCount {
  /** Its place in the config. */
  join: string
  how: SeedJoin['how']
}

interface CutAnswers {
  column: string
  cut: number
  answers: number
}

/** What stands next to the ledger in a run folder. */
export interface BesideLedger {
  command: RunCommand | null
  joins: readonly JoinCount[]
}

export function summaryOf(store: StoreSummary, { command, joins }: BesideLedger): RunSummary {
  const { settings } = store
  const { config } = loadDataset(settings.config, { file: `config of ${store.directory}` })
  const counts = rowCounts(settings.rows, store.totals)
  const selection = selectionOf(store, config)
  const isSelected =
    selection === null ||
    selection.accepted >= selection.target ||
    config?.select?.on_exhausted === 'keep'
  return {
    dir: store.directory,
    name: settings.name,
    seed: settings.seed,
    rows: counts,
    selection,
    complete: counts.remaining === 0 && isSelected,
    waitingCells: store.waitingCells,
    unwrittenRows: Math.min(counts.remaining, unwrittenOf(store, config)),
    superseded: store.superseded,
    parts: store.parts,
    files: store.dataset.map(({ path, rows, bytes }) => ({ path, rows, bytes })),
    media: store.media,
    ...requestTotals(store.usage),
    usageByColumn: columnCosts(store.columnUsage, settings.columns),
    outputModes: store.outputModes,
    cutAnswers: cutAnswersOf(store),
    limits: limitsOf(config),
    processed: processedOf(store.processors, store.totals, store.dataset),
    datasets: store.besides.map(({ name, files }) => ({
      name,
      files: files.map(({ path, rows }) => ({ path, rows })),
    })),
    failures: store.failures,
    rejections: store.rejections,
    sessions: store.sessions,
    columns: settings.columns
      .filter(({ hidden }) => hidden !== true)
      .map(({ name, type, drop }) => ({ name, type, drop })),
    mixed: mixedColumns(settings),
    joins: partnerless(joins, config),
    plugins: settings.plugins ?? [],
    command,
    holder: store.holder,
    batches: store.batches.map(({ route, handle, submission, requests, submitted }) => ({
      route,
      batch: handle,
      submission,
      requests,
      submitted,
    })),
  }
}

/** Where cells may be skipped, no row says by its cells that it has all of them. */
function unwrittenOf({ unwritten }: StoreSummary, config: DatasetConfig | null): number {
  const skips = config?.columns.some(({ skip }) => skip !== undefined && skip !== null) === true
  return skips ? unwritten.reached : unwritten.whole
}

function cutAnswersOf({ columnUsage, settings }: StoreSummary): CutAnswers[] {
  return settings.columns.flatMap(({ name }, position) => {
    const own = columnUsage.filter(({ column }) => column === position)
    const cut = own.reduce((sum, usage) => sum + usage.cut, 0)
    const answers = own.reduce((sum, usage) => sum + usage.ok, 0)
    return cut === 0 ? [] : [{ column: name, cut, answers }]
  })
}

function partnerless(
  counts: readonly JoinCount[],
  config: DatasetConfig | null,
): PartnerlessJoin[] {
  const joins = config?.seed_config?.join ?? []
  return joins.flatMap(({ how }, index) => {
    const count = counts[index]
    if (count === undefined || count.withoutPartner === 0) return []
    return [{ join: formatPath(pathOfJoin(index)), how, ...count }]
  })
}

/** Rows that a processor decides on are counted once the dataset is made. */
function selectionOf(
  { dataset, totals }: StoreSummary,
  config: DatasetConfig | null,
): RunSummary['selection'] {
  const select = config?.select ?? null
  if (select === null) return null
  const { target } = select
  const records = dataset.reduce((sum, { rows }) => sum + rows, 0)
  const accepted = dataset.length > 0 ? records : totals.accepted + totals.nullKept
  return {
    target,
    accepted: Math.min(target, accepted),
    candidates: decidedOf(totals),
    most: mostCandidates(select),
  }
}

function limitsOf(config: DatasetConfig | null): RunSummary['limits'] {
  if (config === null) return []
  return resolveDataset(config).models.map(({ alias, inference_parameters: parameters }) => ({
    alias,
    requestsAtOnce: parameters.max_parallel_requests,
    requestsPerMinute: parameters.requests_per_minute,
    tokensPerMinute: parameters.tokens_per_minute,
  }))
}
