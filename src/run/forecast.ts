import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare, type Prepared } from '../check/prepare.ts'
import { promptSizes } from '../check/prompt-sizes.ts'
import { findPlace, type Place } from '../check/run-place.ts'
import type { SelectConfig } from '../config/dataset.ts'
import { mostCandidates } from '../config/select.ts'
import type { GraphColumn } from '../graph/graph.ts'
import { noUsage, type Usage } from '../graph/request.ts'
import { cacheFolder } from '../models/hub-address.ts'
import type { RouteTarget } from '../models/route-target.ts'
import { decidedOf } from '../rows/row-outcome.ts'
import { copyLedger } from '../store/copy-ledger.ts'
import type { RunStore } from '../store/run-store.ts'
import { openStore } from '../store/store.ts'
import { readUsage } from '../store/usage-files.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { type EditPlan, requestsOf } from './edit-plan.ts'
import { foreseeCells, foreseeEdit } from './edit.ts'
import { type AliasPace, extrapolate, type Forecast, type ForecastColumn } from './extrapolate.ts'
import { partnersOf } from './partners.ts'
import { batchShare, type PricedPartners, pricedPartners } from './priced-partners.ts'
import { prepareOptions, type RunOptions } from './run.ts'
import { retryFilter, retryOf } from './retry.ts'
import { usageOfRun } from './run-usage.ts'
import { newRows, resumedRows, selectionOf, versionOf } from './settings.ts'
import { atShares, type ColumnSample } from './usage-sample.ts'

/** The effect and the forecast of `create`, without doing anything. */
export interface ForecastRun {
  dir: string
  /** Whether the folder has a run already, which would continue. */
  exists: boolean
  /** Rows planned, and those of them that have an outcome. */
  rows: number
  decided: number
  /** What the config changes in the run; null for nothing. */
  plan: EditPlan | null
  forecast: Forecast
}

/**
 * Forecasts a run without sending a request or changing anything: from the usage of its own cells, from
 * the latest preview of the same columns, or from the prompts of a few rows.
 */
export async function forecast(options: RunOptions): Promise<ForecastRun> {
  const clock = options.clock ?? systemClock
  const signal = options.signal ?? new AbortController().signal
  const place = await findPlace(options)
  await using prepared = await prepare(
    prepareOptions({ ...options, replay: true }, clock, signal),
    place.stored,
  )
  const work = place.exists
    ? await remainingWork(place, prepared, options, clock)
    : freshWork(prepared, options)
  const partners = await pricedPartners(partnersOf(prepared), {
    models: prepared.models.aliases,
    prices: prepared.dataset.prices,
  })
  const columns = await columnsOf(prepared, work.missing, {
    own: place.exists ? await usageOfRun(place.directory) : new Map(),
    folder: cacheFolder(process.platform, options.environment ?? process.env),
    sizes: () => promptSizes(prepared, { clock, signal }),
    partners,
  })
  const { rows, decided, plan, undecided } = work
  return {
    dir: place.directory,
    exists: place.exists,
    rows,
    decided,
    plan,
    forecast: extrapolate({ rows: undecided, columns, paceOf: paceOf(partners) }),
  }
}

/** The cells to be made, by the column's id. */
interface Work {
  rows: number
  decided: number
  undecided: number
  plan: EditPlan | null
  missing: readonly number[]
}

function freshWork(prepared: Prepared, { rows, seed }: RunOptions): Work {
  const select = selectionOf(prepared, { rows })
  // The number of candidates is unknown: at least as many as the target.
  const count = select === null ? newRows(prepared, { rows, seed }) : select.target
  return {
    rows: count,
    decided: 0,
    undecided: count,
    plan: null,
    missing: prepared.graph.columns.map(() => count),
  }
}

/** Works on a copy of the ledger, which is removed afterwards. */
async function remainingWork(
  { directory, stored }: Place,
  prepared: Prepared,
  options: RunOptions,
  clock: Clock,
): Promise<Work> {
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-forecast-'))
  try {
    copyLedger(directory, folder)
    await using store = await openStore(folder, { clock })
    return await tryWork(store, prepared, { ...options, storedSeed: stored.seed })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function tryWork(
  store: RunStore,
  prepared: Prepared,
  options: RunOptions & { storedSeed: Place['stored']['seed'] },
): Promise<Work> {
  const { rows, seed, shrink = false, keep = [] } = options
  const wanted = { rows, seed }
  const select = selectionOf(prepared, wanted)
  const asked = resumedRows(store.settings, prepared, { ...wanted, shrink })
  const target = select === null ? asked : store.settings.rows
  const edit = await foreseeEdit(store, prepared, {
    wanted,
    target,
    edit: true,
    keep,
    seed: options.storedSeed,
  })
  const retry = retryFilter(options, prepared.graph)
  if (retry !== null) await store.retryFailed(retryOf(prepared.graph, retry))
  const totals = await store.totals()
  const cells = totals.accepted + totals.nullKept
  const version = versionOf(store.settings, prepared, { wanted, cells })
  const { undecided, missing } = await foreseeCells(store, prepared.graph, { version, target })
  const share = select === null ? 1 : shareOfCandidates(select, totals)
  // Candidates that an edit takes up again are all looked at; of those beyond only some are needed.
  const reopened = Math.max(0, undecided - (target - decidedOf(totals)))
  const needed = (count: number): number =>
    Math.round(Math.min(count, reopened) + Math.max(0, count - reopened) * share)
  return {
    rows: select === null ? target : asked,
    decided: target - undecided,
    undecided: needed(undecided),
    plan: edit?.plan ?? null,
    missing: missing.map(needed),
  }
}

/** Of the candidates that remain at most, those that will be needed if as many are kept as so far. */
function shareOfCandidates(select: SelectConfig, totals: Parameters<typeof decidedOf>[0]): number {
  const decided = decidedOf(totals)
  const kept = totals.accepted + totals.nullKept
  const remaining = mostCandidates(select) - decided
  if (kept >= select.target || remaining <= 0) return 0
  if (kept === 0) return 1
  return Math.min(1, ((select.target - kept) * (decided / kept)) / remaining)
}

interface Sources {
  /** What the run's own cells used, by fingerprint. */
  own: ReadonlyMap<string, ColumnSample>
  /** The file in which previews store their usage. */
  folder: string
  sizes: () => Promise<ReadonlyMap<number, readonly number[]>>
  partners: PricedPartners
}

async function columnsOf(
  { graph, dataset }: Prepared,
  missing: readonly number[],
  { own, folder, sizes, partners }: Sources,
): Promise<ForecastColumn[]> {
  const columns: ForecastColumn[] = []
  // A preview sends no batches.
  const shareOf = (alias: string, model: string): number => {
    const isBatch = partners.aliases.includes(alias) && isBatched(partners, alias)
    return isBatch ? batchShare(dataset.prices, { alias, model }) : 1
  }
  let prompts: ReadonlyMap<number, readonly number[]> | null = null
  for (const column of graph.columns) {
    const { id, name, fingerprint, producer, routes } = column
    const cells = missing[id] ?? 0
    if (producer !== null || routes.length === 0 || cells === 0) continue
    const kept = await readUsage(folder, fingerprint)
    const sample = better(own.get(fingerprint), kept === null ? null : atShares(kept, shareOf))
    const base = { column: name, cells, requestsOf: (count: number) => requestsOf(column, count) }
    if (sample !== null) {
      columns.push({ ...base, sample })
      continue
    }
    prompts ??= await sizes()
    columns.push({ ...base, ...promptSample(column, prompts.get(id) ?? [], partners) })
  }
  return columns
}

/** A run's own cells say more than a preview once there are more of them. */
function better(own: ColumnSample | undefined, kept: ColumnSample | null): ColumnSample | null {
  if (own === undefined) return kept
  return kept !== null && kept.rows >= own.rows ? kept : own
}

/** About so many characters are a token. */
const charactersOfToken = 4

function promptSample(
  column: GraphColumn,
  sizes: readonly number[],
  partners: PricedPartners,
): Pick<ForecastColumn, 'sample' | 'prompts'> {
  const { requests, routes } = column
  const [{ name: alias, operation }] = routes as [GraphColumn['routes'][number]]
  const places = partners.targets(alias)
  const [{ maxTokens }] = places as [RouteTarget]
  const answers = operation === 'chat'
  const costs = (usage: Usage): (number | null)[] =>
    places.map(({ name }) => partners.costAt(name, usage))
  const perCell = requestsOf(column, 1_000) / 1_000
  const uses = sizes.map((characters) => {
    const inputTokens = characters / charactersOfToken
    const cost = weightedMean(places, costs({ ...noUsage, inputTokens }))
    return { requests: perCell, inputTokens, outputTokens: 0, cost }
  })
  const count = sizes.length
  const sample: ColumnSample = {
    rows: count,
    which: `prompts ${count}`,
    uses,
    isMean: false,
    aliases: places.map(({ name, model, weight }) => {
      const probe = { ...noUsage, inputTokens: 1, outputTokens: 1 }
      const isPriced = partners.costAt(name, probe) !== null
      const share = weight / weightOf(places)
      return {
        alias,
        model,
        requests: count * share,
        answers: count * share,
        unpriced: isPriced || operation === 'call' || operation === 'validate' ? 0 : count * share,
        tokens: share * uses.reduce((sum, use) => sum + use.inputTokens, 0),
        ms: 0,
      }
    }),
  }
  // Vectors have no tokens.
  if (!answers) return { sample }
  const most =
    maxTokens === null
      ? null
      : {
          outputTokens: maxTokens,
          cost: largestCost(costs({ ...noUsage, outputTokens: maxTokens })),
        }
  return { sample, prompts: { most, asksMore: requests === 'many' } }
}

/** A pool distributes requests by weight; places without a known price are not included. */
function weightedMean(places: readonly RouteTarget[], costs: readonly (number | null)[]): number {
  const sum = places.reduce((total, { weight }, at) => total + weight * (costs[at] ?? 0), 0)
  return sum / weightOf(places)
}

function weightOf(places: readonly RouteTarget[]): number {
  return places.reduce((sum, { weight }) => sum + weight, 0)
}

/** Null unless all are known. */
function largestCost(costs: readonly (number | null)[]): number | null {
  return costs.reduce<number | null>(
    (largest, cost) => (largest === null || cost === null ? null : Math.max(largest, cost)),
    0,
  )
}

function isBatched(partners: PricedPartners, alias: string): boolean {
  return partners.targets(alias).some(({ isBatch }) => isBatch === true)
}

function paceOf(partners: PricedPartners): (alias: string) => AliasPace {
  return (alias) => {
    const targets = partners.targets(alias)
    const least = (one: number | null, other: number | null): number | null =>
      one === null ? other : Math.min(one, other ?? one)
    // Choices of a pool work side by side; the alias's own limits hold for all of them.
    const sum = (of: (target: RouteTarget) => number | null): number | null =>
      targets.reduce<number | null>((total, target) => {
        const own = of(target)
        return total === null || own === null ? null : total + own
      }, 0)
    const { aliasCap, aliasRate } = targets[0] as RouteTarget
    return {
      isBatch: isBatched(partners, alias),
      atOnce: Math.min(aliasCap, sum(({ endpointCap }) => endpointCap) ?? aliasCap),
      requestsPerMinute: least(
        aliasRate.requests,
        sum(({ endpointRate }) => endpointRate.requests),
      ),
      tokensPerMinute: least(
        aliasRate.tokens,
        sum(({ endpointRate }) => endpointRate.tokens),
      ),
    }
  }
}
