import { expect } from 'vitest'
import { z } from 'zod'
import type {
  ColumnConfig,
  DatasetConfig,
  ModelConfig,
  RawColumn,
} from '../../src/config/dataset.ts'
import { resolveDataset, type ResolvedDataset } from '../../src/config/resolve-dataset.ts'
import type { Problem } from '../../src/config/problem.ts'
import { compile, type Compiled } from '../../src/graph/compile.ts'
import type { SeedSchema } from '../../src/graph/draft.ts'
import type { Graph } from '../../src/graph/graph.ts'
import type { ColumnType } from '../../src/graph/column-type.ts'
import { type ColumnKind, defineColumn } from '../../src/graph/kind.ts'
import { readTemplate } from '../../src/graph/read-template.ts'
import { processorKinds } from '../../src/processors/index.ts'

const common = {
  name: z.string(),
  column_type: z.string(),
  drop: z.boolean(),
  skip: z
    .strictObject({ when: z.string(), value: z.union([z.string(), z.number(), z.null()]) })
    .nullable(),
  propagate_skip: z.boolean(),
  on_failure: z.enum(['drop', 'null']),
}

/** A kind with all that compiling looks at: a template, sides, a model, an output type. */
const note = defineColumn({
  type: 'note',
  schema: z.strictObject({
    ...common,
    template: z.string(),
    output: z.enum(['string', 'int64']).default('string'),
    sides: z.array(z.string()).default([]),
    model_alias: z.string().nullable().default(null),
    says_pure: z.boolean().optional(),
  }),
  describe(config, context) {
    const { references, problems } = readTemplate(
      config.template,
      [...context.path, 'template'],
      (name) => context.columns.has(name) || context.seedColumn(name) !== undefined,
    )
    const alias = config.model_alias
    return {
      by: alias === null ? 'row' : 'cell',
      pure: alias === null || config.says_pure === true,
      output: config.output,
      references,
      routes: alias === null ? [] : [{ name: alias, operation: 'chat', requests: 'one' }],
      sides: config.sides.map((name) => ({ name, output: 'json' })),
      identity: alias === null ? undefined : context.modelIdentity(alias),
      problems,
    }
  },
  bind: () => ({ by: 'row', generate: () => null }),
})

const seedKind = defineColumn({
  type: 'seed-dataset',
  schema: z.strictObject(common),
  describe: ({ name }, context) => ({
    by: 'row',
    pure: true,
    output: context.seedColumn(name) ?? 'string',
    references: [],
    routes: [],
  }),
  bind: () => ({ by: 'row', generate: () => null }),
})

const noteKinds: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ['note', note],
  ['seed-dataset', seedKind],
])

export function column(
  name: string,
  template = 'fixed',
  fields: Record<string, unknown> = {},
): RawColumn {
  const defaults: ColumnConfig = {
    name,
    column_type: 'note',
    drop: false,
    skip: null,
    propagate_skip: true,
    on_failure: 'drop',
  }
  return { ...defaults, template, ...fields }
}

export function seedColumn(name: string, fields: Record<string, unknown> = {}): RawColumn {
  const { template: _, ...rest } = column(name, '', { column_type: 'seed-dataset', ...fields })
  return { ...rest, name }
}

export function model(alias: string, fields: Partial<ModelConfig> = {}): ModelConfig {
  return {
    alias,
    model: 'org/model',
    provider: 'local',
    inference_parameters: {
      generation_type: 'chat-completion',
      max_parallel_requests: 4,
      requests_per_minute: null,
      tokens_per_minute: null,
      timeout: null,
      extra_body: null,
      temperature: 0.5,
      top_p: null,
      max_tokens: null,
    },
    skip_health_check: false,
    ...fields,
  }
}

export interface Case {
  /** The note kinds, when not given. */
  registry?: ReadonlyMap<string, ColumnKind>
  models?: readonly ModelConfig[]
  seed?: SeedSchema | null
  processors?: DatasetConfig['processors']
  agreement?: DatasetConfig['agreement']
  /** Shows what it hashed, when not given. */
  hash?: (text: string) => string
}

export function compiled(
  columns: readonly RawColumn[],
  { registry, models, seed, processors, agreement, hash }: Case = {},
): Compiled {
  const dataset: ResolvedDataset = {
    ...resolveDataset({
      columns,
      model_configs: [],
      model_providers: [],
      seed_config: null,
      prices: new Map(),
      tool_configs: [],
      mcp_providers: [],
      constraints: [],
      profilers: [],
      agreement: agreement ?? [],
      processors: processors ?? [],
      plugins: [],
      seed: null,
      rows: null,
      select: null,
    }),
    models: models ?? [],
  }
  return compile({
    dataset,
    registry: {
      columns: registry ?? noteKinds,
      processors: new Map(processorKinds.map((kind) => [kind.type, kind])),
      originOf: () => null,
      processorOriginOf: () => null,
    },
    loaded: new Map(),
    seed: seed ?? null,
    hash: hash ?? ((text) => `<${text}>`),
  })
}

export function graphOf(columns: readonly RawColumn[], options: Case = {}): Graph {
  const { graph, problems } = compiled(columns, options)
  expect(problems).toEqual([])
  if (graph === null) throw new Error('no problem, but no graph')
  return graph
}

export function seedOf(columns: Record<string, ColumnType>, identity = 'sha256:1'): SeedSchema {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), identity }
}

/** What a reader of problems looks at first. */
function brief(problems: readonly Problem[]): string[] {
  return problems.map(({ code, path, within, message, suggestion }) => {
    const at = within === undefined ? '' : ` ${within.line}:${within.column}`
    return `${code} @ ${path.join('.')}${at}: ${message}${suggestion ? ` (${suggestion})` : ''}`
  })
}

export function problemsOf(columns: readonly RawColumn[], options: Case = {}): string[] {
  const { graph, problems } = compiled(columns, options)
  const failed = problems.some(({ level }) => level === 'error')
  expect(graph === null).toBe(failed)
  return brief(problems)
}
