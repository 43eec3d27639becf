import type { ColumnType } from '../graph/column-type.ts'

/** What the run folder keeps of a column; its id is its position in `RunSettings.columns`. */
export interface ColumnSettings {
  name: string
  type: ColumnType
  /** Keys its cells in the ledger. */
  fingerprint: string
  /** The text that was hashed, shown when a fingerprint differs. */
  material: string
  /** Stored in parts, absent from the joined dataset. */
  drop: boolean
  /** Made again for free, so that none of its cells is ever in the ledger. */
  pure?: true
  /** What a filter said of its rows: a column of no dataset, shown nowhere. */
  hidden?: true
}

/** How a plugin was named, and where that starts. */
interface StoredReference {
  readonly written: string
  readonly folder: string
  /** The way from the run folder to `folder`, which a project that is moved keeps. */
  readonly fromRun?: string
}

/** A plugin a run was made with. */
export interface StoredPlugin {
  readonly name: string
  readonly version: string | null
  /** How it was named; null where a program brought it. */
  readonly reference: StoredReference | null
}

/** A column that changed and whose cells were kept: it has the fingerprint that it had before. */
export interface KeptColumn {
  name: string
  /** The fingerprint it would have by itself. */
  fingerprint: string
  /** The text that was hashed for it. */
  material: string
  /** The fingerprint it continues with, which its cells have. */
  standsFor: string
  /** Cells it had when it was kept; the later ones are made as the config says now. */
  cells: number
}

/** What a run is; after its creation `rows`, `config` with `columns`, and its sources can change. */
export interface RunSettings {
  /** Name of the config. */
  name: string
  /** 0 ≤ seed < 2^64. */
  seed: bigint
  /** The target: rows planned. */
  rows: number
  /** F: rows of a frame. */
  frameRows: number
  /** P: rows of a part, a multiple of F. */
  partRows: number
  /** The normalised config as JSON text, without secrets. */
  config: string
  /** Content identity of the seed data. */
  seedIdentity: string | null
  columns: readonly ColumnSettings[]
  /** Names of columns whose scores are counted together, for the report; none by default. */
  compared?: readonly (readonly string[])[]
  /** Columns whose cells are of more than one version of their config; none by default. */
  kept?: readonly KeptColumn[]
  /** Where the config lay, for what its columns load from files; null without a file. */
  directory?: string | null
  /** The way from the run folder to there. */
  directoryFromRun?: string | null
  /** In addition to the built-in kinds; none by default. */
  plugins?: readonly StoredPlugin[]
}

/** A plugin of a run folder, with the folders where its name may start, the likeliest first. */
export interface RememberedPlugin {
  readonly name: string
  readonly reference: { readonly written: string; readonly folders: readonly string[] } | null
}

/** Where that comes from which a run is made of and its folder does not hold. */
export type RunSources = Required<Pick<RunSettings, 'directory' | 'directoryFromRun' | 'plugins'>>

/** The first column of every part file: the absolute row number. */
export const rowColumn = '__row'
/** The second one: the number of the record among those of its row, from 0. */
export const recordColumn = '__record'
