import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { loadDataset } from '../config/load.ts'
import { resolveDataset, type ResolvedDataset } from '../config/resolve-dataset.ts'
import { compile } from '../graph/compile.ts'
import type { Graph } from '../graph/graph.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import type { RunSettings } from '../store/run-settings.ts'
import { RowsmithError } from '../util/errors.ts'
import { seedFolder } from './run-place.ts'
import { lookAtStored } from './prepare.ts'

/** The config of a run folder and what it compiles to, without a file from outside of the folder. */
export interface StoredGraph {
  dataset: ResolvedDataset
  graph: Graph
}

/** Refuses a config that means something else to this version than to the one that made the run. */
export async function compileStored(
  directory: string,
  settings: RunSettings,
  registry: Registry,
): Promise<StoredGraph> {
  const { config } = loadDataset(settings.config, { file: `config of ${directory}` })
  if (config === null) throw unreadable(directory)
  const dataset = resolveDataset(config)
  const seed =
    dataset.seedConfig === null
      ? null
      : lookAtStored(dataset.seedConfig, await readSeedDescription(join(directory, seedFolder)))
          .schema
  const { graph } = compile({
    dataset,
    registry,
    seed,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  })
  const same = settings.columns.every(
    ({ fingerprint }, id) => graph?.columns[id]?.fingerprint === fingerprint,
  )
  if (graph === null || !same) throw unreadable(directory)
  return { dataset, graph }
}

function unreadable(directory: string): RowsmithError {
  return new RowsmithError(
    'fingerprint-changed',
    `this version of rowsmith reads the config stored in ${directory} differently than the one that made the run`,
    { hints: ['Use the version of rowsmith that made the run, with the same plugins.'] },
  )
}
