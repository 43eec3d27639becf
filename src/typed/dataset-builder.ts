import { stringify } from 'yaml'
import type { CustomColumn, CustomContext } from '../columns/define-custom.ts'
import type { Validation, ValidateOptions } from '../check/validate.ts'
import { writtenAsJson } from '../check/standard-schema.ts'
import type { DatasetRecord } from '../export/records.ts'
import type { Preview, PreviewOptions } from '../run/preview.ts'
import type { RunOptions } from '../run/run.ts'
import { RowsmithError } from '../util/errors.ts'
import type { ColumnOptions, ColumnSpec, Mistake } from './column-spec.ts'
import type { Model, ProviderEntry } from './model.ts'
import { refuseUnknown } from '../util/refuse-unknown.ts'
import { columnsReadBy } from './source-names.ts'
import { startTyped, type TypedRun } from './typed-run.ts'

/** Options of the whole dataset. */
export interface DatasetOptions {
  /** Models that columns name by their alias; those given as objects need not be repeated. */
  readonly models?: readonly Model[]
  readonly providers?: readonly ProviderEntry[]
  /** The run seed, 0 to 2^53 - 1; drawn and kept by default. */
  readonly seed?: number
  /** Rows to make where a run does not say. */
  readonly rows?: number
}

/** The source of seed rows, as `seed_config` in a config. */
export interface SeedOptions {
  readonly path: string
  readonly sampling_strategy?: 'ordered' | 'shuffle'
  /** Further files or folders, whose columns are added by a key. */
  readonly join?: readonly JoinOptions[]
}

/** A seed to join, as an entry of `seed_config.join`. */
export interface JoinOptions {
  readonly path: string
  /** A column that both have, a pair of columns, or several of these. */
  readonly on: JoinKey | readonly JoinKey[]
  readonly how?: 'left' | 'inner'
  readonly many?: 'refuse' | 'first' | 'expand' | 'list'
  readonly compare?: 'value' | 'text'
  readonly columns?: readonly string[]
  readonly prefix?: string
}

type JoinKey = string | { readonly left: string; readonly right: string }

type Flat<Row> = { [Name in keyof Row]: Row[Name] }

/** Names that a template may read in addition to the columns: those that columns have next to themselves. */
type Known<Row> =
  | keyof Row
  | `${keyof Row & string}__trace`
  | `${keyof Row & string}__reasoning_content`

type UnknownNames<Reads extends string, Row> = string extends keyof Row
  ? never
  : Exclude<Reads, Known<Row>>

/** Nothing, or what the compiler shows of a name that is not a column yet. */
type Checked<Reads extends string, Row> = [UnknownNames<Reads, Row>] extends [never]
  ? unknown
  : Mistake<`'${UnknownNames<Reads, Row>}' is not a column before this one`>

type NewName<Name extends string, Row> = Name extends keyof Row
  ? Mistake<`There is a column '${Name}' already`>
  : Name

type MayBeNull<Options> = Options extends
  | { readonly on_failure: 'null' }
  | { readonly skip: object }
  ? true
  : false

type ValueWith<Value, Options> = MayBeNull<Options> extends true ? Value | null : Value

type DroppedName<Name extends string, Options> = Options extends { readonly drop: true }
  ? Name
  : never

/** A constraint of a numeric sampler column. */
export interface Constraint<Row> {
  readonly target_column: keyof Row & string
  readonly operator: 'lt' | 'le' | 'gt' | 'ge'
  readonly rhs: number | (keyof Row & string)
}

/** Options of `create` of a dataset that is declared in TypeScript. */
export type TypedRunOptions = Omit<RunOptions, 'config'>
/** Options of `preview` of a dataset that is declared in TypeScript. */
export type TypedPreviewOptions = Omit<PreviewOptions, 'config'>

/**
 * A dataset declaration. Every method returns a new declaration and leaves this one unchanged.
 *
 * `Row` has the columns that templates and functions may read, `Out` those of a record.
 */
export interface DatasetBuilder<Row extends object, Out> {
  readonly name: string
  /** Adds a column; its templates may read the columns before it. */
  column<
    const Name extends string,
    Value,
    Reads extends string = never,
    const Options extends ColumnOptions = {},
  >(
    name: NewName<Name, Row>,
    spec: ColumnSpec<Row, Value, Reads> & Checked<Reads, Row>,
    options?: Options,
  ): DatasetBuilder<
    Flat<Row & { readonly [Each in Name]: ValueWith<Value, Options> }>,
    Flat<
      Out & {
        readonly [Each in Exclude<Name, DroppedName<Name, Options>>]: ValueWith<Value, Options>
      }
    >
  >
  /** Takes the columns of a file or folder; say their types as `seed<{ question: string }>(…)`. */
  seed<Fields extends object>(
    source: string | SeedOptions,
  ): DatasetBuilder<Flat<Row & Readonly<Fields>>, Flat<Out & Readonly<Fields>>>
  /** Keeps rows in which a Jinja condition is true, and sends no further request for others. */
  filter(keep: string): DatasetBuilder<Row, Out>
  /** Bounds a numeric sampler column by a number or another column. */
  constraint(constraint: Constraint<Row>): DatasetBuilder<Row, Out>
  /** Adds a processor, as a config has it; what records have then is `Made`. */
  processor<Made = DatasetRecord>(
    processor: Readonly<Record<string, unknown>> & { readonly processor_type: string },
  ): DatasetBuilder<Row, Made>
  /** The config as an object, with its functions and schemas. */
  toConfig(): Record<string, unknown>
  /** The config as YAML; refuses a dataset with functions, which no file can hold. */
  toYAML(): string
  /** All of its problems, as `rowsmith validate` reports them. */
  validate(options?: Omit<ValidateOptions, 'config'>): Promise<Validation>
  /** Makes a few records in a folder that is removed. */
  preview(
    options?: TypedPreviewOptions,
  ): Promise<Omit<Preview, 'records'> & { readonly records: Out[] }>
  /** Begins to make the dataset, or continues with it; resolves once the run works. */
  create(options?: TypedRunOptions): Promise<TypedRun<Out>>
}

interface Declared {
  readonly name: string
  readonly options: DatasetOptions
  readonly columns: readonly Readonly<Record<string, unknown>>[]
  readonly models: readonly Model[]
  readonly seed: SeedOptions | null
  readonly constraints: readonly object[]
  readonly processors: readonly object[]
}

const datasetOptions = ['models', 'providers', 'seed', 'rows']
const columnOptions = ['drop', 'skip', 'propagate_skip', 'on_failure']

/** Declares a dataset column by column: `dataset('reviews').column('product', …)`. */
export function dataset(name: string, options: DatasetOptions = {}): DatasetBuilder<{}, {}> {
  refuseUnknown(options, datasetOptions, 'dataset()')
  return builderOf({
    name,
    options,
    columns: [],
    models: options.models ?? [],
    seed: null,
    constraints: [],
    processors: [],
  })
}

function builderOf<Row extends object, Out>(declared: Declared): DatasetBuilder<Row, Out> {
  const input = (): { config: object; name: string } => ({
    config: configOf(declared),
    name: declared.name,
  })
  const builder: DatasetBuilder<object, unknown> = {
    name: declared.name,
    column(name, spec, options) {
      refuseUnknown(options ?? {}, columnOptions, `column '${name}'`)
      return builderOf(withColumn(declared, name, spec, options ?? {}))
    },
    seed: (source) =>
      builderOf({ ...declared, seed: typeof source === 'string' ? { path: source } : source }),
    filter: (keep) => builderOf(withProcessor(declared, { processor_type: 'filter', when: keep })),
    constraint: (constraint) =>
      builderOf({ ...declared, constraints: [...declared.constraints, constraint] }),
    processor: (processor) => builderOf(withProcessor(declared, processor)),
    toConfig: () => configOf(declared),
    toYAML: () => yamlOf(declared),
    async validate(options = {}) {
      const { validate } = await import('../check/validate.ts')
      return validate({ ...options, config: input() })
    },
    async preview(options = {}) {
      const { preview } = await import('../run/preview.ts')
      return preview({ ...options, config: input() })
    },
    create: (options = {}) => startTyped({ ...options, config: input() }),
  }
  // What a row has is known to the compiler alone.
  return builder as unknown as DatasetBuilder<Row, Out>
}

function withProcessor(declared: Declared, processor: object): Declared {
  const { processors } = declared
  return {
    ...declared,
    processors: [...processors, { name: `processor-${processors.length + 1}`, ...processor }],
  }
}

function withColumn(
  declared: Declared,
  name: string,
  { fields, model, texts = {} }: ColumnSpec<never, unknown, string>,
  options: ColumnOptions,
): Declared {
  const before = declared.columns.flatMap((column) =>
    isText(column['name']) ? [column['name']] : [],
  )
  const written = Object.entries(texts).map(([field, write]) => {
    const text = `${name}__${field}`
    const generator = { generate: write, requiredColumns: columnsReadBy(write, before), pure: true }
    return {
      field,
      column: { name: text, column_type: 'custom', generator: named(text, generator), drop: true },
    }
  })
  const column = {
    name,
    ...fields,
    ...('generator' in fields
      ? { generator: namedGenerator(name, fields['generator'], before) }
      : {}),
    ...Object.fromEntries(written.map(({ field, column: text }) => [field, `{{ ${text.name} }}`])),
    ...options,
  }
  return {
    ...declared,
    columns: [...declared.columns, ...written.map((each) => each.column), column],
    models: model === undefined ? declared.models : withModel(declared.models, model),
  }
}

/** A function of the program, with the columns it reads where it does not say. */
function namedGenerator(name: string, generator: unknown, before: readonly string[]): unknown {
  // Made by `custom` alone.
  const given = generator as CustomColumn
  return named(name, { requiredColumns: columnsReadBy(given.generate, before), ...given })
}

/** Functions are distinguished by their names; the column's own stays the same whatever stands before it. */
function named(name: string, generator: CustomColumn): CustomColumn {
  const { generate } = generator
  const call = (row: never, context: CustomContext): unknown => generate(row, context)
  Object.defineProperty(call, 'name', { value: name })
  // The source is what a change is reported by.
  Object.defineProperty(call, 'toString', { value: () => generate.toString() })
  return { ...generator, generate: call }
}

function withModel(models: readonly Model[], model: Model): readonly Model[] {
  const same = models.find(({ alias }) => alias === model.alias)
  if (same === undefined) return [...models, model]
  if (same === model || JSON.stringify(same) === JSON.stringify(model)) return models
  throw new RowsmithError('usage', `two different models have the alias '${model.alias}'`, {
    hints: ['Give one of them another alias.'],
  })
}

function configOf({
  options,
  columns,
  models,
  seed,
  constraints,
  processors,
}: Declared): Record<string, unknown> {
  const providers = new Map((options.providers ?? []).map((each) => [each.name, each]))
  for (const { provider, pool = [] } of models) {
    for (const place of [provider, ...pool.map((choice) => choice.provider)]) {
      if (typeof place === 'object') providers.set(place.name, place)
    }
  }
  return {
    ...(providers.size === 0 ? {} : { model_providers: [...providers.values()] }),
    ...(models.length === 0
      ? {}
      : {
          model_configs: models.map(modelOf),
        }),
    ...(seed === null ? {} : { seed_config: seedConfigOf(seed) }),
    columns,
    ...(constraints.length === 0 ? {} : { constraints }),
    ...(processors.length === 0 ? {} : { processors }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.rows === undefined ? {} : { rows: options.rows }),
  }
}

/** As the config has it: with the names of its providers. */
function modelOf({ provider, pool, ...rest }: Model): object {
  if (pool === undefined) return { ...rest, provider: nameOf(provider) }
  return {
    ...rest,
    pool: pool.map((choice) => ({ ...choice, provider: nameOf(choice.provider) })),
  }
}

function nameOf(place: ProviderEntry | string): string {
  return typeof place === 'string' ? place : place.name
}

function seedConfigOf({ join = [], ...seed }: SeedOptions): object {
  return { ...withSource(seed), ...(join.length === 0 ? {} : { join: join.map(withSource) }) }
}

function withSource({ path, ...rest }: { readonly path: string }): object {
  return { source: { seed_type: 'local', path }, ...rest }
}

function yamlOf(declared: Declared): string {
  const withFunctions = declared.columns.flatMap(({ name, generator }) =>
    typeof generator === 'object' ? [String(name)] : [],
  )
  if (withFunctions.length > 0) {
    const [first = ''] = withFunctions
    throw new RowsmithError(
      'usage',
      `no YAML can hold the functions of ${withFunctions.join(', ')}`,
      {
        hints: [
          first.endsWith('__prompt')
            ? 'Write the prompt as a Jinja text.'
            : 'Move the function to a file and name it: generator: ./columns.ts#name.',
        ],
      },
    )
  }
  const plain: unknown = JSON.parse(
    // An ordinary function: what holds a value is `this`.
    JSON.stringify(configOf(declared), function write(this: unknown, key, value: unknown) {
      return writtenAsJson(this, key, value)
    }),
  )
  return stringify(plain, { lineWidth: 100 })
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
