import { batchProblems } from './batch-problems.ts'
import { createHash } from 'node:crypto'
import type { DatasetConfig, SeedConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import { sampleSize } from '../config/report-parts.ts'
import { resolveDataset, type ResolvedDataset } from '../config/resolve-dataset.ts'
import type { RunConfig } from '../config/run-config.ts'
import { compile, type Compiled } from '../graph/compile.ts'
import type { CompileInput, SeedSchema } from '../graph/draft.ts'
import type { Graph } from '../graph/graph.ts'
import type { LoadContext } from '../graph/kind.ts'
import type { Environment } from '../models/provider.ts'
import { type ModelRegistry, openModels, type OpenModelsOptions } from '../models/registry.ts'
import { asModel, serviceProvider } from '../models/service.ts'
import { gatherPlugins, type GivenPlugin } from '../plugins/gather-plugins.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import type { Clock } from '../util/clock.ts'
import {
  describeSeed,
  type InspectedSeed,
  inspectSeed,
  isSeedUnchanged,
} from '../seeds/inspect-seed.ts'
import type { StoredSeedDescription } from '../seeds/normalise.ts'
import { selectRows } from '../seeds/selection.ts'
import type { StoredPlugin } from '../store/run-settings.ts'
import { openTools, type OpenToolsOptions, type ToolRegistry } from '../tools/open-tools.ts'
import { ConfigError, hasErrors } from './config-error.ts'
import type { CheckEvent } from './check-event.ts'
import { tellSeedProgress } from './seed-progress.ts'
import { withoutConsequences } from './consequences.ts'
import { keptFingerprints } from './kept-columns.ts'
import { loadColumns } from './load-columns.ts'
import type { StoredInputs } from './run-place.ts'
import { soundPart } from './sound-part.ts'
import { tryRows } from './try-rows.ts'
import {
  type ConfigInput,
  type ConfigSource,
  readConfig,
  readMcpFile,
  readModelFile,
  readToolFile,
  readDataset,
  readProviderFile,
  readRunConfig,
} from './sources.ts'

/** What a run is made from. */
export interface PrepareOptions {
  config: ConfigInput
  /** A file of providers, as NeMo Data Designer keeps it. */
  providersFile?: string | undefined
  /** A file of MCP providers, as NeMo Data Designer keeps it. */
  mcpProvidersFile?: string | undefined
  toolConfigsFile?: string | undefined
  modelConfigsFile?: string | undefined
  /** A run config file, or its fields. */
  runConfig?: string | object | undefined
  environment: Environment
  clock: Clock
  /** Nothing is sent to a model, so no key is needed. */
  withoutKeys?: boolean | undefined
  /** Kinds in addition to the built-in ones. */
  plugins?: readonly GivenPlugin[] | undefined
  /** Columns of a stored run whose cells are used as they are, whatever changed in their config. */
  keep?: readonly string[] | undefined
  signal: AbortSignal
  /** Called with the progress of reading a seed. */
  onEvent?: ((event: CheckEvent) => void) | undefined
}

/** A config that was checked as a whole. */
export interface Prepared extends AsyncDisposable {
  source: ConfigSource
  /** As it is written. */
  config: DatasetConfig
  dataset: ResolvedDataset
  registry: Registry
  /** The plugins of the registry, as a run folder remembers them. */
  plugins: readonly StoredPlugin[]
  runConfig: RunConfig
  graph: Graph
  /** The seed's file; null without a seed, and when the run folder's copy stands in for it. */
  seed: InspectedSeed | null
  seedIdentity: string | null
  models: ModelRegistry
  tools: ToolRegistry
  warnings: readonly Problem[]
}

/** A config as far as it could be read, with everything that is wrong with it. */
export interface Checked {
  source: ConfigSource
  problems: readonly Problem[]
  /** Null when there are errors. */
  prepared: Prepared | null
  /** What its columns ask, also where a key is missing; null where the config can't be read. */
  asks: Asks | null
}

/** Models and tools that the columns of a config use, as they are opened. */
export interface Asks {
  models: OpenModelsOptions
  tools: OpenToolsOptions
}

const nothingStored: StoredInputs = {
  seed: null,
  seedPin: null,
  plugins: [],
  columns: [],
  kept: [],
}

/** Reads and checks everything a run needs; a stored seed stands in for a file that is missing. */
export async function check(
  options: PrepareOptions,
  stored: StoredInputs = nothingStored,
): Promise<Checked> {
  const source = await readConfig(options.config)
  const loaded = readDataset(source)
  const { runConfig, problems: runProblems } = await readRunConfig(options.runConfig)
  const provided = await readProviderFile(options.providersFile)
  const mcp = await readMcpFile(options.mcpProvidersFile)
  const toolFile = await readToolFile(options.toolConfigsFile)
  const modelFile = await readModelFile(options.modelConfigsFile)
  const problems: Problem[] = [
    ...loaded.problems,
    ...runProblems,
    ...provided.problems,
    ...mcp.problems,
    ...toolFile.problems,
    ...modelFile.problems,
  ]
  const { draft } = loaded
  if (draft === null) return { source, problems, prepared: null, asks: null }

  await using opened = new AsyncDisposableStack()
  const {
    registry,
    used: plugins,
    problems: pluginProblems,
  } = await gatherPlugins({
    given: options.plugins,
    config: { names: draft.plugins, directory: source.directory },
    stored: stored.plugins,
  })
  const dataset = resolveDataset(draft, {
    providers: provided.providers,
    models: modelFile.models,
    mcp: mcp.providers,
    tools: toolFile.configs,
  })
  const seed = await lookAtSeed(dataset.seedConfig, registry, {
    ...options,
    source,
    stored: stored.seed,
    pin: stored.seedPin,
  })
  opened.defer(() => seed.inspected?.seed.close?.())
  const { loaded: ownLoaded, problems: loadProblems } = await loadColumns(
    dataset.columns,
    registry,
    loadContext(source, options),
  )
  const input = compileInput(dataset, {
    seed: seed.schema,
    registry,
    loaded: ownLoaded,
    standsFor: keptFingerprints(stored, options.keep),
  })
  const compiled = compile(input)
  const services = compiled.graph?.columns.flatMap(({ routes }) => routes.flatMap(asModel)) ?? []
  const askedModels: OpenModelsOptions = {
    models: [...dataset.models, ...services.map(([model]) => model)],
    providers: [...dataset.providers, ...services.map(([, provider]) => provider)],
    used: usedAliases(dataset, compiled.graph),
    environment: options.environment,
    table: new Map([...registry.providers, [serviceProvider.type, serviceProvider]]),
    clock: options.clock,
    directory: source.directory ?? process.cwd(),
    withoutKeys: options.withoutKeys ?? false,
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  }
  const opening = openModels(askedModels)
  const { registry: models } = opening
  if (models !== null) opened.defer(() => models.close())
  const askedTools: OpenToolsOptions = {
    dataset,
    used: usedTools(dataset, compiled.graph),
    environment: options.environment,
    directory: source.directory ?? process.cwd(),
  }
  const toolOpening = openTools(askedTools)
  const { registry: tools } = toolOpening
  if (tools !== null) opened.defer(() => tools.close())
  const unread = {
    parts: new Set([
      ...loaded.unread,
      ...(toolFile.unread ? (['tool_configs'] as const) : []),
      ...(modelFile.unread ? (['model_configs'] as const) : []),
    ]),
    providers: [...loaded.brokenProviders, ...provided.broken],
    servers: [...loaded.brokenServers, ...mcp.broken],
    seed: seed.unread || loaded.unread.has('seed_config'),
    plugins: pluginProblems.length > 0 || loaded.unread.has('plugins'),
  }
  // Providers of a file stand behind those of the config.
  const placed = (problem: Problem): Problem => {
    const [list, index = 0] = problem.path
    const isTheirs = list === 'model_providers' && Number(index) >= draft.model_providers.length
    return isTheirs ? provided.place(problem, dataset.providers[Number(index)]?.name) : problem
  }
  const seedProblems = withoutConsequences(seed.problems, unread)
  const found = withoutConsequences(
    [
      ...compiled.problems,
      ...opening.problems.map(placed),
      ...toolOpening.problems,
      ...(compiled.graph === null ? [] : batchProblems(dataset, compiled.graph)),
    ],
    unread,
  )
  const dry = await tryRows(soundPart(input, compiled, loaded.problems), {
    dataset,
    seed: seed.inspected,
    directory: source.directory,
    clock: options.clock,
    signal: options.signal,
  })
  const later = [...pluginProblems, ...seedProblems, ...loadProblems, ...found, ...dry]
  problems.push(...withPositions(later, source.file, loaded.locate))
  const asks = { models: askedModels, tools: askedTools }
  const { graph } = compiled
  const { config } = loaded
  if (
    hasErrors(problems) ||
    config === null ||
    graph === null ||
    runConfig === null ||
    models === null ||
    tools === null
  ) {
    return { source, problems, prepared: null, asks }
  }
  const kept = opened.move()
  const prepared: Prepared = {
    source,
    config,
    dataset,
    registry,
    plugins,
    runConfig,
    graph,
    seed: seed.inspected,
    seedIdentity: seed.content,
    models,
    tools,
    warnings: problems,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
  return { source, problems, prepared, asks }
}

export interface CompileOptions extends Pick<CompileInput, 'standsFor'> {
  seed: SeedSchema | null
  registry: Registry
  source: Pick<ConfigSource, 'directory'> & Partial<Pick<ConfigSource, 'functions'>>
  signal: AbortSignal
  environment?: Environment
}

export interface CompiledDataset extends Compiled {
  /** Those of the problems that are about what could not be loaded. */
  unloaded: readonly Problem[]
}

/** Compiles a dataset with the kinds there are, after these have loaded what they need. */
export async function compileDataset(
  dataset: ResolvedDataset,
  { source, signal, environment = process.env, ...parts }: CompileOptions,
): Promise<CompiledDataset> {
  const context = loadContext(source, { signal, environment })
  const { loaded, problems } = await loadColumns(dataset.columns, parts.registry, context)
  const compiled = compile(compileInput(dataset, { ...parts, loaded }))
  return { ...compiled, problems: [...problems, ...compiled.problems], unloaded: problems }
}

function loadContext(
  { directory, functions = new Map() }: CompileOptions['source'],
  {
    signal,
    environment,
    clock,
    onEvent,
  }: Pick<PrepareOptions, 'signal' | 'environment' | 'onEvent'> & { clock?: Clock },
): LoadContext {
  return {
    directory: directory ?? process.cwd(),
    functions,
    environment,
    signal,
    onProgress:
      onEvent === undefined || clock === undefined
        ? undefined
        : tellSeedProgress('reading', clock, onEvent),
  }
}

function compileInput(
  dataset: ResolvedDataset,
  parts: Omit<CompileInput, 'dataset' | 'hash'>,
): CompileInput {
  return {
    dataset,
    ...parts,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  }
}

/** Like `check`, for what can't continue without a sound config. */
export async function prepare(
  options: PrepareOptions,
  stored: StoredInputs = nothingStored,
): Promise<Prepared> {
  const { prepared, problems } = await check(options, stored)
  if (prepared === null) throw new ConfigError(problems)
  return prepared
}

/** Aliases of the models, and names of the services, that the cells of a graph ask. */
export function routesOf({ columns }: Pick<Graph, 'columns'>): string[] {
  const asked = columns.flatMap(({ routes }) =>
    routes.filter(({ operation }) => operation !== 'call'),
  )
  return [...new Set(asked.map(({ name }) => name))]
}

/** Aliases the columns and the report use; read off the columns themselves while the graph has problems. */
function usedAliases({ columns, profilers }: ResolvedDataset, graph: Graph | null): string[] {
  if (graph !== null) {
    const beside = profilers.filter((profiler) => sampleSize(profiler) > 0)
    return [...new Set([...routesOf(graph), ...beside.map((one) => one.model_alias)])]
  }
  const named = columns.map(({ model_alias: alias }) => alias)
  return [...new Set(named.filter((alias) => typeof alias === 'string'))]
}

/** The same of tool aliases. */
function usedTools({ columns }: ResolvedDataset, graph: Graph | null): string[] {
  const named =
    graph === null
      ? columns.map(({ tool_alias: alias }) => alias)
      : graph.columns.flatMap(({ tools }) => tools)
  return [...new Set(named.filter((alias) => typeof alias === 'string'))]
}

export interface SeedLook {
  schema: SeedSchema | null
  /** Identity of the content alone. */
  content: string | null
  inspected: InspectedSeed | null
  problems: readonly Problem[]
  /** There is a seed, but its columns are not known. */
  unread: boolean
}

export interface SeedLookOptions extends Pick<
  PrepareOptions,
  'signal' | 'clock' | 'onEvent' | 'environment'
> {
  source: ConfigSource
  /** What a run folder has of it. */
  stored: StoredSeedDescription | null
  pin?: string | null
}

/** Looks at the seed a config names, to know its columns. */
export async function lookAtSeed(
  config: SeedConfig | null,
  { seedSources }: Registry,
  { source, stored, pin = null, signal, clock, onEvent, environment }: SeedLookOptions,
): Promise<SeedLook> {
  if (config === null) {
    return { schema: null, content: null, inspected: null, problems: [], unread: false }
  }
  const context = {
    workingDirectory: process.cwd(),
    configDirectory: source.directory,
    environment,
    given: source.functions,
    pin: pin ?? undefined,
    signal,
    onProgress: onEvent === undefined ? undefined : tellSeedProgress('reading', clock, onEvent),
  }
  if (stored !== null && (await isSeedUnchanged(config, stored, context, seedSources))) {
    return lookAtStored(config, stored)
  }
  // What finds the content of before again is of no use for another one.
  const fresh = stored === null ? context : { ...context, pin: undefined }
  const { inspected, problems } = await inspectSeed(config, fresh, seedSources)
  if (inspected !== null) {
    const { seed, selection } = inspected
    const schema = describeSeed(seed, config, selection)
    return { schema, content: seed.identity, inspected, problems, unread: false }
  }
  return { schema: null, content: null, inspected: null, problems, unread: true }
}

/** The run folder has the rows: their file is not read again, and may be gone. */
export function lookAtStored(config: SeedConfig, stored: StoredSeedDescription): SeedLook {
  const selection = selectRows(config.selection_strategy, stored.size)
  const base = { content: stored.identity, inspected: null, unread: false }
  return 'size' in selection
    ? { ...base, schema: describeSeed(stored, config, selection), problems: [] }
    : { ...base, schema: null, problems: [selection] }
}
