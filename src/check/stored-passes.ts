import { coerce } from '../graph/coerce.ts'
import type { Graph } from '../graph/graph.ts'
import type { ProcessorKind, RecordColumn } from '../graph/processor-kind.ts'
import { isMapping } from '../config/literal.ts'
import { readFiles } from '../export/records.ts'
import { builtInRegistry, type Registry } from '../plugins/kind-registry.ts'
import { type DatasetPass, passesOf, rereadable } from '../processors/dataset-pass.ts'
import type { StoredRecords } from '../store/join.ts'
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

interface StoredDatasetOptions {
  registry: () => Promise<Registry>
  /** Of one next to the run's own. */
  name?: string | undefined
  /** The same dataset as processors made it, where it is there. */
  made: StoredRecords | null
}

/**
 * The run's own dataset, or the one of a name next to it. No kind is needed where parts are joined, nor
 * where the dataset is there.
 */
export async function storedDataset(
  directory: string,
  settings: RunSettings,
  { registry, name, made }: StoredDatasetOptions,
): Promise<StoredDataset> {
  const joined = name === undefined ? joinedColumns(settings) : null
  if (joined !== null) return { pass: null, columns: joined }
  if (made !== null) return { pass: madePass(made), columns: made.columns }
  // A misspelt name is found without the plugins, which may be gone.
  const names = namesBeside(settings)
  if (name !== undefined && !names.includes(name)) throw noSuchDataset(directory, name, names)
  const { graph } = await compileStored(directory, settings, await registry())
  const { own, beside } = passesOf(graph, settings.seed)
  if (name === undefined) return { pass: own, columns: ownColumns(graph, settings, own) }
  const pass = beside.get(name)
  if (pass === undefined) throw noSuchDataset(directory, name, [...beside.keys()])
  return { pass, columns: pass.columns }
}

/** Gives the records of a dataset as they are, whatever the parts hold: processors made it of them. */
function madePass({ files, columns, identity }: StoredRecords): DatasetPass {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const paths = files.map(({ path }) => path)
  return {
    identity,
    columns,
    input: [],
    run: () =>
      rereadable(async function* reading() {
        let number = 0
        for await (const records of inBatches(readFiles(paths, types))) {
          const rows = Float64Array.from(records, () => number++)
          const cells = columns.map(({ name, type }) =>
            records.map((record) => coerce(record.get(name) ?? null, type)),
          )
          yield { rows, columns: cells }
        }
      }),
  }
}

async function* inBatches<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < BATCH_RECORDS) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const BATCH_RECORDS = 1_024

/** The columns of a dataset that is the records of its parts as they are; null of any other. */
export function joinedColumns(settings: RunSettings): readonly RecordColumn[] | null {
  return isJoined(settings) ? settings.columns.filter(({ drop }) => !drop) : null
}

/** Whether built-in processors alone say so: none of them makes other records of the dataset. */
function isJoined(settings: RunSettings): boolean {
  return storedProcessors(settings).every(({ kind }) => {
    if (kind === undefined) return false
    return kind.by === 'row' || kind.keepsRecords === true || kind.beside === true
  })
}

/** Names of processors that make a second dataset, as far as built-in ones alone tell: a plugin's may. */
function namesBeside(settings: RunSettings): string[] {
  return storedProcessors(settings)
    .filter(
      ({ kind }) =>
        kind === undefined || (kind.by === 'records' && !kind.keepsRecords && kind.beside),
    )
    .map(({ name }) => name)
}

interface StoredProcessor {
  name: string
  /** Undefined for one of a plugin. */
  kind: ProcessorKind | undefined
}

function storedProcessors({ config }: RunSettings): StoredProcessor[] {
  const stored: unknown = JSON.parse(config)
  const processors = isMapping(stored) ? stored['processors'] : undefined
  if (!Array.isArray(processors)) return []
  return processors.map((processor: unknown) => {
    const { name, processor_type: type } = isMapping(processor) ? processor : {}
    return { name: textOf(name), kind: builtInRegistry.processors.get(textOf(type)) }
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
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
  return new RowsmithError('usage', `${directory} makes no second dataset '${name}'`, {
    hints: [near === undefined ? known : `Did you mean '${near}'?`],
  })
}
