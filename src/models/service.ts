import type { ModelConfig, ModelProvider } from '../config/dataset.ts'
import { defaultParameters } from '../config/models.ts'
import type { ColumnRoute } from '../graph/kind.ts'
import { noUsage } from '../graph/request.ts'
import { noFormFor } from './classify.ts'
import { openHttpProvider } from './http-provider.ts'
import { defineProvider } from './provider.ts'

/**
 * A service that judges values, asked as a model is: so it has limiters, retries, and waits while it is
 * away. No config names it as a provider.
 */
export const serviceProvider = defineProvider({
  type: 'service',
  remote: true,
  open(config, context) {
    const { pathname } = new URL(config.endpoint)
    return openHttpProvider(config, context, {
      name: 'a validator over HTTP',
      headers: () => ({}),
      write(_target, request, asked) {
        if (request.operation !== 'validate') throw noFormFor('anything but validating', asked)
        // The endpoint's own path comes without the slash at its end.
        return { path: pathname.endsWith('/') ? '/' : '', body: request.body }
      },
      prove: () => undefined,
      read: (text) => ({
        content: [{ type: 'text', text }],
        reasoning: null,
        finishReason: 'stop',
        usage: noUsage,
        model: 'validator',
      }),
    })
  },
})

/** A route's service in the form of a model and its provider. */
export function asModel({ name, service }: ColumnRoute): [ModelConfig, ModelProvider][] {
  if (service === undefined) return []
  const model: ModelConfig = {
    alias: name,
    model: 'validator',
    provider: name,
    skip_health_check: true,
    inference_parameters: {
      ...defaultParameters,
      timeout: service.timeoutSeconds,
      max_parallel_requests: service.requestsAtOnce,
    },
  }
  const provider: ModelProvider = {
    name,
    endpoint: service.url,
    provider_type: serviceProvider.type,
    api_key: null,
    extra_body: null,
    extra_headers: null,
    max_parallel_requests: null,
    requests_per_minute: null,
    tokens_per_minute: null,
  }
  return [[model, provider]]
}
