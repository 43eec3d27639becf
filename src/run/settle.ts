import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { columnKinds } from '../columns/index.ts'
import { defaultRunConfig } from '../config/run-config.ts'
import { loadDataset } from '../config/load.ts'
import type { ColumnKind } from '../graph/kind.ts'
import { compile } from '../graph/compile.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import type { RunStore } from '../store/store.ts'
import type { Clock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { bindGenerators } from './bind.ts'
import { createEngine, decidedRows } from './engine.ts'
import { openSeedRows } from './open-seed.ts'
import { seedFolder } from './place.ts'
import { lookAtStored } from './prepare.ts'
import { modelsOf } from './sources.ts'

/**
 * Writes the rows of an interrupted run that are complete in the ledger into their parts.
 *
 * Nothing is sent and nothing is needed but the run folder itself.
 */
export async function settle(
  store: RunStore,
  clock: Clock,
  kinds: readonly ColumnKind[] = [],
): Promise<void> {
  if ((await store.unfinishedParts()).length === 0) return
  const { config } = loadDataset(store.settings.config, { file: `config of ${store.directory}` })
  if (config === null) throw unreadable(store)
  const seed =
    config.seed_config === null
      ? null
      : lookAtStored(
          config.seed_config,
          await readSeedDescription(join(store.directory, seedFolder)),
        ).schema
  const { graph } = compile({
    config: { ...config, model_configs: modelsOf(config) },
    registry: new Map([...columnKinds, ...kinds.map((kind) => [kind.type, kind] as const)]),
    seed,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  })
  const same = store.settings.columns.every(
    ({ fingerprint }, id) => graph?.columns[id]?.fingerprint === fingerprint,
  )
  if (graph === null || !same) throw unreadable(store)

  const rows = await openSeedRows(store, config, null, {
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
        models: modelsOf(config),
        seed: rows,
      }),
      seed: rows,
      runConfig: { ...defaultRunConfig, buffer_size: store.settings.frameRows },
      routes: graph.columns
        .flatMap(({ routes }) => routes)
        .filter((name, at, names) => names.indexOf(name) === at)
        .map((name) => ({ name, endpoint: name, limiters: [] })),
      send: () => Promise.reject(new Error('nothing is sent while a run is settled')),
      settleOnly: true,
      onEvent: () => undefined,
    })
    await scheduler.run()
  } finally {
    await rows?.close()
  }
}

function unreadable(store: RunStore): RowsmithError {
  return new RowsmithError(
    'fingerprint-changed',
    `this version of rowsmith reads the config stored in ${store.directory} differently than the one that made the run`,
    { hints: ['Use the version of rowsmith that made the run, with the same plugins.'] },
  )
}
