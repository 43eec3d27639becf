import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SelectConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import type { RunConfig } from '../config/run-config.ts'
import { mostCandidates } from '../config/select.ts'
import type { KeptRows } from '../plan/candidates.ts'
import type { RowSet } from '../plan/row-set.ts'
import type { RunStore } from '../store/run-store.ts'
import { drawWord } from '../util/random-source.ts'
import {
  type BatchMakerOptions,
  type BatchRound,
  createBatchMaker,
  spoolName,
} from './batch-maker.ts'
import type { BatchPlace } from './batch-spool.ts'
import { createEngine, type EngineOptions } from './engine.ts'
import type { PricedPartners } from './priced-partners.ts'
import { createRowSelection, keptOf, makerOf, type RowMaker } from './select-rows.ts'

export interface MakerOptions {
  store: RunStore
  engine: Omit<EngineOptions, 'decided' | 'store'>
  /** Rows with an outcome. */
  decided: RowSet
  select: SelectConfig | null
  partners: PricedPartners
  runConfig: RunConfig
  /** Whether models may be asked at all. */
  isAsked: boolean
  /** Cancels the batches that providers have, and makes nothing. */
  cancelsBatches: boolean
  onBatch: BatchMakerOptions['emit']
  warn: (problem: Problem) => void
}

/** How many records are looked for, and which there are. */
type Search = { wanted: number; kept: KeptRows }

/** What makes the rows of a run: one engine, or several behind each other. */
export async function createMaker(options: MakerOptions): Promise<RowMaker> {
  const { store, select } = options
  // What a session that was killed had not sent is asked for again.
  await rm(join(store.directory, spoolName), { recursive: true, force: true })
  const engine = { ...options.engine, store }
  const isBatched = await hasBatches(options)
  if (select === null) {
    if (!isBatched) return makerOf(await createEngine({ ...engine, decided: options.decided }))
    return batchMakerOf(options, false, ({ decided, waiting, deferred }) =>
      createEngine({ ...engine, decided: decided.union(waiting), deferred }),
    )
  }
  // The run that asked may have asked for no row beyond those that are needed.
  const exact = !options.isAsked
  const ofRounds =
    ({ wanted }: Search) =>
    async ({ decided, waiting, deferred }: BatchRound) => {
      const { kept } = await keptOf(store, {
        wanted: select.target,
        most: mostCandidates(select),
      })
      return createEngine({
        ...engine,
        decided: decided.union(waiting),
        deferred,
        select: { wanted, kept, exact, waiting },
      })
    }
  return createRowSelection({
    store,
    graph: engine.graph,
    select,
    createEngine: async (decided, search) =>
      isBatched
        ? batchMakerOf(options, true, ofRounds(search))
        : createEngine({ ...engine, decided, select: { ...search, exact } }),
    warn: options.warn,
  })
}

async function hasBatches({ store, partners, cancelsBatches }: MakerOptions): Promise<boolean> {
  if (cancelsBatches || placesOf(partners).some(({ isBatch }) => isBatch === true)) return true
  // An earlier session may have sent some.
  return (await store.batches.open()).length > 0
}

function placesOf({ aliases, targets }: PricedPartners): ReturnType<PricedPartners['targets']> {
  return aliases.flatMap((alias) => targets(alias))
}

function batchMakerOf(
  { store, engine, partners, runConfig, cancelsBatches, onBatch }: MakerOptions,
  isSelection: boolean,
  createRound: BatchMakerOptions['createEngine'],
): RowMaker {
  const places = new Map(placesOf(partners).map((place) => [place.name, place]))
  const byRoute = new Map(
    partners.aliases.map((alias) => [alias, batchPlacesOf(alias, partners)] as const),
  )
  return createBatchMaker({
    clock: engine.clock,
    store,
    graph: engine.graph,
    runConfig,
    apiAt: (place) => (places.has(place) ? partners.batches(place) : null),
    placesOf: (route) => byRoute.get(route) ?? [],
    choiceOf: (place) => places.get(place)?.choice ?? '',
    cancels: cancelsBatches,
    isSelection,
    identityOf: engine.identityOf,
    cost: engine.cost ?? null,
    costOf: (place, usage) => partners.batchCost(place, usage),
    createEngine: createRound,
    newName: () => `rowsmith-${drawWord().replaceAll('-', '').slice(0, 24)}`,
    emit: onBatch,
  })
}

function batchPlacesOf(alias: string, partners: PricedPartners): BatchPlace[] {
  return partners.targets(alias).flatMap(({ name, weight, isBatch }) => {
    const api = isBatch === true ? partners.batches(name) : null
    return api === null ? [] : [{ name, weight, api }]
  })
}
