import type { ColumnConfig } from '../config/dataset.ts'
import { excerptOf } from '../config/excerpt.ts'
import type { Position, Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import { resolveDataset, type ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Locate } from '../config/text.ts'
import { templateStream } from '../columns/bind-template.ts'
import { filterName } from '../graph/filter-name.ts'
import { readTemplate } from '../graph/read-template.ts'
import type { Template } from '../templates/template.ts'
import { gatherPlugins, type GivenPlugin } from '../plugins/gather-plugins.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { compileDataset } from '../check/prepare.ts'
import {
  type ConfigInput,
  type ConfigSource,
  readConfig,
  readDataset,
  readMcpFile,
  readModelFile,
  readText,
  readToolFile,
} from '../check/sources.ts'

/** What is rendered: a separate template, or the templates of a column. */
export type RenderSource =
  | {
      /** The path of a template, of any ending, or `{ text }` of one. */
      template: string | { text: string }
    }
  | {
      config: ConfigInput
      /** The name of a column that has templates. */
      column: string
      /** Kinds in addition to the built-in ones and those of the config's own plugins. */
      plugins?: readonly GivenPlugin[]
      /** Shows the tools that the model knows, too, which starts their servers. */
      tools?: boolean
      mcpProvidersFile?: string
      toolConfigsFile?: string
      modelConfigsFile?: string
    }

/** One template, with where it draws from and where it stands. */
export interface TemplatePart {
  /** `template`, or the field of the column: `prompt`, `system_prompt`, `expr`, `skip.when`. */
  field: string
  template: Template
  /** Stream of its random filters; null where a run gives it no randomness either. */
  stream: string | null
  /** What the row does where its value is true; null where its text is used. */
  decides: 'skips' | 'keeps' | null
  /** Whether a run takes an empty text for a failure. */
  needsText: boolean
  /** The problem at its place in the file. */
  locate: (problem: Problem, within: Position) => Problem
}

/** The column of a config the templates are from. */
export interface ColumnOfConfig {
  source: ConfigSource
  dataset: ResolvedDataset
  registry: Registry
  locate: Locate
  name: string
}

/** Templates as far as they can be read. */
export interface ReadParts {
  parts: readonly TemplatePart[]
  /** What is said behind them, whatever the row; null for nothing. */
  instructions?: string | null
  /** Null for a separate template. */
  column: ColumnOfConfig | null
  problems: readonly Problem[]
  /** Of a column whose kind has no templates: what to say unless it asks a model in another way. */
  noTemplates?: RowsmithError
}

/** Reads the templates of a source, with what is wrong with them. */
export async function readParts(source: RenderSource): Promise<ReadParts> {
  return 'template' in source ? readFilePart(source.template) : readColumnParts(source)
}

async function readFilePart(input: string | { text: string }): Promise<ReadParts> {
  const file = typeof input === 'string' ? input : '(template)'
  const text = typeof input === 'string' ? await readText(input, 'template') : input.text
  const locate = (problem: Problem, within: Position): Problem =>
    withExcerpt({ ...problem, file, position: within }, text)
  const { template, problems } = readTemplate(text, [], () => false)
  return {
    column: null,
    problems: problems.map((problem) => locate(problem, problem.within ?? { line: 1, column: 1 })),
    parts:
      template === null
        ? []
        : [
            {
              field: 'template',
              template,
              stream: 'template',
              decides: null,
              needsText: false,
              locate,
            },
          ],
  }
}

async function readColumnParts({
  config: input,
  column: name,
  plugins,
  mcpProvidersFile,
  toolConfigsFile,
  modelConfigsFile,
}: Extract<RenderSource, { config: unknown }>): Promise<ReadParts> {
  const source = await readConfig(input)
  const { draft, locate, problems } = readDataset(source)
  if (draft === null) return { parts: [], column: null, problems }
  const { registry, problems: missing } = await gatherPlugins({
    given: plugins,
    config: { names: draft.plugins, directory: source.directory },
  })
  if (missing.length > 0) {
    return { parts: [], column: null, problems: withPositions(missing, source.file, locate) }
  }
  const mcp = await readMcpFile(mcpProvidersFile)
  const tools = await readToolFile(toolConfigsFile)
  const models = await readModelFile(modelConfigsFile)
  const unread = [...mcp.problems, ...tools.problems, ...models.problems]
  if (unread.length > 0) return { parts: [], column: null, problems: unread }
  const dataset = resolveDataset(draft, {
    mcp: mcp.providers,
    tools: tools.configs,
    models: models.models,
  })
  const index = dataset.columns.findIndex((column) => column.name === name)
  const raw = dataset.columns[index]
  const filter = raw === undefined ? findFilter(name, dataset, registry) : null
  if (raw === undefined && filter === null) throw noSuchColumn(name, source, dataset)
  const path = filter === null ? ['columns', index] : ['processors', filter.index]
  // Of its templates and fields; what other columns lack does not keep this one from being read.
  const compiled = await compileDataset(dataset, {
    seed: null,
    registry,
    source,
    signal: new AbortController().signal,
  })
  const own = compiled.problems.filter(
    ({ level, path: at, code }) =>
      level === 'error' && at[0] === path[0] && at[1] === path[1] && !aboutOthers.has(code),
  )
  if (own.length > 0) {
    const placed = withPositions(own, source.file, locate)
    return {
      parts: [],
      column: null,
      problems: placed.map((problem) => withExcerpt(problem, source.text)),
    }
  }
  const inGraph = filter === null ? name : filterName(name)
  const column: ColumnOfConfig = { source, dataset, registry, locate, name: inGraph }
  const fields = raw === undefined ? (filter?.fields ?? []) : fieldsOf(raw, registry)
  const parts = fields.map(({ field, text, decides }): TemplatePart => {
    const at = [...path, ...field.split('.')]
    const { template } = readTemplate(text, at, () => false, {
      missing: decides === null ? 'names' : 'strict',
    })
    if (template === null) throw new Error(`the ${field} of ${name} was read and can't be read`)
    return {
      field,
      template,
      stream: decides === null ? templateStream(name, field) : null,
      decides,
      needsText: decides === null && text !== '',
      locate: (problem, within) => {
        const [placed = problem] = withPositions(
          [{ ...problem, path: at, within }],
          source.file,
          locate,
        )
        return withExcerpt(placed, source.text)
      },
    }
  })
  if (parts.length === 0 && raw !== undefined) {
    return { parts, column, problems: [], noTemplates: noTemplates(name, raw, dataset, registry) }
  }
  return { parts, instructions: instructionsOf(raw, registry), column, problems: [] }
}

function instructionsOf(raw: ColumnConfig | undefined, registry: Registry): string | null {
  const kind = raw === undefined ? undefined : registry.columns.get(raw.column_type)
  const config = kind?.schema.safeParse(raw).data
  return config === undefined ? null : (kind?.instructions?.(config) ?? null)
}

/** Of a column, but about what is elsewhere: a rendered row may have it all the same. */
const aboutOthers: ReadonlySet<string> = new Set([
  'unknown-reference',
  'unknown-model',
  'unknown-seed-column',
  'cycle',
])

interface Field {
  field: string
  text: string
  decides: TemplatePart['decides']
}

function fieldsOf(raw: ColumnConfig, registry: Registry): Field[] {
  const kind = registry.columns.get(raw.column_type)
  const config: object = kind?.schema.safeParse(raw).data ?? {}
  const fields: Field[] = (kind?.templates ?? []).flatMap((field) => {
    const text: unknown = Object.entries(config).find(([key]) => key === field)?.[1]
    // No system prompt and an empty one are the same.
    if (typeof text !== 'string' || (text === '' && field !== 'prompt')) return []
    return [{ field, text, decides: null }]
  })
  if (raw.skip === null) return fields
  return [{ field: 'skip.when', text: raw.skip.when, decides: 'skips' }, ...fields]
}

/** The row-wise processor of a name, with its conditions. */
function findFilter(
  name: string,
  { processors }: ResolvedDataset,
  registry: Registry,
): { index: number; fields: Field[] } | null {
  const index = processors.findIndex((processor) => processor['name'] === name)
  const raw = processors[index]
  const kind = registry.processors.get(String(raw?.['processor_type']))
  if (raw === undefined || kind?.by !== 'row') return null
  const fields = (kind.conditions ?? []).flatMap((field): Field[] => {
    const text = raw[field]
    return typeof text === 'string' ? [{ field, text, decides: 'keeps' }] : []
  })
  return { index, fields }
}

function withExcerpt(problem: Problem, text: string): Problem {
  if (problem.position === undefined) return problem
  const excerpt = excerptOf(text, problem.position)
  return excerpt === undefined ? problem : { ...problem, excerpt }
}

function noSuchColumn(
  name: string,
  { file }: ConfigSource,
  { columns }: ResolvedDataset,
): RowsmithError {
  const names = columns.map((column) => column.name)
  const near = nearest(name, names)
  return new RowsmithError('usage', `${file} has no column '${name}'`, {
    hints: [near === undefined ? `It has ${names.join(', ')}.` : `Did you mean '${near}'?`],
  })
}

function noTemplates(
  name: string,
  { column_type: type }: ColumnConfig,
  { columns }: ResolvedDataset,
  registry: Registry,
): RowsmithError {
  const others = columns.filter((column) => fieldsOf(column, registry).length > 0)
  return new RowsmithError('usage', `column '${name}' has no template: it is a ${type} column`, {
    hints:
      others.length === 0
        ? []
        : [`Columns with templates: ${others.map((column) => column.name).join(', ')}.`],
  })
}
