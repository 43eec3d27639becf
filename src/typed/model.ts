/** A provider of models, as an entry of `model_providers`. */
export interface ProviderOptions {
  readonly endpoint?: string
  /** `openai` by default: the API that most servers speak. */
  readonly provider_type?: string
  /** The name of an environment variable, never a key. */
  readonly api_key?: string | null
  /** Names of several, in place of `api_key`. */
  readonly api_keys?: readonly string[]
  readonly extra_body?: Readonly<Record<string, unknown>>
  readonly extra_headers?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly max_parallel_requests?: number
  readonly requests_per_minute?: number
  readonly tokens_per_minute?: number
}

/** A provider as `provider` returns it. */
export interface ProviderEntry extends ProviderOptions {
  readonly name: string
}

type Number_ =
  | number
  | { readonly distribution_type: 'uniform'; readonly params: { low: number; high: number } }
  | {
      readonly distribution_type: 'manual'
      readonly params: { values: number[]; weights?: number[] }
    }

/** Parameters of requests, as `inference_parameters` in a config. */
export interface InferenceOptions {
  readonly generation_type?: 'chat-completion' | 'embedding' | 'image'
  readonly temperature?: Number_
  readonly top_p?: Number_
  readonly max_tokens?: number
  readonly max_parallel_requests?: number
  readonly requests_per_minute?: number
  readonly tokens_per_minute?: number
  /** Seconds. */
  readonly timeout?: number
  readonly extra_body?: Readonly<Record<string, unknown>>
  readonly output_mode?: 'native' | 'tool' | 'json' | 'prompt'
  readonly encoding_format?: 'float' | 'base64'
  readonly dimensions?: number
}

/** Where a model is: a provider made by `provider`, or the name of one that is built in or in the user's own file. */
type Place = ProviderEntry | string

/** One place where the requests of a model may go. */
interface PoolOption {
  readonly provider: Place
  /** That next to the pool by default. */
  readonly model?: string
  readonly weight?: number
  readonly extra_body?: Readonly<Record<string, unknown>>
}

interface OneModel extends SharedModelOptions {
  readonly model: string
  readonly provider: Place
  readonly pool?: never
}

interface PooledModel extends SharedModelOptions {
  readonly pool: readonly PoolOption[]
  /** For choices that name none. */
  readonly model?: string
  /** Such as `p95`: when a request is sent once more, to another choice. */
  readonly hedge?: `p${number}`
  readonly provider?: never
}

/** Options of `model`. */
export type ModelOptions = OneModel | PooledModel

interface SharedModelOptions {
  readonly inference_parameters?: InferenceOptions
  readonly skip_health_check?: boolean
  /** Has the provider keep the beginning of prompts that other rows share. */
  readonly cache_prompt?: boolean
  /** `batch` sends requests together, by the provider's batch API. */
  readonly mode?: 'realtime' | 'batch'
}

/** A model under an alias, as an entry of `model_configs`. */
export type Model = ModelOptions & { readonly alias: string }

/** Declares a provider of models: `provider('local', { endpoint: 'http://127.0.0.1:8000/v1' })`. */
export function provider(name: string, options: ProviderOptions = {}): ProviderEntry {
  return { ...options, name }
}

/** A model under an alias: `model('writer', { provider: 'openai', model: 'gpt-4.1-mini' })`. */
export function model(alias: string, options: ModelOptions): Model {
  return { ...options, alias }
}
