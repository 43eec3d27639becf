import { z } from 'zod'
import type { ColumnConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { text } from '../config/scalars.ts'
import type { Origin } from '../graph/origin.ts'
import {
  defineColumn,
  type ColumnKind,
  type Constraint,
  type DescribeContext,
  type Loaded,
  type LoadContext,
  LoadFault,
  nothingLoaded,
} from '../graph/kind.ts'
import { checkSampler } from '../samplers/check.ts'
import { checkConstraints } from '../samplers/check-constraints.ts'
import {
  branchesOf,
  conversionOf,
  referencedSampler,
  type SamplerColumn,
} from '../samplers/column.ts'
import type { ReferencedSampler, Sampler, SamplerLoadContext } from '../samplers/define.ts'
import { cellDistribution } from '../samplers/declare-distribution.ts'
import { createCellDraw } from '../samplers/draw.ts'
import { spellingProblems } from '../samplers/spelling-problems.ts'
import { inputsOf } from '../samplers/inputs.ts'
import { SeedFault } from '../seeds/define.ts'
import { openTableFile } from '../seeds/stored-table.ts'
import { commonFields } from '../config/common-fields.ts'
import { taggedParams } from './tagged-params.ts'

/** A sampler column; parameter objects are those of its kind, without the tag. */
export interface SamplerConfig extends ColumnConfig {
  column_type: 'sampler'
  sampler_type: string
  params: unknown
  conditional_params: Record<string, unknown>
  convert_to: string | null
  /** Bounds from the config's constraints; omitted where there are none. */
  constraints?: readonly Constraint[]
}

/** What the parameter objects of a column loaded, in their order. */
interface LoadedBranches extends Loaded {
  readonly branches: readonly Loaded[]
}

type Columns = ReadonlyMap<string, ColumnConfig>

/** The samplers a config may name. */
interface SamplerTable {
  readonly samplers: ReadonlyMap<string, Sampler<unknown>>
  /** The plugin a sampler is from; null for a built-in one. */
  readonly originOf: (samplerType: string) => Origin | null
}

/** The column kind that draws values from the given samplers. */
export function createSamplerKind({ samplers, originOf }: SamplerTable): ColumnKind<SamplerConfig> {
  const schema = samplerSchema([...samplers.values()])

  function samplerOf({ sampler_type: type }: SamplerConfig): Sampler<unknown> {
    const kind = samplers.get(type)
    if (kind === undefined) throw new RangeError(`No sampler '${type}'.`)
    return kind
  }

  function resolve(config: SamplerConfig, loaded: readonly Loaded[] = []): SamplerColumn {
    const kind = samplerOf(config)
    const { name, params, conditional_params, convert_to: convertTo } = config
    const conditions = Object.entries(conditional_params).map(([source, branch]) => ({
      source,
      params: branch,
    }))
    const { constraints = [] } = config
    return { name, sampler: kind, params, conditions, convertTo, constraints, loaded }
  }

  /** Columns are parsed only where that worked; each once, however many others refer to it. */
  const found = new WeakMap<ColumnConfig, SamplerColumn | null>()
  function find(columns: Columns, name: string): SamplerColumn | null {
    const column = columns.get(name)
    if (column?.column_type !== 'sampler') return null
    let sampler = found.get(column)
    if (sampler === undefined) {
      sampler = parse(column)
      found.set(column, sampler)
    }
    return sampler
  }

  function parse(column: ColumnConfig): SamplerColumn | null {
    // Bounds are no field of a column as it is written.
    const { constraints, ...written } = column as ColumnConfig & Pick<SamplerConfig, 'constraints'>
    const parsed = schema.safeParse(written)
    if (!parsed.success) return null
    return resolve(constraints === undefined ? parsed.data : { ...parsed.data, constraints })
  }

  function referenced(context: DescribeContext, name: string): ReferencedSampler | string | null {
    const other = otherKind(context, name)
    if (other !== null) return other
    const column = find(context.columns, name)
    return column === null ? null : referencedSampler(column)
  }

  return defineColumn<SamplerConfig, LoadedBranches | Loaded>({
    type: 'sampler',
    schema,
    constrain: (config, constraints) => ({ ...config, constraints }),
    loads: (config) => samplerOf(config).load !== undefined,
    async load(config, context): Promise<LoadedBranches> {
      const kind = samplerOf(config)
      const branches: Loaded[] = []
      for (const params of branchesOf(resolve(config))) {
        branches.push((await kind.load?.(params, loadContext(context))) ?? nothingLoaded)
      }
      return { identity: branches.map(({ identity }) => identity), branches }
    },
    describe(config, context, { identity: content }) {
      const column = resolve(config)
      const { references, problems } = inputsOf(column, {
        path: context.path,
        constraintPaths: context.constraintPaths,
        sampler: (name) => find(context.columns, name),
        isColumn: (name) => isColumn(context, name),
      })
      return {
        by: 'row',
        pure: true,
        output: conversionOf(column)?.output ?? 'string',
        references,
        routes: [],
        requests: 'none',
        identity: identityOf(column, originOf(config.sampler_type), content),
        distribution: cellDistribution(column, (name) => find(context.columns, name)),
        problems: [
          ...skipProblems(config, context),
          ...problems,
          ...writtenProblems(config, context),
          ...checkSampler(column, context.path, (name) => referenced(context, name)),
          ...checkConstraints(column, context.constraintPaths, {
            sampler: (name) => find(context.columns, name),
            otherKind: (name) => otherKind(context, name),
            constrained: () => constrainedNames(context.columns),
          }),
        ],
      }
    },
    bind(config, binding, loaded) {
      const column = resolve(config, 'branches' in loaded ? loaded.branches : [])
      const draw = createCellDraw(column, {
        // Dates of other columns are drawn again from their configs.
        sampler: (name) => find(binding.columns, name),
        cells(name) {
          if (!binding.refersTo(name)) return undefined
          const id = binding.columnId(name)
          return (row) => row.get(id)
        },
        random: (stream) => binding.random(stream),
      })
      return { by: 'row', generate: draw }
    },
  })
}

function constrainedNames(columns: Columns): string[] {
  return [...columns.values()].flatMap((column) => {
    const { constraints = [] } = column as Pick<SamplerConfig, 'constraints'>
    return column.column_type === 'sampler' && constraints.length > 0 ? [column.name] : []
  })
}

/** What a column is that is no sampler; null for a sampler, and for a name no one has. */
function otherKind(context: DescribeContext, name: string): string | null {
  const other = context.columns.get(name)
  if (other === undefined) return context.seedColumn(name) === undefined ? null : 'a seed column'
  return other.column_type === 'sampler' ? null : `a column of type ${other.column_type}`
}

/** The last condition that holds counts, so their order decides values too. */
function identityOf(
  { conditions }: SamplerColumn,
  origin: Origin | null,
  content: unknown,
): unknown {
  const order = conditions.map(({ source }) => source)
  if (origin === null && content === undefined) return order
  return {
    conditions: order,
    ...(origin === null ? {} : { plugin: origin }),
    ...(content === undefined ? {} : { content }),
  }
}

function loadContext(context: LoadContext): SamplerLoadContext {
  const { environment = {}, signal, onProgress } = context
  return {
    environment,
    openTable: (path) =>
      openTableFile(path, { environment, signal, onProgress }).catch((error: unknown) => {
        if (!(error instanceof SeedFault)) throw error
        const { code, message, suggestion } = error
        throw new LoadFault(`${path}: ${message}`, {
          cause: error,
          code,
          field: 'params',
          ...(suggestion === undefined ? {} : { suggestion }),
        })
      }),
  }
}

function isColumn(context: DescribeContext, name: string): boolean {
  return context.columns.has(name) || context.seedColumn(name) !== undefined
}

function writtenProblems({ name }: SamplerConfig, { path, written }: DescribeContext): Problem[] {
  return ['params', 'conditional_params'].flatMap((field) =>
    spellingProblems(written[field], [...path, field], name),
  )
}

function skipProblems({ name, skip }: SamplerConfig, { path }: DescribeContext): Problem[] {
  if (skip === null) return []
  return [
    {
      level: 'error',
      code: 'skip-on-sampler',
      path: [...path, 'skip'],
      message: `Column '${name}' is a sampler, which can't be skipped`,
      suggestion: 'Put the skip on the columns that use it, or use conditional_params.',
    },
  ]
}

function samplerSchema(kinds: readonly Sampler<unknown>[]): z.ZodType<SamplerConfig> {
  const [first, ...rest] = kinds.map(schemaOf)
  if (first === undefined) throw new RangeError('A sampler column needs at least one sampler.')
  return z.discriminatedUnion('sampler_type', [first, ...rest])
}

function schemaOf({ kind, params: fields }: Sampler<unknown>) {
  const params = taggedParams('sampler_type', kind, fields)
  return z.strictObject({
    ...commonFields,
    column_type: z.literal('sampler'),
    sampler_type: z.literal(kind),
    params,
    conditional_params: z
      .record(z.string(), params)
      .default({})
      .describe('Other parameters for rows where a condition holds: an expression without braces.'),
    convert_to: text()
      .nullable()
      .default(null)
      .describe(
        'int, float or str for numbers and categories; a pattern such as %Y-%m-%d for dates.',
      ),
  })
}
