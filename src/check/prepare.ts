import { createHash } from 'node:crypto'
import { columnKinds } from '../columns/index.ts'
import type { DatasetConfig, SeedConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import type { RunConfig } from '../config/run-config.ts'
import { compile, type Compiled } from '../graph/compile.ts'
import type { CompileInput, SeedSchema } from '../graph/draft.ts'
import type { Graph } from '../graph/graph.ts'
import type { ColumnKind } from '../graph/kind.ts'
import { providers as providerKinds } from '../models/index.ts'
import type { Environment, ProviderKind } from '../models/provider.ts'
import { type ModelRegistry, openModels } from '../models/registry.ts'
import { processorKinds } from '../processors/index.ts'
import type { Clock } from '../util/clock.ts'
import {
  checkSeedUnchanged,
  describeSeed,
  type InspectedSeed,
  inspectSeed,
} from '../seeds/inspect-seed.ts'
import type { StoredSeedDescription } from '../seeds/normalise.ts'
import { selectRows } from '../seeds/selection.ts'
import { ConfigError, hasErrors } from './config-error.ts'
import type { CheckEvent } from './check-event.ts'
import { tellSeedProgress } from './seed-progress.ts'
import { withoutConsequences } from './consequences.ts'
import { soundPart } from './sound-part.ts'
import { tryRows } from './try-rows.ts'
import {
  type ConfigInput,
  type ConfigSource,
  modelsOf,
  readConfig,
  readDataset,
  readProviders,
  readRunConfig,
} from './sources.ts'

/** What a run is made from. */
export interface PrepareOptions {
  config: ConfigInput
  /** A file of providers, as the ancestor keeps it. */
  providersFile?: string | undefined
  /** A run config file, or its fields. */
  runConfig?: string | object | undefined
  environment: Environment
  clock: Clock
  /** Column kinds beside the built-in ones. */
  kinds?: readonly ColumnKind[] | undefined
  /** Provider kinds beside the built-in ones. */
  providerKinds?: readonly ProviderKind[] | undefined
  signal: AbortSignal
  /** Told how far reading a seed got. */
  onEvent?: ((event: CheckEvent) => void) | undefined
}

/** A config that was checked as a whole. */
export interface Prepared extends AsyncDisposable {
  source: ConfigSource
  config: DatasetConfig
  runConfig: RunConfig
  graph: Graph
  /** The seed's file; null without a seed, and when the run folder's copy stands in for it. */
  seed: InspectedSeed | null
  seedIdentity: string | null
  models: ModelRegistry
  warnings: readonly Problem[]
}

/** A config as far as it could be read, with everything that is wrong with it. */
export interface Checked {
  source: ConfigSource
  problems: readonly Problem[]
  /** Null when there are errors. */
  prepared: Prepared | null
}

/** Reads and checks everything a run needs; `storedSeed` stands in for a seed file that is gone. */
export async function check(
  options: PrepareOptions,
  storedSeed: StoredSeedDescription | null = null,
): Promise<Checked> {
  const source = await readConfig(options.config)
  const loaded = readDataset(source)
  const { runConfig, problems: runProblems } = await readRunConfig(options.runConfig)
  const provided = await readProviders(loaded.draft, options.providersFile)
  const problems: Problem[] = [...loaded.problems, ...runProblems, ...provided.problems]
  const { draft } = loaded
  if (draft === null) return { source, problems, prepared: null }

  await using opened = new AsyncDisposableStack()
  const seed = await lookAtSeed(draft, source, storedSeed, options)
  const input = compileInput(draft, seed.schema, options.kinds)
  const compiled = compile(input)
  const models = openModels({
    models: modelsOf(draft),
    providers: provided.providers,
    used: usedAliases(draft, compiled.graph),
    environment: options.environment,
    table: new Map([
      ...providerKinds,
      ...(options.providerKinds ?? []).map((kind) => [kind.type, kind] as const),
    ]),
    clock: options.clock,
  })
  const { registry } = models
  if (registry !== null) opened.defer(() => registry.close())
  const found = withoutConsequences([...compiled.problems, ...models.problems], {
    parts: loaded.unread,
    providers: [...loaded.brokenProviders, ...provided.broken],
    seed: seed.unread || loaded.unread.has('seed_config'),
    told: new Set(loaded.problems.map(({ code }) => code)),
  })
  const dry = await tryRows(soundPart(input, compiled, loaded.problems), {
    config: input.config,
    seed: seed.inspected,
    clock: options.clock,
    signal: options.signal,
  })
  problems.push(...withPositions([...seed.problems, ...found, ...dry], source.file, loaded.locate))
  const { graph } = compiled
  const { config } = loaded
  if (
    hasErrors(problems) ||
    config === null ||
    graph === null ||
    runConfig === null ||
    registry === null
  ) {
    return { source, problems, prepared: null }
  }
  const kept = opened.move()
  const prepared: Prepared = {
    source,
    config,
    runConfig,
    graph,
    seed: seed.inspected,
    seedIdentity: seed.content,
    models: registry,
    warnings: problems,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
  return { source, problems, prepared }
}

/** Compiles a dataset with the built-in column kinds and further ones. */
export function compileDataset(
  dataset: DatasetConfig,
  seed: SeedSchema | null,
  kinds: readonly ColumnKind[] = [],
): Compiled {
  return compile(compileInput(dataset, seed, kinds))
}

function compileInput(
  dataset: DatasetConfig,
  seed: SeedSchema | null,
  kinds: readonly ColumnKind[] = [],
): CompileInput {
  return {
    config: { ...dataset, model_configs: modelsOf(dataset) },
    registry: kindsByName(kinds),
    processors: processorKinds,
    seed,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  }
}

/** The column kinds a config may name. */
export function kindsByName(more: readonly ColumnKind[] = []): ReadonlyMap<string, ColumnKind> {
  return new Map([...columnKinds, ...more.map((kind) => [kind.type, kind] as const)])
}

/** Like `check`, for what can't go on without a sound config. */
export async function prepare(
  options: PrepareOptions,
  storedSeed: StoredSeedDescription | null = null,
): Promise<Prepared> {
  const { prepared, problems } = await check(options, storedSeed)
  if (prepared === null) throw new ConfigError(problems)
  return prepared
}

/** Aliases the columns use; read off the columns themselves while the graph has problems. */
function usedAliases({ columns }: DatasetConfig, graph: Graph | null): string[] {
  if (graph !== null)
    return [...new Set(graph.columns.flatMap(({ routes }) => routes.map(({ name }) => name)))]
  const named = columns.map(({ model_alias: alias }) => alias)
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

/** Looks at the seed a config names, to know its columns. */
export async function lookAtSeed(
  config: DatasetConfig,
  source: ConfigSource,
  stored: StoredSeedDescription | null,
  { signal, clock, onEvent }: Pick<PrepareOptions, 'signal' | 'clock' | 'onEvent'>,
): Promise<SeedLook> {
  if (config.seed_config === null) {
    return { schema: null, content: null, inspected: null, problems: [], unread: false }
  }
  const context = {
    workingDirectory: process.cwd(),
    configDirectory: source.directory,
    signal,
    onProgress: onEvent === undefined ? undefined : tellSeedProgress('reading', clock, onEvent),
  }
  if (stored !== null) {
    await checkSeedUnchanged(config.seed_config, stored, context)
    return lookAtStored(config.seed_config, stored)
  }
  const { inspected, problems } = await inspectSeed(config.seed_config, context)
  if (inspected !== null) {
    const { seed, selection } = inspected
    const schema = describeSeed(seed, config.seed_config.sampling_strategy, selection)
    return { schema, content: seed.identity, inspected, problems, unread: false }
  }
  return { schema: null, content: null, inspected: null, problems, unread: true }
}

/** The run folder has the rows: the file they came from is not read again, and may be gone. */
export function lookAtStored(
  { sampling_strategy: strategy, selection_strategy: selected }: SeedConfig,
  stored: StoredSeedDescription,
): SeedLook {
  const selection = selectRows(selected, stored.size)
  const base = { content: stored.identity, inspected: null, unread: false }
  return 'size' in selection
    ? { ...base, schema: describeSeed(stored, strategy, selection), problems: [] }
    : { ...base, schema: null, problems: [selection] }
}
