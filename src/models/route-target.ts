import type { ModelConfig, ModelProvider, Sampled } from '../config/dataset.ts'
import { hedgeQuantile } from '../config/model-pool.ts'
import { extraBodyOf } from '../config/resolve-dataset.ts'
import { operationOf } from '../graph/generation-operation.ts'
import { shownAddress } from './classify.ts'
import type { ModelTarget } from './provider.ts'
import { rawJson } from './raw-json.ts'
import type { Resolved } from './resolve.ts'

/** What is declared to be allowed in a minute; null for no limit. */
export interface Rate {
  readonly requests: number | null
  readonly tokens: number | null
}

/** Where requests of an alias go, and how many may be on their way. */
export interface RouteTarget {
  readonly alias: string
  /** Of this place, for `send`: the alias where it has no other. */
  readonly name: string
  /** What tells it from the other places of its alias, for people; empty where there are none. */
  readonly choice: string
  /** Position in the pool of the alias; 0 without one. */
  readonly position: number
  /** Its share of the requests of the alias. */
  readonly weight: number
  /** The variable that holds its key; null for none. */
  readonly key: string | null
  /** Name of the provider. */
  readonly provider: string
  /** The provider's id of the model. */
  readonly model: string
  /** An address with its key and headers: what stops together when the key is refused. */
  readonly resource: string
  /** What shares a quota: the address, or the provider's name for what runs in the process. */
  readonly endpoint: string
  readonly aliasCap: number
  /** Over all aliases of the endpoint, or null for none. */
  readonly endpointCap: number | null
  readonly aliasRate: Rate
  /** Over all aliases of the endpoint. */
  readonly endpointRate: Rate
  readonly maxTokens: number | null
  readonly timeoutMs: number
  /** Whether its provider is to keep the beginning of prompts. */
  readonly cachesPrompts: boolean
  /** A second request is sent when an answer takes longer than this share of the others; null for none. */
  readonly hedge: number | null
  /** Its requests go in batches. */
  readonly isBatch?: boolean
}

const defaultTimeoutMs = 60_000

/** What a place of an alias is distinguished by. */
export interface RouteContext {
  /** Whether its provider is somewhere else. */
  remote: boolean
  /** All places of its alias. */
  siblings: readonly Resolved[]
  models: readonly ModelConfig[]
  /** All that are asked, in the config's order. */
  providers: readonly ModelProvider[]
  secrets: ReadonlyMap<string, string>
}

export function routeTarget(place: Resolved, context: RouteContext): RouteTarget {
  return {
    ...routeOf(place, context.remote),
    ...nameOf(place, context.siblings),
    hedge: hedgeOf(place.model.alias, context.models),
    resource: resourceOf(place.provider, context.providers, context.secrets),
  }
}

/** What its provider hears of a model. */
export function modelTarget({ model, provider }: Resolved): ModelTarget {
  const parameters = model.inference_parameters
  const aliasCap = parameters.max_parallel_requests
  const extra = rawJson(extraBodyOf(model, provider) ?? {})
  return {
    model: model.model,
    operation: operationOf[parameters.generation_type],
    maxTokens: parameters.max_tokens,
    dimensions: parameters.dimensions ?? null,
    encodingFormat: parameters.encoding_format ?? 'float',
    temperature: fixed(parameters.temperature),
    topP: fixed(parameters.top_p),
    timeoutMs: timeoutOf(model),
    // `rawJson` of an object is an object.
    extraBody: extra as Record<string, unknown>,
    cachePrompt: model.cache_prompt === true,
    maxParallelRequests: Math.min(aliasCap, provider.max_parallel_requests ?? aliasCap),
  }
}

/** Names a place among those of its alias by what differs. */
function nameOf(
  { model, provider }: Resolved,
  siblings: readonly Resolved[],
): Pick<RouteTarget, 'name' | 'choice'> {
  const { alias } = model
  if (siblings.length === 1) return { name: alias, choice: '' }
  const isKeyed = siblings.some(
    (other) => other.provider !== provider && other.provider.name === provider.name,
  )
  const choice = `${model.model} (${provider.name}${isKeyed ? `, ${provider.api_key}` : ''})`
  return { name: `${alias}: ${choice}`, choice }
}

function hedgeOf(alias: string, models: readonly ModelConfig[]): number | null {
  const word = models.findLast((model) => model.alias === alias)?.hedge
  return word === undefined ? null : hedgeQuantile(word)
}

/** Named for the first provider that asks there with the same key: the key itself is not a name. */
function resourceOf(
  provider: ModelProvider,
  providers: readonly ModelProvider[],
  secrets: ReadonlyMap<string, string>,
): string {
  const identity = ({ provider_type, endpoint, api_key, extra_headers }: ModelProvider): string =>
    JSON.stringify([provider_type, endpoint, secrets.get(api_key ?? '') ?? null, extra_headers])
  const own = identity(provider)
  const first = providers.find((other) => identity(other) === own) ?? provider
  const isOneOfSeveral = providers.some((other) => other !== first && other.name === first.name)
  return isOneOfSeveral ? `${first.name} ${first.api_key}` : first.name
}

function routeOf(
  { model, provider, position, weight }: Resolved,
  remote: boolean,
): Omit<RouteTarget, 'resource' | 'name' | 'choice' | 'hedge'> {
  const parameters = model.inference_parameters
  return {
    alias: model.alias,
    position,
    weight,
    key: provider.api_key,
    provider: provider.name,
    model: model.model,
    endpoint: remote && provider.endpoint !== '' ? shownAddress(provider.endpoint) : provider.name,
    aliasCap: parameters.max_parallel_requests,
    endpointCap: provider.max_parallel_requests,
    aliasRate: rateOf(parameters),
    endpointRate: rateOf(provider),
    maxTokens: parameters.max_tokens,
    timeoutMs: timeoutOf(model),
    cachesPrompts: model.cache_prompt === true,
    isBatch: model.mode === 'batch',
  }
}

function timeoutOf({ inference_parameters: { timeout } }: ModelConfig): number {
  return timeout === null ? defaultTimeoutMs : timeout * 1000
}

/** What is drawn comes with each request. */
function fixed(sampled: Sampled | null): number | null {
  return typeof sampled === 'number' ? sampled : null
}

function rateOf({
  requests_per_minute,
  tokens_per_minute,
}: Pick<ModelProvider, 'requests_per_minute' | 'tokens_per_minute'>): Rate {
  return { requests: requests_per_minute, tokens: tokens_per_minute }
}
