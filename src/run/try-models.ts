import { isUnsetKey, type ValidateOptions } from '../check/validate.ts'
import { type Asks, check } from '../check/prepare.ts'
import { builtInModels } from '../config/built-in-models.ts'
import type { ModelConfig, ModelProvider } from '../config/dataset.ts'
import { choicesOf } from '../config/model-pool.ts'
import { builtInProviders, withEachKey } from '../config/model-providers.ts'
import type { Problem } from '../config/problem.ts'
import { builtInRegistry } from '../plugins/kind-registry.ts'
import { openModels, type OpenModelsOptions } from '../models/registry.ts'
import { openTools, type OpenToolsOptions } from '../tools/open-tools.ts'
import { systemClock } from '../util/clock.ts'

/** What asking one model, or one alias of tools, amounted to. */
interface Answer {
  alias: string
  /** Whether it answered. */
  ok: boolean
  /** What is wrong and what to do; null when nothing is. */
  error: { code: string; message: string } | null
}

export interface ModelAnswer extends Answer {
  model: string
  provider: string
  /** The address; the provider's name for what runs in the process; null where it is not known. */
  endpoint: string | null
  /** The variable that the key is read from, and whether it is set; null for none. */
  key: { variable: string; set: boolean } | null
  seconds: number
}

export interface ToolAnswer extends Answer {
  servers: { name: string; tools: number }[]
}

export interface ModelsCheck {
  /** Whether all of them answered. */
  ok: boolean
  models: ModelAnswer[]
  tools: ToolAnswer[]
  /** What is wrong with the config in addition to keys that are not set; then nothing is asked. */
  problems: readonly Problem[]
}

export interface TryModelsOptions extends Omit<
  ValidateOptions,
  'config' | 'requireKeys' | 'runConfig'
> {
  /** The known providers whose key is set by default. */
  config?: ValidateOptions['config'] | undefined
  signal?: AbortSignal
  onModel?: (answer: ModelAnswer) => void
}

/** Asks every model and every server of tools that a config uses, each by itself. */
export async function tryModels({
  config,
  environment = process.env,
  clock = systemClock,
  signal = new AbortController().signal,
  onModel = () => undefined,
  ...options
}: TryModelsOptions): Promise<ModelsCheck> {
  const { asks, problems } =
    config === undefined
      ? { asks: { models: knownModels(environment), tools: null }, problems: [] }
      : await asksOf({ ...options, config, environment, clock, signal })
  if (asks === null || problems.length > 0) return { ok: false, models: [], tools: [], problems }
  const [models, tools] = await Promise.all([
    Promise.all(
      asks.models.used
        .flatMap((alias) => placesOf(alias, asks.models))
        .map(async (place) => {
          const answer = await tryModel(place, { ...asks.models, clock }, signal)
          onModel(answer)
          return answer
        }),
    ),
    Promise.all((asks.tools?.used ?? []).map((alias) => tryTools(alias, asks.tools, signal))),
  ])
  return { ok: [...models, ...tools].every(({ ok }) => ok), models, tools, problems }
}

async function asksOf(
  options: Parameters<typeof check>[0],
): Promise<{ asks: Asks | null; problems: readonly Problem[] }> {
  const { prepared, asks, problems } = await check(options)
  // Each alias is opened again by itself: a key that one lacks says nothing of the others.
  await prepared?.[Symbol.asyncDispose]()
  return { asks, problems: problems.filter(isMistake) }
}

function isMistake(problem: Problem): boolean {
  return problem.level === 'error' && !isUnsetKey(problem)
}

/** The model for texts of each known provider whose key is set. */
function knownModels(environment: Readonly<Record<string, string | undefined>>): OpenModelsOptions {
  const set = builtInProviders.filter(({ api_key: key }) => (environment[key ?? ''] ?? '') !== '')
  return {
    models: builtInModels,
    providers: builtInProviders,
    used: set.map(({ name }) => `${name}-text`),
    environment,
    table: builtInRegistry.providers,
  }
}

/** A model of a pool, or of none, at a provider with one key; null for a provider that is not there. */
interface Place {
  model: ModelConfig
  provider: ModelProvider | null
}

function placesOf(alias: string, { models, providers }: OpenModelsOptions): Place[] {
  const model = models.findLast((one) => one.alias === alias)
  return (model === undefined ? [] : choicesOf(model)).flatMap((choice): Place[] => {
    const provider = providers.findLast(({ name }) => name === choice.model.provider)
    if (provider === undefined) return [{ model: choice.model, provider: null }]
    return withEachKey(provider).map((one) => ({ model: choice.model, provider: one }))
  })
}

async function tryModel(
  { model, provider }: Place,
  options: OpenModelsOptions & { clock: NonNullable<OpenModelsOptions['clock']> },
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const { clock, environment } = options
  const { alias } = model
  const variable = provider?.api_key ?? ''
  const about = {
    alias,
    model: model.model,
    provider: model.provider,
    endpoint: null,
    key: variable === '' ? null : { variable, set: (environment[variable] ?? '') !== '' },
  }
  const began = clock.now()
  const { registry, problems } = openModels({
    ...options,
    // Whoever asks for an answer wants one.
    models: [{ ...model, skip_health_check: false }],
    providers: options.providers.map((one) => (one.name === provider?.name ? provider : one)),
    environment: { ...environment, ROWSMITH_SKIP_MODEL_HEALTH_CHECKS: undefined },
    used: [alias],
  })
  if (registry === null) {
    return { ...about, ok: false, error: errorOf(problems), seconds: 0 }
  }
  try {
    const endpoint = registry.targets(alias)[0]?.endpoint ?? null
    const [result] = await registry.check([alias], signal)
    const error = result?.error ?? null
    return { ...about, endpoint, ok: error === null, error, seconds: (clock.now() - began) / 1000 }
  } finally {
    await registry.close()
  }
}

async function tryTools(
  alias: string,
  options: OpenToolsOptions | null,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const servers: ToolAnswer['servers'] = []
  const { registry, problems } =
    options === null ? { registry: null, problems: [] } : openTools({ ...options, used: [alias] })
  if (registry === null) return { alias, ok: false, error: errorOf(problems), servers }
  try {
    const faults = await registry.check(signal, (name, tools) => servers.push({ name, tools }))
    const message = faults.map((fault) => fault.message).join('; ')
    const error = faults.length === 0 ? null : { code: 'tools-unavailable', message }
    return { alias, ok: error === null, error, servers }
  } finally {
    await registry.close()
  }
}

function errorOf(problems: readonly Problem[]): { code: string; message: string } {
  const errors = problems.filter(({ level }) => level === 'error')
  return {
    code: errors[0]?.code ?? 'internal',
    message: errors
      .map(({ message, suggestion }) => [message, suggestion].filter(Boolean).join(' '))
      .join('; '),
  }
}
