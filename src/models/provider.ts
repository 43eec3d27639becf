import type { ModelProvider } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import type { OutputMode } from '../config/output-mode.ts'
import type { ModelReply, ModelRequest, Operation } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import type { BatchApi } from './batch-api.ts'

/** Environment variables, as an argument. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A model alias as a provider needs it, resolved once. */
export interface ModelTarget {
  /** The provider's own id of the model. */
  readonly model: string
  /** What the model does, by its generation_type. */
  readonly operation: Operation
  readonly maxTokens: number | null
  /** Of every request without its own value; null if the config has none or draws it. */
  readonly temperature: number | null
  readonly topP: number | null
  /** Numbers of an embedding; null leaves it to the model. */
  readonly dimensions: number | null
  /** How an embedding's numbers are sent. */
  readonly encodingFormat: 'float' | 'base64'
  /** Runs from the moment a request leaves. */
  readonly timeoutMs: number
  /** The alias's with the provider's over it, as JSON: `rawJson` keeps `3.0` and long integers. */
  readonly extraBody: Readonly<Record<string, unknown>>
  /** Whether the provider is to keep the beginning of prompts that other rows share. */
  readonly cachePrompt?: boolean
  /** Never more requests at once of this alias; admission is the engine's. */
  readonly maxParallelRequests: number
}

/**
 * Sends requests to one provider.
 *
 * A request that it can't express (another operation, media) rejects with `refused`. A request without a reply rejects with a `RequestError`, classified here and nowhere else,
 * and free of secrets; an aborted one rejects with the signal's reason.
 */
export interface Provider {
  send(target: ModelTarget, request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** The cheapest proof that the model answers; rejects as `send` does. */
  probe(target: ModelTarget, signal: AbortSignal): Promise<void>
  /**
   * How large a request is where tokens are limited: any number that grows as its input tokens do.
   * Characters of text, with something for media, by default.
   */
  sizeOf?(request: ModelRequest): number
  /** How chats of a model are sent in batches; omitted where the provider has none. */
  batches?(target: ModelTarget): BatchApi
  close(): Promise<void>
}

/** What a provider tells while it works. */
export type ModelEvent =
  | { type: 'warning'; problem: Problem }
  /** A file of a model on its way into the cache. */
  | { type: 'download-progress'; path: string; bytes: number; totalBytes: number }

/** The context for opening a provider. */
export interface ProviderContext {
  /** What it will be asked for, one for each alias of the run. */
  readonly targets: readonly ModelTarget[]
  /** The key its config names, or null for none. */
  readonly apiKey: string | null
  readonly environment: Environment
  readonly clock: Clock
  /** The folder of the config, from which packages of the user's project are looked for. */
  readonly directory: string
  onEvent: (event: ModelEvent) => void
  /** Takes every secret of the run out of a text. */
  redact: (text: string) => string
}

/** A wire protocol, or a runtime inside the process. */
export interface ProviderKind {
  /** The value of `provider_type`. */
  readonly type: string
  /** One line for people. */
  readonly description?: string
  /** Whether `endpoint` is an http(s) URL; false for what runs inside the process. */
  readonly remote: boolean
  /** Knows an address by itself, so that `endpoint` may be omitted. */
  readonly knowsAddress?: boolean
  /** What its models can do; omitted where only the model itself tells. */
  readonly operations?: readonly Operation[]
  /**
   * How it can hold a model to the form of an answer, the best first: a request's `format` then says which is
   * meant. `json_schema` by default; the words of the prompt are there in any case.
   */
  readonly outputModes?: readonly Exclude<OutputMode, 'prompt'>[]
  /** Whether its providers have `batches`. */
  readonly hasBatches?: boolean
  open(config: ModelProvider, context: ProviderContext): Provider
}

export function outputModesOf({
  outputModes = ['json_schema'],
}: ProviderKind): readonly OutputMode[] {
  return outputModes
}

/** Returns its argument; adds types only. */
export function defineProvider(kind: ProviderKind): ProviderKind {
  return kind
}
