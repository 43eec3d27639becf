import { z } from 'zod'
import { Double } from '../util/value.ts'
import { parseColumns, unread as unreadName } from './columns.ts'
import { parseConstraints } from './constraints.ts'
import type { DatasetConfig, Literal } from './dataset.ts'
import { isList, isMapping, type Mapping } from './literal.ts'
import { parseModels, parseProviders } from './model-lists.ts'
import { parsePlugins } from './plugin-list.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod, withPositions } from './problems.ts'
import { parseAgreement, parseProfilers } from './report-parts.ts'
import { findRoot } from './root.ts'
import { integer, refuse } from './scalars.ts'
import { parseSeedConfig } from './seed-config.ts'
import { parsePrices } from './prices.ts'
import { parseSelect } from './select.ts'
import { parseConfigText, type Locate } from './text.ts'
import { parseMcpProviders, parseToolConfigs } from './tool-lists.ts'

export interface LoadedDataset {
  /** Null when there are errors. */
  config: DatasetConfig | null
  /** What could be read despite errors, for further checks only; null when nothing could. */
  draft: DatasetConfig | null
  /**
   * Parts that are written and can't be read at all: what they hold can't be missing elsewhere.
   * `column-names` when there is a column of which nothing can be read.
   */
  unread: ReadonlySet<string>
  /** Names of providers that are wrong; null for one whose name can't be read. */
  brokenProviders: readonly (string | null)[]
  /** The same of MCP providers. */
  brokenServers: readonly (string | null)[]
  /** With file and position, and with paths from the dataset's root. */
  problems: Problem[]
  /** Takes such paths, whether or not the file has `data_designer` around the dataset. */
  locate: Locate
}

/** Reads a dataset config in either form and says everything that is wrong with it. */
export function loadDataset(text: string, { file }: { file: string }): LoadedDataset {
  const { value, problems, rest, ...whole } = parseConfigText(text, { file })
  const readable = value === undefined ? rest : { value, gaps: [], ...whole }
  const nothing = {
    config: null,
    draft: null,
    unread: new Set<string>(),
    brokenProviders: [],
    brokenServers: [],
  }
  if (readable === null) return { ...nothing, problems, locate: whole.locate }
  const { root, base, problems: rootProblems } = findRoot(readable.value)
  const locate: Locate = (path, options) => readable.locate([...base, ...path], options)
  const gaps = readable.gaps.map(({ path }) => path.slice(base.length))
  const found = [...problems, ...withPositions(rootProblems, file, readable.locate)]
  if (root === null) return { ...nothing, problems: found, locate }
  const { draft, problems: wrong, unread, brokenProviders, brokenServers } = readDataset(root)
  const outside = wrong.filter(({ path }) => !gaps.some((gap) => isWithin(path, gap)))
  found.push(...withPositions(outside, file, locate))
  const isBroken = found.some(({ level }) => level === 'error')
  return {
    config: isBroken ? null : draft,
    draft,
    unread: new Set([...unread, ...gaps.flatMap((gap) => unreadParts(gap, draft))]),
    brokenProviders,
    brokenServers,
    problems: found,
    locate,
  }
}

function isWithin(path: ConfigPath, gap: ConfigPath): boolean {
  return gap.every((step, index) => path[index] === step)
}

/** The part a gap leaves unknown: as a whole, or the columns' names where one of them is. */
function unreadParts([part, index]: ConfigPath, { columns }: DatasetConfig): string[] {
  if (index === undefined) return [String(part)]
  const isNameless = part === 'columns' && columns[Number(index)]?.name === unreadName
  return isNameless ? ['column-names'] : []
}

function readDataset(root: Mapping): {
  draft: DatasetConfig
  unread: ReadonlySet<string>
  brokenProviders: readonly (string | null)[]
  brokenServers: readonly (string | null)[]
  problems: Problem[]
} {
  const problems: Problem[] = []
  const part = (key: string): readonly Literal[] => listAt(root, key, problems)
  const columns = parseColumns(part('columns'), ['columns'])
  const models = parseModels(part('model_configs'), ['model_configs'])
  const providers = parseProviders(part('model_providers'), ['model_providers'])
  const tools = parseToolConfigs(part('tool_configs'), ['tool_configs'])
  const servers = parseMcpProviders(part('mcp_providers'), ['mcp_providers'])
  const processors = parseProcessors(part('processors'), ['processors'])
  const seed = parseSeed(root, problems)
  const rows = parseRows(root, problems)
  const plugins = parsePlugins(part('plugins'), ['plugins'])
  const profilers = parseProfilers(part('profilers'), ['profilers'])
  const agreement = parseAgreement(part('agreement'), ['agreement'])
  const constraints = parseConstraints(part('constraints'), ['constraints'])
  const seedConfig = isAbsent(root['seed_config'])
    ? { seedConfig: null, isWhole: true, problems: [] }
    : parseSeedConfig(root['seed_config'], ['seed_config'])
  const selection = parseSelect(root['select'], ['select'])
  const prices = parsePrices(root['prices'], ['prices'])
  const lists = [
    columns,
    models,
    providers,
    tools,
    servers,
    processors,
    plugins,
    profilers,
    agreement,
    constraints,
  ]
  for (const read of [...lists, seedConfig, selection, prices]) problems.push(...read.problems)
  const draft = {
    columns: columns.columns,
    model_configs: models.models,
    model_providers: providers.providers,
    seed_config: seedConfig.seedConfig,
    tool_configs: tools.configs,
    mcp_providers: servers.providers,
    constraints: constraints.constraints,
    profilers: profilers.profilers,
    agreement: agreement.agreement,
    processors: processors.processors,
    plugins: plugins.names,
    seed,
    rows,
    select: selection.select,
    prices: prices.prices,
  }
  if (rows !== null && !isAbsent(root['select'])) problems.push(rowsBesideSelect(rows))
  const unread = new Set(
    listKeys.filter((key) => !isList(root[key]) && (key === 'columns' || !isAbsent(root[key]))),
  )
  if (!seedConfig.isWhole) unread.add('seed_config')
  return {
    draft,
    unread,
    brokenProviders: providers.broken,
    brokenServers: servers.broken,
    problems,
  }
}

/** Both say how many rows the dataset has. */
function rowsBesideSelect(rows: number): Problem {
  return {
    level: 'error',
    code: 'conflicting-fields',
    path: ['rows'],
    message: "'rows' is set in addition to 'select', whose 'target' is the number of accepted rows",
    expected: "'rows' or 'select'",
    received: String(rows),
    suggestion: "Remove 'rows', and write the number as 'target' of 'select'.",
  }
}

/** That each is a mapping; what is in one, its kind reads. */
function parseProcessors(
  list: readonly Literal[],
  path: ConfigPath,
): { processors: Mapping[]; problems: Problem[] } {
  const problems = list.flatMap((value, index): Problem[] => {
    const result = mappingSchema.safeParse(value)
    if (result.success) return []
    const at = [...path, index]
    const subject = `processor ${index + 1}`
    return problemsOfZod(result.error, { path: at, value, schema: mappingSchema, subject })
  })
  // One that is none keeps the places of the others.
  const none: Mapping = Object.create(null)
  return { processors: list.map((value) => (isMapping(value) ? value : none)), problems }
}

const mappingSchema = z.looseObject({})

const listKeys: readonly string[] = [
  'columns',
  'model_configs',
  'model_providers',
  'tool_configs',
  'mcp_providers',
  'processors',
  'plugins',
]

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

const optionalList = z.array(z.unknown()).nullable().optional()
const listSchemas: Readonly<Record<string, z.ZodType>> = {
  columns: z.object({ columns: z.array(z.unknown()) }),
}

/** The list at a key, empty where there is none; only `columns` is required. */
function listAt(root: Mapping, key: string, problems: Problem[]): readonly Literal[] {
  const value = root[key]
  if (isList(value)) return value
  const schema = listSchemas[key] ?? z.object({ [key]: optionalList })
  const result = schema.safeParse(root)
  // Lists are asked for more than once.
  const known = problems.some(({ path }) => path[0] === key)
  if (!result.success && !known) {
    problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  }
  return []
}

const largestSeed = 2n ** 64n - 1n

const seedSchema = z.object({ seed: runSeed().nullable().default(null) })
const rowsSchema = z.object({ rows: integer({ min: 0 }).nullable().default(null) })

function parseSeed(root: Mapping, problems: Problem[]): bigint | null {
  const result = seedSchema.safeParse(root)
  if (result.success) return result.data.seed
  problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  return null
}

function parseRows(root: Mapping, problems: Problem[]): number | null {
  const result = rowsSchema.safeParse(root)
  if (result.success) return result.data.rows
  problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  return null
}

/** All 64 bits, so it is not read as a number. */
function runSeed(): z.ZodType<bigint> {
  const expected = `a whole number from 0 to ${largestSeed}`
  return z.unknown().transform((input, context) => {
    const seed = wholeNumber(input)
    if (seed === undefined) return refuse(context, input, { code: 'wrong-type', expected })
    if (seed >= 0n && seed <= largestSeed) return seed
    return refuse(context, input, { code: 'out-of-range', expected })
  })
}

function wholeNumber(input: unknown): bigint | undefined {
  if (typeof input === 'bigint') return input
  if (typeof input === 'number' && Number.isInteger(input)) return BigInt(input)
  if (input instanceof Double) return BigInt(input.value)
  return typeof input === 'string' && /^\d+$/.test(input) ? BigInt(input) : undefined
}
