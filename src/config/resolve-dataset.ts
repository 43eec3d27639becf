import { builtInModels } from './built-in-models.ts'
import type { DatasetConfig, ModelConfig, ModelProvider, RawColumn, SeedConfig } from './dataset.ts'
import { entriesOf, isMapping, mappingOf } from './literal.ts'
import { builtInProviders } from './model-providers.ts'

/** A dataset config with its defaults applied: what checks, runs and reports go by. */
export interface ResolvedDataset {
  readonly columns: readonly RawColumn[]
  /** The built-in aliases where the config has none of its own. */
  readonly models: readonly ModelConfig[]
  /** Those of the config, then further ones, then the built-in ones; of one name the first. */
  readonly providers: readonly ModelProvider[]
  readonly processors: DatasetConfig['processors']
  readonly profilers: DatasetConfig['profilers']
  readonly agreement: DatasetConfig['agreement']
  readonly seedConfig: SeedConfig | null
  readonly seed: bigint | null
  readonly rows: number | null
}

/** Applies the defaults of a config; `furtherProviders` are those of a provider file. */
export function resolveDataset(
  config: DatasetConfig,
  furtherProviders: readonly ModelProvider[] = [],
): ResolvedDataset {
  return {
    columns: config.columns,
    models: config.model_configs.length > 0 ? config.model_configs : builtInModels,
    providers: mergeProviders(config.model_providers, furtherProviders),
    processors: config.processors,
    profilers: config.profilers,
    agreement: config.agreement,
    seedConfig: config.seed_config,
    seed: config.seed,
    rows: config.rows,
  }
}

function mergeProviders(
  own: readonly ModelProvider[],
  further: readonly ModelProvider[],
): readonly ModelProvider[] {
  const providers = [...own]
  for (const provider of [...further, ...builtInProviders]) {
    if (!providers.some(({ name }) => name === provider.name)) providers.push(provider)
  }
  return providers
}

/** The model an alias stands for; of two with one alias the later one, as in the ancestor. */
export function modelOf(
  { models }: Pick<ResolvedDataset, 'models'>,
  alias: string,
): ModelConfig | undefined {
  return models.findLast((model) => model.alias === alias)
}

/** What every request of a model has beside its own fields: the alias's, the provider's over them. */
export function extraBodyOf(
  { inference_parameters: { extra_body: own } }: ModelConfig,
  provider: Pick<ModelProvider, 'extra_body'> | undefined,
): Record<string, unknown> | null {
  const over = provider?.extra_body ?? null
  if (own === null || over === null) return over ?? own
  const entries = [own, over].flatMap((body) => (isMapping(body) ? entriesOf(body) : []))
  return mappingOf(new Map(entries))
}

/** A model as it is without its provider at hand: with the provider's `extra_body` in its own. */
export function selfContained(
  { providers }: Pick<ResolvedDataset, 'providers'>,
  model: ModelConfig,
): ModelConfig {
  const provider = providers.findLast(({ name }) => name === model.provider)
  const extraBody = extraBodyOf(model, provider)
  const parameters = model.inference_parameters
  if (extraBody === parameters.extra_body) return model
  return { ...model, inference_parameters: { ...parameters, extra_body: extraBody } }
}
