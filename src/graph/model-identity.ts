import type { ModelConfig } from '../config/dataset.ts'

/**
 * What of a model decides its answers: provider, model and what is sent along.
 *
 * Its alias is only a name, and caps, timeouts and health checks change when an answer comes, not
 * which: all of them may be changed in the middle of a run.
 */
export function modelIdentity(models: readonly ModelConfig[], alias: string): unknown {
  const model = modelOf(models, alias)
  if (model === undefined) return undefined
  const {
    max_parallel_requests: _cap,
    requests_per_minute: _requests,
    tokens_per_minute: _tokens,
    timeout: _timeout,
    // The same numbers either way.
    encoding_format: _format,
    ...parameters
  } = model.inference_parameters
  return { provider: model.provider, model: model.model, parameters }
}

/** The model an alias stands for; of two with one alias the later one, as in the ancestor. */
function modelOf(models: readonly ModelConfig[], alias: string): ModelConfig | undefined {
  return models.findLast((model) => model.alias === alias)
}
