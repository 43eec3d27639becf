import type { ModelConfig } from '../config/dataset.ts'
import { choicesOf } from '../config/model-pool.ts'
import { modelOf, type ResolvedDataset, selfContained } from '../config/resolve-dataset.ts'
import { textOf } from './fingerprint.ts'

type Models = Pick<ResolvedDataset, 'models' | 'providers'>

/**
 * What of a model decides its answers: provider, model and what is sent along, by the alias or by
 * its provider.
 *
 * Its alias is only a name, and caps, timeouts and health checks change when an answer comes, not
 * which: all of them may be changed in the middle of a run. A pool is the set of its models: where
 * they are asked, in which order and how often each, may change as well.
 */
export function modelIdentity(dataset: Models, alias: string): unknown {
  const model = modelOf(dataset, alias)
  if (model === undefined) return undefined
  if (model.pool === undefined) return placedIdentity(dataset, model)
  const models = new Map(
    choicesOf(model).map((choice) => {
      const { provider: _provider, ...identity } = placedIdentity(dataset, choice.model)
      return [textOf(identity), identity]
    }),
  )
  return { pool: [...models].toSorted(byText).map(([, identity]) => identity) }
}

/** The same of one choice of a model's pool: what is asked where. */
export function choiceIdentity(dataset: Models, alias: string, choice: number): unknown {
  const model = modelOf(dataset, alias)
  const chosen = model === undefined ? undefined : choicesOf(model)[choice]
  return chosen === undefined ? undefined : placedIdentity(dataset, chosen.model)
}

function placedIdentity(
  dataset: Models,
  model: ModelConfig,
): { provider: string; model: string; parameters: object } {
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
  // One that is determined is not part of what was asked for.
  const chosen = mode === undefined || mode === null ? {} : { output_mode: mode }
  return { provider: model.provider, model: model.model, parameters: { ...parameters, ...chosen } }
}

function byText([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1
}
