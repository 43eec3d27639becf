import type { ModelRegistry } from '../models/registry.ts'
import { RowsmithError } from '../util/errors.ts'
import type { RunEvent } from './run-event.ts'

/**
 * Asks every model something tiny before anything is paid for; refuses a run that can't work.
 * Answers with the aliases that answered.
 */
export async function checkModels(
  models: ModelRegistry,
  aliases: readonly string[],
  { signal, emit }: { signal: AbortSignal; emit: (event: RunEvent) => void },
): Promise<ReadonlySet<string>> {
  emit({
    type: 'models-checking',
    models: aliases.map((alias) => {
      const { model, provider, endpoint, timeoutMs } = models.target(alias)
      return { alias, model, provider, endpoint, timeoutMs }
    }),
  })
  const results = await models.check(aliases, signal, (result) =>
    emit({ type: 'model-checked', result }),
  )
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) {
    emit({ type: 'models-checked', results })
    return new Set(results.flatMap(({ alias, outcome }) => (outcome === 'ready' ? [alias] : [])))
  }
  const lines = failed.map(
    ({ alias, error }) => `  model ${alias}: ${error?.message ?? 'it does not answer'}`,
  )
  throw new RowsmithError('model-unavailable', `not ready:\n${lines.join('\n')}`, {
    hints: [
      'Nothing was generated. Set skip_health_check: true on a model to start without asking it.',
    ],
  })
}
