import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SelectConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import type { RowSet } from '../plan/row-set.ts'
import type { RunStore } from '../store/run-store.ts'
import { drawWord } from '../util/random-source.ts'
import type { RunConfig } from '../config/run-config.ts'
import { type BatchMakerOptions, createBatchMaker, spoolName } from './batch-maker.ts'
import { createEngine, type EngineOptions } from './engine.ts'
import type { PricedPartners } from './priced-partners.ts'
import { createRowSelection, makerOf, type RowMaker } from './select-rows.ts'

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
  onBatch: BatchMakerOptions['emit']
  warn: (problem: Problem) => void
}

/** What makes the rows of a run: one engine, or several behind each other. */
export async function createMaker(options: MakerOptions): Promise<RowMaker> {
  const { store, select, partners } = options
  // What a session that was killed had not sent is asked for again.
  await rm(join(store.directory, spoolName), { recursive: true, force: true })
  const engine = { ...options.engine, store }
  if (select !== null) {
    return createRowSelection({
      store,
      graph: engine.graph,
      select,
      createEngine: (decided, search) =>
        createEngine({
          ...engine,
          decided,
          // The run that asked may have asked for no row beyond those that are needed.
          select: { ...search, exact: !options.isAsked },
        }),
      warn: options.warn,
    })
  }
  const routes = new Set(
    partners.aliases.filter((alias) =>
      partners.targets(alias).some(({ isBatch }) => isBatch === true),
    ),
  )
  // An earlier session may have sent some.
  if (routes.size === 0 && (await store.batches.open()).length === 0) {
    return makerOf(await createEngine({ ...engine, decided: options.decided }))
  }
  return createBatchMaker({
    clock: engine.clock,
    store,
    graph: engine.graph,
    runConfig: options.runConfig,
    apiOf: (route) => (partners.aliases.includes(route) ? partners.batches(route) : null),
    routes,
    identityOf: engine.identityOf,
    cost: engine.cost ?? null,
    costOf: (route, usage) => partners.batchCost(route, usage),
    createEngine: (decided, deferred) => createEngine({ ...engine, decided, deferred }),
    newName: () => `rowsmith-${drawWord().replaceAll('-', '').slice(0, 24)}`,
    emit: options.onBatch,
  })
}
