import { modelOf, type ResolvedDataset, selfContained } from '../config/resolve-dataset.ts'

/**
 * What of a model decides its answers: provider, model and what is sent along, by the alias or by
 * its provider.
 *
 * Its alias is only a name, and caps, timeouts and health checks change when an answer comes, not
 * which: all of them may be changed in the middle of a run.
 */
export function modelIdentity(
  dataset: Pick<ResolvedDataset, 'models' | 'providers'>,
  alias: string,
): unknown {
  const model = modelOf(dataset, alias)
  if (model === undefined) return undefined
  const {
    max_parallel_requests: _cap,
    requests_per_minute: _requests,
    tokens_per_minute: _tokens,
    timeout: _timeout,
    output_mode: mode,
    // The same numbers either way.
    encoding_format: _format,
    ...parameters
  } = selfContained(dataset, model).inference_parameters
  // One that is found out is not part of what was asked for.
  const chosen = mode === undefined || mode === null ? {} : { output_mode: mode }
  return { provider: model.provider, model: model.model, parameters: { ...parameters, ...chosen } }
}
