import type { ModelRegistry } from '../models/registry.ts'
import type { RouteTarget } from '../models/route-target.ts'
import { RowsmithError } from '../util/errors.ts'
import type { CheckedModel, RunEvent } from './run-event.ts'

/**
 * Sends a tiny request to every model before the paid ones; refuses a run that can't work. A pool works
 * as long as one of its places answers.
 * Answers with the names of the places that answered.
 */
export async function checkModels(
  models: ModelRegistry,
  aliases: readonly string[],
  { signal, emit }: { signal: AbortSignal; emit: (event: RunEvent) => void },
): Promise<ReadonlySet<string>> {
  emit({
    type: 'models-checking',
    models: aliases.flatMap((alias) => models.targets(alias)).map(checkedModel),
  })
  const results = await models.check(aliases, signal, (result) =>
    emit({ type: 'model-checked', result }),
  )
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const dead = failed.filter(({ alias }) =>
    results.every((result) => result.alias !== alias || result.outcome === 'failed'),
  )
  if (dead.length === 0) {
    for (const { name, error } of failed) {
      const message = `model ${name} is not ready, other choices of its pool are: ${error?.message ?? ''}`
      emit({
        type: 'warning',
        problem: { level: 'warning', code: 'choice-not-ready', path: [], message },
      })
    }
    emit({ type: 'models-checked', results })
    return new Set(results.flatMap(({ name, outcome }) => (outcome === 'ready' ? [name] : [])))
  }
  const lines = dead.map(
    ({ name, error }) => `  model ${name}: ${error?.message ?? 'it does not answer'}`,
  )
  throw new RowsmithError('model-unavailable', `not ready:\n${lines.join('\n')}`, {
    hints: [
      'Nothing was generated. Set skip_health_check: true on a model to start without asking it.',
    ],
  })
}

function checkedModel(target: RouteTarget): CheckedModel {
  const { alias, name, model, provider, endpoint, timeoutMs } = target
  return { alias, name, model, provider, endpoint, timeoutMs }
}
