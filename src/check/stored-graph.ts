import { join } from 'node:path'
import { loadDataset } from '../config/load.ts'
import { resolveDataset, type ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Problem } from '../config/problem.ts'
import type { Graph } from '../graph/graph.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { movedFolders } from '../store/moved-folders.ts'
import type { RunSettings } from '../store/run-settings.ts'
import { RowsmithError } from '../util/errors.ts'
import { keptFingerprints } from './kept-columns.ts'
import { seedFolder } from './run-place.ts'
import { type CompiledDataset, compileDataset, lookAtStored } from './prepare.ts'

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
  const [first = null, ...others] = foldersOf(directory, settings)
  const compiledIn = (folder: string | null): Promise<CompiledDataset> =>
    compileDataset(dataset, {
      seed,
      registry,
      source: { directory: folder },
      standsFor: keptFingerprints({ columns: settings.columns, kept: settings.kept ?? [] }),
      signal: new AbortController().signal,
    })
  let compiled = await compiledIn(first)
  for (const folder of others) {
    if (isSame(compiled, settings)) break
    compiled = await compiledIn(folder)
  }
  const { graph, unloaded } = compiled
  const [lacking] = unloaded
  if (lacking !== undefined) throw unloadable(directory, lacking)
  if (graph === null || !isSame(compiled, settings)) throw unreadable(directory)
  return { dataset, graph }
}

/** Where files of columns may be: where the config lies, as far as the run folder knows. */
function foldersOf(directory: string, settings: RunSettings): string[] {
  const { directory: folder = null, directoryFromRun: fromRun } = settings
  return folder === null ? [] : movedFolders(directory, { folder, fromRun })
}

function isSame({ graph }: CompiledDataset, { columns }: RunSettings): boolean {
  return columns.every(({ fingerprint }, id) => graph?.columns[id]?.fingerprint === fingerprint)
}

function unreadable(directory: string): RowsmithError {
  return new RowsmithError(
    'fingerprint-changed',
    `this version of rowsmith reads the config stored in ${directory} differently than the one that made the run`,
    {
      hints: [
        'Use the version of rowsmith that made the run, with the same plugins and the files its columns load.',
      ],
    },
  )
}

/** Pure columns are made again, and read again what they were made from. */
function unloadable(directory: string, { message, suggestion }: Problem): RowsmithError {
  return new RowsmithError(
    'column-not-loaded',
    `the run in ${directory} can't load the files of its columns: ${message}`,
    { hints: ['Put it back where it was.', ...(suggestion === undefined ? [] : [suggestion])] },
  )
}
