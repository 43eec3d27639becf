import type { Graph } from '../graph/graph.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { isMapping } from '../config/literal.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { type DatasetPass, passesOf } from '../processors/dataset-pass.ts'
import type { RunSettings } from '../store/run-settings.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { compileStored } from './stored-graph.ts'

/** A dataset of a run folder: its columns, and what makes it of the parts' records. */
export interface StoredDataset {
  /** Null where the files of parts are joined as they are. */
  pass: DatasetPass | null
  columns: readonly RecordColumn[]
}

/** The run's own dataset, or the one of a name beside it. Without processors no kind is needed. */
export async function storedDataset(
  directory: string,
  settings: RunSettings,
  { registry, name }: { registry: () => Promise<Registry>; name?: string | undefined },
): Promise<StoredDataset> {
  if (!hasProcessors(settings) && name === undefined) {
    return { pass: null, columns: settings.columns.filter(({ drop }) => !drop) }
  }
  const { graph } = await compileStored(directory, settings, await registry())
  const { own, beside } = passesOf(graph, settings.seed)
  if (name === undefined) return { pass: own, columns: ownColumns(graph, settings, own) }
  const pass = beside.get(name)
  if (pass === undefined) throw noSuchDataset(directory, name, [...beside.keys()])
  return { pass, columns: pass.columns }
}

function hasProcessors({ config }: RunSettings): boolean {
  const stored: unknown = JSON.parse(config)
  const processors = isMapping(stored) ? stored['processors'] : undefined
  return Array.isArray(processors) && processors.length > 0
}

/** Joined files have the columns in the order of the run. */
function ownColumns(
  { output }: Graph,
  { columns }: RunSettings,
  own: DatasetPass | null,
): readonly RecordColumn[] {
  return own === null ? columns.filter(({ drop }) => !drop) : output
}

function noSuchDataset(directory: string, name: string, names: readonly string[]): RowsmithError {
  const near = nearest(name, names)
  const known = names.length === 0 ? 'It has only its own.' : `It has ${names.join(', ')}.`
  return new RowsmithError('usage', `${directory} makes no dataset '${name}' beside its own`, {
    hints: [near === undefined ? known : `Did you mean '${near}'?`],
  })
}
