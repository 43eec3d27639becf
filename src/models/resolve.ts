import type { ModelConfig, ModelProvider } from '../config/dataset.ts'
import { choicesOf } from '../config/model-pool.ts'
import { withEachKey } from '../config/model-providers.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { operationOf } from '../graph/generation-operation.ts'
import type { Operation } from '../graph/request.ts'
import { nearest } from '../util/near-miss.ts'
import { shownAddress } from './classify.ts'
import { outputModesOf, type ProviderKind } from './provider.ts'
import { providerKind } from './provider-kinds.ts'

/** What a run has to choose its models from. */
export interface ModelsConfig {
  models: readonly ModelConfig[]
  providers: readonly ModelProvider[]
  /** Aliases the run needs; others are not opened and their keys need not be set. */
  used: readonly string[]
  table: ReadonlyMap<string, ProviderKind>
}

/** A place where the requests of an alias may go: a model of a provider, with one of its keys. */
export interface Resolved {
  /** Without a pool. */
  model: ModelConfig
  /** With one key at most. */
  provider: ModelProvider
  /** Position in the pool of the alias; 0 without one. */
  position: number
  weight: number
}

/** Finds the models and the providers of every used alias, and what is wrong with either. */
export function resolveAliases(config: ModelsConfig): {
  resolved: Map<string, Resolved[]>
  problems: Problem[]
} {
  const { models, providers, used, table } = config
  const resolved = new Map<string, Resolved[]>()
  const needed = new Map<ModelProvider, ModelProvider[]>()
  const problems: Problem[] = []
  for (const alias of new Set(used)) {
    // As in NeMo Data Designer, the last of equal aliases counts.
    const index = models.findLastIndex((model) => model.alias === alias)
    const model = models[index]
    // The graph says it of the column that uses the alias, with its place.
    if (model === undefined) continue
    problems.push(...streamProblems(model, index))
    const places: Resolved[] = []
    const kinds = new Set<ProviderKind | undefined>()
    for (const [position, choice] of choicesOf(model).entries()) {
      const { model: chosen, weight } = choice
      // What stands in for a model that can't be read has none.
      if (chosen.provider === '') continue
      const provider = providers.findLast(({ name }) => name === chosen.provider)
      if (provider === undefined) {
        problems.push(unknownProvider(chosen.provider, { model, index, position, providers }))
        continue
      }
      const keyed = needed.get(provider) ?? withEachKey(provider)
      needed.set(provider, keyed)
      for (const one of keyed) places.push({ model: chosen, provider: one, position, weight })
      const kind = providerKind(provider.provider_type, table)
      problems.push(...operationProblems(chosen, provider.name, { index, kind }))
      if (!kinds.has(kind)) {
        problems.push(...modeProblems(chosen, index, kind), ...batchProblem(chosen, index, kind))
      }
      kinds.add(kind)
    }
    if (places.length > 0) resolved.set(alias, places)
  }
  for (const provider of needed.keys()) problems.push(...providerProblems(provider, config))
  return { resolved, problems }
}

function unknown(
  what: string,
  word: string,
  known: readonly string[],
  path: ConfigPath,
): Omit<Problem, 'code'> {
  const near = nearest(word, known)
  const list = known.length === 0 ? `no ${what} is configured` : known.join(', ')
  return {
    level: 'error',
    path,
    message: `there is no ${what} "${word}".`,
    expected: known.length === 0 ? list : `one of: ${list}`,
    received: word,
    ...(near === undefined ? {} : { suggestion: `Did you mean "${near}"?` }),
  }
}

function unknownProvider(
  name: string,
  {
    model: { alias, pool },
    index,
    position,
    providers,
  }: {
    model: ModelConfig
    index: number
    position: number
    providers: readonly ModelProvider[]
  },
): Problem {
  const path = ['model_configs', index, ...(pool === undefined ? [] : ['pool', position])]
  const names = providers.map((provider) => provider.name)
  const found = unknown('provider', name, names, [...path, 'provider'])
  return { ...found, code: 'unknown-provider', message: `Model "${alias}": ${found.message}` }
}

function streamProblems(
  { alias, inference_parameters: { extra_body: body }, pool = [] }: ModelConfig,
  index: number,
): Problem[] {
  const path = ['model_configs', index]
  const places = [
    { body, at: [...path, 'inference_parameters'] },
    ...pool.map((choice, position) => ({
      body: choice.extra_body,
      at: [...path, 'pool', position],
    })),
  ]
  return places
    .filter((place) => place.body?.['stream'] === true)
    .map(({ at }) => streamProblem(`Model "${alias}"`, [...at, 'extra_body', 'stream']))
}

/** What the provider's models can't do is found before anything is paid for. */
function operationProblems(
  { alias, inference_parameters: { generation_type: type } }: ModelConfig,
  provider: string,
  { index, kind }: { index: number; kind: ProviderKind | undefined },
): Problem[] {
  const operations = kind?.operations
  if (operations === undefined || operations.includes(operationOf[type])) return []
  const can = operations.map((operation) => typesOf[operation])
  return [
    {
      level: 'error',
      code: 'operation-unsupported',
      path: ['model_configs', index, 'inference_parameters', 'generation_type'],
      message: `Model "${alias}": provider "${provider}" has no models for "${type}".`,
      expected: can.join(' or '),
      received: type,
      suggestion: 'Use a model of another provider.',
    },
  ]
}

const typesOf: Readonly<Record<Operation, string>> = {
  chat: 'chat-completion',
  embed: 'embedding',
  image: 'image',
  validate: 'validation',
  call: 'tools',
}

function modeProblems(
  { alias, inference_parameters: { output_mode: mode } }: ModelConfig,
  index: number,
  kind: ProviderKind | undefined,
): Problem[] {
  if (mode === undefined || mode === null || mode === 'prompt' || kind === undefined) return []
  const modes = outputModesOf(kind)
  if (modes.includes(mode)) return []
  return [
    {
      level: 'error',
      code: 'unsupported',
      path: ['model_configs', index, 'inference_parameters', 'output_mode'],
      message: `Model "${alias}": providers of type ${kind.type} can't hold a model to JSON that way.`,
      expected: `one of: ${[...modes, 'prompt'].join(', ')}`,
      received: mode,
      suggestion: 'Omit output_mode: rowsmith finds the best mode.',
    },
  ]
}

function batchProblem(
  { alias, mode }: ModelConfig,
  index: number,
  kind: ProviderKind | undefined,
): Problem[] {
  if (mode !== 'batch' || kind === undefined || kind.hasBatches === true) return []
  return [
    {
      level: 'error',
      code: 'unsupported',
      path: ['model_configs', index, 'mode'],
      message: `Model "${alias}" can't have mode: batch: providers of type ${kind.type} take no batches.`,
      suggestion: 'Leave mode out, or use a provider of type openai or anthropic.',
    },
  ]
}

function providerProblems(provider: ModelProvider, config: ModelsConfig): Problem[] {
  const { providers, table } = config
  const path = ['model_providers', providers.indexOf(provider)]
  const problems: Problem[] = []
  const kind = providerKind(provider.provider_type, table)
  if (kind === undefined) {
    const found = unknown(
      'provider type',
      provider.provider_type,
      [...table.keys()],
      [...path, 'provider_type'],
    )
    problems.push({
      ...found,
      code: 'unknown-provider-type',
      message: `Provider "${provider.name}": ${found.message}`,
      suggestion:
        found.suggestion ?? 'A package of the AI SDK is named with its scope: @ai-sdk/google.',
    })
  }
  problems.push(...endpointProblems(provider, config))
  if (provider.extra_body?.['stream'] === true) {
    problems.push(streamProblem(`Provider "${provider.name}"`, [...path, 'extra_body', 'stream']))
  }
  return problems
}

/** Of a provider that is asked over HTTP, as its kind says. */
function endpointProblems(provider: ModelProvider, { providers, table }: ModelsConfig): Problem[] {
  const { name, endpoint } = provider
  const { remote = false, knowsAddress = false } = providerKind(provider.provider_type, table) ?? {}
  if (!remote || (knowsAddress && endpoint === '')) return []
  const path = ['model_providers', providers.indexOf(provider), 'endpoint']
  const base = { level: 'error', code: 'endpoint-invalid', path } as const
  if (endpoint === '') {
    return [
      {
        ...base,
        message: `Provider "${name}" lacks "endpoint".`,
        expected: 'a base URL such as https://api.openai.com/v1',
      },
    ]
  }
  const url = URL.parse(endpoint)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return [
      {
        ...base,
        message: `Provider "${name}": "endpoint" is not an http or https address.`,
        expected: 'a base URL such as https://api.openai.com/v1',
        received: shownAddress(endpoint),
      },
    ]
  }
  if (url.username === '' && url.password === '') return []
  return [
    {
      ...base,
      message: `Provider "${name}": "endpoint" holds a user or password, which would be stored with the dataset.`,
      expected: 'an address without credentials',
      suggestion: 'Name an environment variable with the key in "api_key".',
    },
  ]
}

function streamProblem(whose: string, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'stream-unsupported',
    path,
    message: `${whose}: "stream: true" in "extra_body" is refused, because replies are read as a whole.`,
    suggestion: 'Remove it.',
  }
}
