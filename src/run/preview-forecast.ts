import { loadDataset } from '../config/load.ts'
import { resolveDataset } from '../config/resolve-dataset.ts'
import { cacheFolder } from '../models/hub-address.ts'
import type { Environment } from '../models/provider.ts'
import type { RunSummary } from '../report/run-summary.ts'
import type { RunResult } from '../report/run-result.ts'
import { readStoredRun } from '../store/inspect-store.ts'
import type { RunSettings } from '../store/run-settings.ts'
import { keepUsage } from '../store/usage-files.ts'
import { parseJson } from '../util/json.ts'
import { type AliasPace, extrapolate, type Forecast, type ForecastColumn } from './extrapolate.ts'
import type { RequestEvent } from './run-event.ts'
import { usageOfRun } from './run-usage.ts'
import { batchShare } from './priced-partners.ts'
import { atShares, createUsageSampler } from './usage-sample.ts'

/** Rows that are spoken of where neither the config nor a run says how many are wanted. */
const usualRows = 1_000

export interface PreviewedRun {
  /** Of the preview, and of the run next to it in the default folder. */
  directory: string
  beside: string | null
  result: RunResult
  limits: RunSummary['limits']
  /** Cells that were not made, by the name of their column. */
  known: ReadonlyMap<string, ReadonlySet<number>>
  environment: Environment
  /** Whether what columns used is kept for later forecasts. */
  keeps: boolean
}

/** Follows the requests of a preview, to say what a whole run takes. */
export interface PreviewUsage {
  note(event: RequestEvent): void
  /** Null where nothing was asked, or not all rows were made. */
  forecast(run: PreviewedRun): Promise<Forecast | null>
}

export function createPreviewUsage(): PreviewUsage {
  const sampler = createUsageSampler()
  const asking = new Set<string>()
  const sharing = new Set<string>()
  return {
    note(event) {
      if (event.column !== null) asking.add(event.column)
      if (event.type !== 'request-cached' && event.isShared && event.column !== null) {
        sharing.add(event.column)
      }
      sampler.note(event)
    },
    async forecast({ directory, beside, result, limits, known, environment, keeps }) {
      if (result.end.kind !== 'complete') return null
      const { settings } = readStoredRun(directory)
      const made = result.selection?.candidates ?? result.rows.requested
      const rows = wholeRows(settings, result, beside)
      const own = beside === null ? new Map() : await usageOfRun(beside)
      const shares = batchShares(settings)
      const columns: ForecastColumn[] = []
      for (const { name, fingerprint } of settings.columns) {
        if (!asking.has(name) && !own.has(fingerprint)) continue
        const sample = sampler.sampleOf(name, {
          rows: made,
          known: known.get(name) ?? new Set(),
          isShared: sharing.has(name),
        })
        if (sample.rows > 0 && keeps) {
          await keepUsage(cacheFolder(process.platform, environment), fingerprint, sample)
        }
        const paid = atShares(sample, shares.of)
        columns.push({
          column: name,
          cells: rows,
          sample: sample.rows > 0 ? paid : (own.get(fingerprint) ?? sample),
          requestsOf: (cells) => cells,
        })
      }
      // Where nothing was answered, there is nothing to go by.
      const isAnswered = columns.some(({ sample }) =>
        sample.aliases.some(({ answers }) => answers > 0),
      )
      return isAnswered ? extrapolate({ rows, columns, paceOf: paceOf(limits, shares) }) : null
    },
  }
}

/** How many rows the whole run has: of a selection as many candidates as it is likely to take. */
function wholeRows(
  { config }: RunSettings,
  { selection }: RunResult,
  beside: string | null,
): number {
  const stored = parseJson(config)
  const written = stored instanceof Map ? stored : new Map<string, unknown>()
  const select = written.get('select')
  if (selection !== null && select instanceof Map) {
    const { accepted, candidates } = selection
    const wanted = Number(select.get('target'))
    return accepted === 0 ? wanted : Math.round(wanted * (candidates / accepted))
  }
  const rows = written.get('rows')
  if (rows !== undefined && rows !== null) return Number(rows)
  return beside === null ? usualRows : readStoredRun(beside).settings.rows
}

/** What the run will pay of the prices that its preview paid, which asks without batches. */
interface BatchShares {
  readonly has: (alias: string) => boolean
  readonly of: (alias: string, model: string) => number
}

function batchShares({ config: text, name }: RunSettings): BatchShares {
  const { config } = loadDataset(text, { file: `config of ${name}` })
  if (config === null) return { has: () => false, of: () => 1 }
  const { models, prices } = resolveDataset(config)
  const batched = new Set(models.filter(({ mode }) => mode === 'batch').map(({ alias }) => alias))
  return {
    has: (alias) => batched.has(alias),
    of: (alias, model) => (batched.has(alias) ? batchShare(prices, { alias, model }) : 1),
  }
}

function paceOf(limits: RunSummary['limits'], shares: BatchShares): (alias: string) => AliasPace {
  return (alias) => {
    const own = limits.find((one) => one.alias === alias)
    return {
      isBatch: shares.has(alias),
      atOnce: own?.requestsAtOnce ?? 1,
      requestsPerMinute: own?.requestsPerMinute ?? null,
      tokensPerMinute: own?.tokensPerMinute ?? null,
    }
  }
}
