import type { ModelConfig, ModelProvider } from '../../src/config/dataset.ts'
import type { ChatRequest } from '../../src/graph/request.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import type { ModelEvent, ProviderKind } from '../../src/models/provider.ts'
import { openModels, type ModelRegistry } from '../../src/models/registry.ts'
import { builtInRegistry } from '../../src/plugins/kind-registry.ts'
import type { Clock } from '../../src/util/clock.ts'

/** A model config with every field at its default. */
export function modelConfig(
  overrides: Partial<Omit<ModelConfig, 'inference_parameters'>> = {},
  parameters: Partial<ModelConfig['inference_parameters']> = {},
): ModelConfig {
  return {
    alias: 'writer',
    model: 'test',
    provider: 'local',
    skip_health_check: false,
    ...overrides,
    inference_parameters: {
      generation_type: 'chat-completion',
      max_parallel_requests: 4,
      requests_per_minute: null,
      tokens_per_minute: null,
      timeout: null,
      extra_body: null,
      temperature: null,
      top_p: null,
      max_tokens: null,
      ...parameters,
    },
  }
}

/** A provider config with every field at its default. */
export function providerConfig(overrides: Partial<ModelProvider> = {}): ModelProvider {
  return {
    name: 'local',
    endpoint: 'http://127.0.0.1:9/v1',
    provider_type: 'openai',
    api_key: null,
    extra_body: null,
    extra_headers: null,
    max_parallel_requests: null,
    requests_per_minute: null,
    tokens_per_minute: null,
    ...overrides,
  }
}

export interface SetupOptions {
  models?: readonly ModelConfig[]
  environment?: Readonly<Record<string, string | undefined>>
  table?: ReadonlyMap<string, ProviderKind>
  clock?: Clock
  directory?: string
  onEvent?: (event: ModelEvent) => void
}

/** A registry over one or more providers, with all aliases used. */
export function openRegistry(
  providers: ModelProvider | readonly ModelProvider[],
  {
    models = [modelConfig()],
    environment = {},
    table = builtInRegistry.providers,
    clock,
    directory,
    onEvent,
  }: SetupOptions = {},
): ModelRegistry {
  const { registry, problems } = openModels({
    models,
    providers: 'name' in providers ? [providers] : providers,
    used: models.map(({ alias }) => alias),
    environment,
    table,
    ...(clock === undefined ? {} : { clock }),
    ...(directory === undefined ? {} : { directory }),
    ...(onEvent === undefined ? {} : { onEvent }),
  })
  if (registry === null) throw new Error(problems.map(({ message }) => message).join('\n'))
  return registry
}

export function chat(prompt: string): ChatRequest {
  return {
    operation: 'chat',
    messages: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
  }
}

/** The error of a request that must not give a reply. */
export async function requestError(promise: Promise<unknown>): Promise<RequestError> {
  const outcome = await promise.then(
    (reply) => new Error(`expected a failure, got the reply ${JSON.stringify(reply)}`),
    (error: unknown) => error,
  )
  if (outcome instanceof RequestError) return outcome
  throw outcome
}

export function fresh(): AbortSignal {
  return new AbortController().signal
}
