import { unread } from '../config/columns.ts'
import type { ColumnConfig, RawColumn } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Template } from '../templates/template.ts'
import type { Cell } from '../util/value.ts'
import type { ColumnType } from './column-type.ts'
import type { GraphAgreement, GraphProcessor } from './graph.ts'
import type { ColumnDescription, ColumnKind, Loaded, Reference } from './kind.ts'
import type { Origin } from './origin.ts'
import type { ProcessorConfig, ProcessorKind, RecordColumn } from './processor-kind.ts'

/** What the seed offers: its columns and what tells its content from another's. */
export interface SeedSchema {
  columns: readonly { name: string; type: ColumnType }[]
  identity: string
}

/** The kinds a config may name. */
export interface KindTable {
  readonly columns: ReadonlyMap<string, ColumnKind>
  /** By `processor_type`. */
  readonly processors: ReadonlyMap<string, ProcessorKind>
  /** The plugin a column kind is from, as fingerprint material; null for a built-in kind. */
  originOf(type: string): Origin | null
  /** The same of a kind of processors. */
  processorOriginOf(type: string): Origin | null
}

export interface CompileInput {
  dataset: ResolvedDataset
  registry: KindTable
  /** What kinds that load have loaded, by column; a column that is not there can't be described. */
  loaded: ReadonlyMap<string, Loaded>
  /** Null when the config has no seed. */
  seed: SeedSchema | null
  /** A cryptographic hash as text; an argument, because this folder is pure. */
  hash: (text: string) => string
  /** The fingerprint that a column continues with whose cells are kept; its own one for the others. */
  standsFor?: (fingerprint: string, column: { name: string; producer: string | null }) => string
}

/** A column on its way to the graph; each pass fills in what it determines. */
export interface DraftColumn {
  readonly name: string
  readonly path: ConfigPath
  raw: RawColumn
  /** Null when no kind has that name. */
  kind: ColumnKind | null
  /** Null when the kind's schema refused the column. */
  config: ColumnConfig | null
  /** False once a part of it was guessed or omitted to look at the rest. */
  isSound: boolean
  description: ColumnDescription | null
  /** Paths of its constraints, in their order. */
  constraintPaths: readonly ConfigPath[]
  /** What its templates read, of a column that could not be described. */
  guessed: readonly Reference[]
  /** What its skip condition reads. */
  conditions: readonly Reference[]
  skip: { when: Template; value: Cell } | null
  readonly edges: Edge[]
  /** What it rejects rows for; null for a column of the config or the seed. */
  readonly filter: DraftFilter | null
  /** Filters it waits for without reading them. */
  gates: readonly DraftColumn[]
}

/** What a column that rejects rows stands for: a processor, or a column whose cells decide. */
export interface DraftFilter {
  readonly title: string
  /** Null for one behind a column. */
  readonly processor: DraftProcessor | null
}

/** A processor of the config that its kind could read. */
export interface DraftProcessor {
  /** In the config. */
  readonly index: number
  /** What it is called: its name, or its type and number. */
  readonly title: string
  readonly kind: ProcessorKind
  readonly config: ProcessorConfig
}

/** A column waits for another one. */
export interface Edge {
  readonly to: DraftColumn
  /** The name that was written: the column's own or one of its sides'. */
  readonly reference: Reference
  /** Whether a skip of that column skips this one. */
  readonly required: boolean
}

/** What a name in a template stands for. */
interface NameOwner {
  readonly column: DraftColumn
  /** Position among the column's sides, or null for the column itself. */
  readonly side: number | null
}

export interface Draft {
  readonly input: CompileInput
  /** In the config's order; seed columns that are not written there follow. */
  readonly columns: DraftColumn[]
  /** Every name that may be referred to. */
  readonly names: Map<string, NameOwner>
  /** In the config's order. */
  processors: readonly DraftProcessor[]
  /** Columns that processors and the report read. */
  readonly readByProcessors: Set<string>
  /** Those of records, with their columns. */
  steps: readonly GraphProcessor[]
  agreements: readonly GraphAgreement[]
  /** The columns of the dataset, as far as they are known. */
  output: readonly RecordColumn[]
}

/** One concern of compiling: reads and fills the draft, answers what is wrong. */
export type Pass = (draft: Draft) => readonly Problem[]

export function createDraft(input: CompileInput): Draft {
  const columns = input.dataset.columns.map((raw, index) => draftColumn(raw, ['columns', index]))
  return {
    input,
    columns,
    names: new Map(),
    processors: [],
    readByProcessors: new Set(),
    steps: [],
    agreements: [],
    output: [],
  }
}

export function draftColumn(
  raw: RawColumn,
  path: ConfigPath,
  filter: DraftFilter | null = null,
): DraftColumn {
  return {
    name: raw.name,
    path,
    raw,
    kind: null,
    config: null,
    isSound: true,
    description: null,
    constraintPaths: [],
    guessed: [],
    conditions: [],
    skip: null,
    edges: [],
    filter,
    gates: [],
  }
}

/** A column in the middle of a message. */
export function subjectOf({ name, path, filter }: DraftColumn): string {
  if (filter?.processor === null) return `what column '${filter.title}' rejects rows by`
  if (filter !== null) return `filter '${filter.title}'`
  return name === unread ? `column ${Number(path.at(-1)) + 1}` : `column '${name}'`
}

/** The columns a column reads, each once. */
export function upstreamOf({ edges }: DraftColumn): Set<DraftColumn> {
  return new Set(edges.map(({ to }) => to))
}
