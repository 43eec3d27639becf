import type { z } from 'zod'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Distribution } from '../graph/distribution.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { Loaded, Row } from '../graph/kind.ts'
import type { Random } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import type { DatetimeUnit } from './calendar.ts'
import type { Frozen } from './scipy/frozen.ts'

/** What a sampler draws, before `convert_to`; an instant is whole seconds since 1970, in UTC. */
export type SampleType = ColumnType | 'instant'

/** What one parameter object refers to: a column's name and the parameter that holds it. */
interface SamplerReference {
  name: string
  parameter: string
}

/** A sampler column as another one's checks see it. */
export interface ReferencedSampler {
  samplerType: string
  sampleType: SampleType
  /** The text of all its cells, when its parameters list its values. */
  texts: ReadonlySet<string> | null
  /** The text its cells have for a value written in a config. */
  textOf(written: string): string
}

/** What the check of a sampler's parameters may look at. */
export interface SamplerCheckContext {
  readonly columnName: string
  /** Path of the parameter object. */
  readonly path: ConfigPath
  /** A column that can be checked; a word for one that is no sampler; null: reported elsewhere. */
  referenced(name: string): ReferencedSampler | string | null
}

/** What a sampler has while it prepares. */
export interface SamplerContext {
  /** The cells of a referenced sampler column as text; null where a cell is null. */
  text(name: string): (row: Row) => string | null
  /** The text the cells of a referenced column have for a value written in a config. */
  textOf(name: string): (written: string) => string
  /** The instants of a referenced datetime or timedelta column, before their formatting. */
  instant(name: string): (row: Row) => number
  /** A number that only the run seed and this column decide, as the seed of a permutation. */
  permutationSeed(): bigint
}

interface DistributionContext {
  /** Shares of the cells of a referenced column, by their text; null when they are not known. */
  shares: (name: string) => ReadonlyMap<string, number> | null
  /** The text the cells of a referenced column have for a value written in a config. */
  textOf: (name: string, written: string) => string
}

/** What the values of a row in a column of a table must be. */
export type TableCondition =
  | { readonly column: string; readonly anyOf: readonly string[] }
  | { readonly column: string; readonly from: number; readonly to: number }

/** A table in a file, read row by row wherever these stand. */
export interface TableFile {
  /** Decided by its content. */
  readonly identity: string
  /** Those that have values. */
  readonly columns: readonly string[]
  /** Numbers of the rows that fulfil all conditions, ascending. */
  rowsWhere(conditions: readonly TableCondition[]): Promise<Uint32Array>
  /** Gives a row's values in some columns, in their order; it does not wait. */
  reader(columns: readonly string[]): Promise<(row: number) => readonly Value[]>
}

export interface SamplerLoadContext {
  /** Variables that say where files are. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Opens a Parquet file; rejects where there is none, and with what is wrong with it. */
  readonly openTable: (path: string) => Promise<TableFile>
}

/** Instants from the first to the last, each the beginning of a unit. */
export interface InstantRange {
  readonly first: number
  readonly last: number
  readonly unit: DatetimeUnit
}

/** A distribution: its parameters, what it draws and how, in one module. */
export interface Sampler<Params, Own extends Loaded = Loaded> {
  /** The value of `sampler_type`. */
  readonly kind: string
  readonly params: z.ZodType<Params>
  /** What `convert_to` means: a number's type, a date pattern, or nothing at all. */
  readonly converts: 'number' | 'instant' | 'nothing'
  sampleType(params: Params): SampleType
  /** Digits to round to, where the parameters say so. */
  decimalPlaces?(params: Params): number | null
  /** All values it can draw, when they are listed in the parameters. */
  listed?(params: Params): readonly Value[]
  /** What it draws from, before `convert_to`; null where only other columns can tell. */
  distribution?(params: Params, context: DistributionContext): Distribution | null
  /** The same with its inverse, so that only what bounds leave can be drawn; null where it has none. */
  frozen?(params: Params): Frozen | null
  /** Where it has none: the constants and the distributions that it draws from. */
  pieces?(params: Params): readonly (number | Frozen)[]
  /** Where it draws instants: which, by those of other columns; null where these can't tell. */
  instants?(params: Params, instantsOf: (name: string) => InstantRange | null): InstantRange | null
  /** The column whose value no draw lies below, and whether draws always lie above it. */
  notBelow?(params: Params): { readonly name: string; readonly isAbove: boolean }
  references?(params: Params): readonly SamplerReference[]
  /** What the parameters' schema can't see. */
  check?(params: Params, context: SamplerCheckContext): readonly Problem[]
  /**
   * Reads what it draws from outside of the config, before anything is described. Rejects with a
   * `LoadFault` for mistakes that the user can fix.
   */
  load?(params: Params, context: SamplerLoadContext): Promise<Own>
  /** Made once per run; `random` stands at the row, draws may follow one another. */
  prepare(params: Params, context: SamplerContext, loaded: Own): (random: Random, row: Row) => Value
}

/** Returns its argument; adds types only. */
export function defineSampler<Params, Own extends Loaded = Loaded>(
  sampler: Sampler<Params, Own>,
): Sampler<Params, Own> {
  return sampler
}
