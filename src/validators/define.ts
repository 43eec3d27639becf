import type { z } from 'zod'
import type { ColumnConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Loaded, Reference, Service } from '../graph/kind.ts'
import type { Value } from '../util/value.ts'

/**
 * What a validator says of a subject: `is_valid`, which is null where it can't say, and fields of its
 * own.
 */
export type Verdict = ReadonlyMap<string, Value>

/** What is judged: one target of a row, or all of them. */
export interface Subject {
  /** The row it stands in, from 0. */
  readonly row: number
  /** The targets with their values: one, or all of the column's. */
  readonly targets: ReadonlyMap<string, Value>
  /** Of a column that the description refers to. */
  get(column: string): Value
}

/** What a validator has while it loads files or code. */
export interface ValidatorLoadContext {
  /** Where relative paths start: the folder of the config, the working directory without a file. */
  readonly directory: string
  readonly signal: AbortSignal
  /** Loads a function of the user's project: `./checks.ts#name`. Throws a `LoadFault`. */
  readonly userFunction: (reference: string, field: string) => Promise<LoadedFunction>
}

/** A function of the user's project. */
export interface LoadedFunction extends Loaded {
  /** What it answered for a subject; what it throws is reported with its place in the user's file. */
  call(subject: Subject, signal: AbortSignal): Promise<unknown>
}

/** What a validator may look at before anything runs. */
export interface ValidatorContext {
  /** Of the column. */
  readonly path: ConfigPath
  readonly name: string
  readonly targets: readonly string[]
  /** All column objects of the config, parsed by their kinds where that worked. */
  readonly columns: ReadonlyMap<string, ColumnConfig>
  /** Whether a name is that of a column of the config or the seed. */
  readonly isColumn: (name: string) => boolean
}

/** What a validator declares about one of its columns before anything runs. */
export interface ValidatorDescription {
  /** Names of the fields of its verdicts in addition to `is_valid`; null where any may be there. */
  readonly fields: readonly string[] | null
  /** Columns that it reads in addition to the targets. */
  readonly references?: readonly Reference[]
  readonly problems?: readonly Problem[]
}

/** What a validator has while a run is at work. */
export interface ValidatorOpenContext {
  readonly name: string
  /** Whether the description referred to a name. */
  readonly refersTo: (name: string) => boolean
  /** Called when the run has ended. */
  readonly onClose: (close: () => Promise<void>) => void
}

interface ValidatorBase<Params, Own extends Loaded> {
  /** The value of `validator_type`. */
  readonly type: string
  /** The object of `validator_params`; unknown keys are refused by it. */
  readonly params: z.ZodType<Params>
  /** Whether each target has a separate verdict, or all targets of a row have one. */
  readonly judges: 'target' | 'row'
  /** A cell without a value has a verdict, too: otherwise all of its fields are null. */
  readonly judgesNull?: true
  /** Reads what it needs from outside, before anything is described. */
  load?(params: Params, context: ValidatorLoadContext): Promise<Own>
  describe(params: Params, context: ValidatorContext, loaded: Own): ValidatorDescription
}

/** Judges at once and costs nothing: its verdicts are made again instead of being kept. */
export interface QuickValidator<
  Params = unknown,
  Own extends Loaded = Loaded,
> extends ValidatorBase<Params, Own> {
  readonly by: 'row'
  open(params: Params, context: ValidatorOpenContext, loaded: Own): (subject: Subject) => Verdict
}

/** Judges in a thread, a process or a function that waits: a `CellFailure` fails the cell. */
export interface SlowValidator<Params = unknown, Own extends Loaded = Loaded> extends ValidatorBase<
  Params,
  Own
> {
  readonly by: 'cell'
  open(
    params: Params,
    context: ValidatorOpenContext,
    loaded: Own,
  ): (subject: Subject, signal: AbortSignal) => Promise<Verdict>
}

/** Asks a service over HTTP, for some rows at a time. */
export interface RemoteValidator<
  Params = unknown,
  Own extends Loaded = Loaded,
> extends ValidatorBase<Params, Own> {
  readonly by: 'request'
  readonly judges: 'row'
  /** Where its requests go, by POST. */
  service(params: Params): Service
  /** The JSON that is sent. */
  write(subjects: readonly Subject[]): string
  /** Reads the answer: one verdict for each of so many subjects. Throws a `CellFailure`. */
  read(answer: string, subjects: number, loaded: Own): readonly (Verdict | Error)[]
}

/** A kind of validator: quick, slow or remote. */
export type Validator<Params = unknown, Own extends Loaded = Loaded> =
  | QuickValidator<Params, Own>
  | SlowValidator<Params, Own>
  | RemoteValidator<Params, Own>

/** Forgets the types of a validator's own parameters: its schema is what checks them. */
export function defineValidator<Params, Own extends Loaded = Loaded>(
  validator: Validator<Params, Own>,
): Validator {
  return validator
}
