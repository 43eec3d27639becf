import { defaultRunConfig } from '../config/run-config.ts'
import { modelIdentity } from '../graph/model-identity.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Clock } from '../util/clock.ts'
import { bindGenerators, correctionsOf } from '../rows/bind.ts'
import { createEngine, decidedRows } from './engine.ts'
import { openSeedRows } from './open-seed.ts'
import { compileStored } from '../check/stored-graph.ts'

interface SettleOptions {
  clock: Clock
  /** Loads all kinds; only rows that are settled need them. */
  registry: () => Promise<Registry>
  /** Called with the number of parts that have something to settle. */
  onStart?: (parts: number) => void
}

/**
 * Writes the rows of an interrupted run that are complete in the ledger into their parts.
 *
 * Nothing is sent and nothing is needed but the run folder itself.
 */
export async function settle(
  store: RunStore,
  { clock, registry, onStart }: SettleOptions,
): Promise<void> {
  const { length: parts } = await store.unfinishedParts()
  if (parts === 0) return
  onStart?.(parts)
  const { dataset, graph } = await compileStored(store.directory, store.settings, await registry())
  const rows = await openSeedRows(store, dataset.seedConfig, null, {
    signal: new AbortController().signal,
  })
  try {
    const scheduler = await createEngine({
      clock,
      store,
      decided: decidedRows(store),
      graph,
      generators: bindGenerators({
        graph,
        runSeed: store.settings.seed,
        models: dataset.models,
        seed: rows,
        media: store.media,
        directory: store.settings.directory ?? null,
        // How often the run asks is not known here: no cell has failed permanently.
        corrections: { ...correctionsOf(defaultRunConfig), restarts: Infinity },
      }),
      seed: rows,
      identityOf: (alias) => modelIdentity(dataset, alias),
      runConfig: { ...defaultRunConfig, buffer_size: store.settings.frameRows },
      routes: graph.columns
        .flatMap(({ routes }) => routes.map(({ name }) => name))
        .filter((name, at, names) => names.indexOf(name) === at)
        .map((name) => {
          const nowhere = { resource: name, endpoint: name, model: name, limiters: [], weight: 1 }
          return { name, choices: [{ name, ...nowhere }] }
        }),
      send: () => Promise.reject(new Error('nothing is sent while a run is settled')),
      settleOnly: true,
      onEvent: () => undefined,
    })
    await scheduler.run()
  } finally {
    await rows?.close()
  }
}
