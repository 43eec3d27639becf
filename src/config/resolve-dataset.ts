import { builtInModels } from './built-in-models.ts'
import type {
  DatasetConfig,
  McpProvider,
  ModelConfig,
  ModelProvider,
  RawColumn,
  SeedConfig,
  ToolConfig,
} from './dataset.ts'
import { mergedBody } from './model-pool.ts'
import { builtInProviders } from './model-providers.ts'

/** A dataset config with its defaults applied: what checks, runs and reports go by. */
export interface ResolvedDataset {
  readonly columns: readonly RawColumn[]
  /** The built-in aliases where the config has none of its own. */
  readonly models: readonly ModelConfig[]
  /** Those of the config, then further ones, then the built-in ones; of one name the first. */
  readonly providers: readonly ModelProvider[]
  /** Those of the config, then further ones with other aliases. */
  readonly toolConfigs: readonly ToolConfig[]
  /** Those of the config, then further ones; of one name the first. */
  readonly mcpProviders: readonly McpProvider[]
  readonly constraints: DatasetConfig['constraints']
  readonly processors: DatasetConfig['processors']
  readonly profilers: DatasetConfig['profilers']
  readonly agreement: DatasetConfig['agreement']
  readonly seedConfig: SeedConfig | null
  readonly seed: bigint | null
  readonly rows: number | null
  readonly select: DatasetConfig['select']
  readonly prices: DatasetConfig['prices']
}

/** Entries of files, behind those of the config. */
interface FurtherEntries {
  providers?: readonly ModelProvider[]
  models?: readonly ModelConfig[]
  mcp?: readonly McpProvider[]
  tools?: readonly ToolConfig[]
}

/** Applies the defaults of a config. */
export function resolveDataset(
  config: DatasetConfig,
  further: FurtherEntries = {},
): ResolvedDataset {
  return {
    columns: config.columns,
    models: modelsOf(config.model_configs, further.models ?? []),
    providers: merged(config.model_providers, [...(further.providers ?? []), ...builtInProviders]),
    toolConfigs: [...config.tool_configs, ...otherTools(config.tool_configs, further.tools ?? [])],
    mcpProviders: merged(config.mcp_providers, further.mcp ?? []),
    constraints: config.constraints,
    processors: config.processors,
    profilers: config.profilers,
    agreement: config.agreement,
    seedConfig: config.seed_config,
    seed: config.seed,
    rows: config.rows,
    select: config.select,
    prices: config.prices,
  }
}

/** Those of the config, then those of a file with other aliases; the known ones where there are none. */
function modelsOf(
  own: readonly ModelConfig[],
  further: readonly ModelConfig[],
): readonly ModelConfig[] {
  if (own.length + further.length === 0) return builtInModels
  return [...own, ...further.filter(({ alias }) => !own.some((one) => one.alias === alias))]
}

function merged<Provider extends { name: string }>(
  own: readonly Provider[],
  further: readonly Provider[],
): readonly Provider[] {
  const providers = [...own]
  for (const provider of further) {
    if (!providers.some(({ name }) => name === provider.name)) providers.push(provider)
  }
  return providers
}

function otherTools(own: readonly ToolConfig[], further: readonly ToolConfig[]): ToolConfig[] {
  return further.filter(({ tool_alias: alias }) => !own.some((one) => one.tool_alias === alias))
}

/** The tools an alias stands for; of two with one alias the later one, as in NeMo Data Designer. */
export function toolConfigOf(
  { toolConfigs }: Pick<ResolvedDataset, 'toolConfigs'>,
  alias: string,
): ToolConfig | undefined {
  return toolConfigs.findLast((config) => config.tool_alias === alias)
}

/** The model an alias stands for; of two with one alias the later one, as in NeMo Data Designer. */
export function modelOf(
  { models }: Pick<ResolvedDataset, 'models'>,
  alias: string,
): ModelConfig | undefined {
  return models.findLast((model) => model.alias === alias)
}

/** What every request of a model has in addition to its own fields: the alias's, the provider's over them. */
export function extraBodyOf(
  { inference_parameters: { extra_body: own } }: ModelConfig,
  provider: Pick<ModelProvider, 'extra_body'> | undefined,
): Record<string, unknown> | null {
  return mergedBody(own, provider?.extra_body ?? null)
}

/** A model as it is without its provider available: with the provider's `extra_body` in its own. */
export function selfContained(
  { providers }: Pick<ResolvedDataset, 'providers'>,
  model: ModelConfig,
): ModelConfig {
  const bodyAt = (name: string): Record<string, unknown> | null =>
    providers.findLast((provider) => provider.name === name)?.extra_body ?? null
  if (model.pool !== undefined) {
    const pool = model.pool.map((choice) => ({
      ...choice,
      extra_body: mergedBody(choice.extra_body, bodyAt(choice.provider)),
    }))
    return { ...model, pool }
  }
  const parameters = model.inference_parameters
  const extraBody = mergedBody(parameters.extra_body, bodyAt(model.provider))
  if (extraBody === parameters.extra_body) return model
  return { ...model, inference_parameters: { ...parameters, extra_body: extraBody } }
}
