import type { Graph } from '../graph/graph.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { isMapping } from '../config/literal.ts'
import { builtInRegistry, type Registry } from '../plugins/kind-registry.ts'
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

/** The run's own dataset, or the one of a name beside it. No kind is needed where parts are joined. */
export async function storedDataset(
  directory: string,
  settings: RunSettings,
  { registry, name }: { registry: () => Promise<Registry>; name?: string | undefined },
): Promise<StoredDataset> {
  const joined = name === undefined ? joinedColumns(settings) : null
  if (joined !== null) return { pass: null, columns: joined }
  const { graph } = await compileStored(directory, settings, await registry())
  const { own, beside } = passesOf(graph, settings.seed)
  if (name === undefined) return { pass: own, columns: ownColumns(graph, settings, own) }
  const pass = beside.get(name)
  if (pass === undefined) throw noSuchDataset(directory, name, [...beside.keys()])
  return { pass, columns: pass.columns }
}

/** The columns of a dataset that is the records of its parts as they are; null of any other. */
export function joinedColumns(settings: RunSettings): readonly RecordColumn[] | null {
  return isJoined(settings) ? settings.columns.filter(({ drop }) => !drop) : null
}

/** Whether built-in processors alone say so: none of them makes other records of the dataset. */
function isJoined({ config }: RunSettings): boolean {
  const stored: unknown = JSON.parse(config)
  const processors = isMapping(stored) ? stored['processors'] : undefined
  if (!Array.isArray(processors)) return true
  return processors.every((processor) => {
    const type = isMapping(processor) ? processor['processor_type'] : undefined
    const kind = typeof type === 'string' ? builtInRegistry.processors.get(type) : undefined
    if (kind === undefined) return false
    return kind.by === 'row' || kind.keepsRecords === true || kind.beside === true
  })
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
