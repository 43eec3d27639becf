import type { CheckResult, ModelRegistry } from '../models/registry.ts'
import { RowsmithError } from '../util/errors.ts'

/** Asks every model something tiny before anything is paid for; refuses a run that can't work. */
export async function checkModels(
  models: ModelRegistry,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const results = await models.check(models.aliases, signal)
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) return results
  const lines = failed.map(
    ({ alias, error }) => `  model ${alias}: ${error?.message ?? 'it does not answer'}`,
  )
  throw new RowsmithError('model-unavailable', `not ready:\n${lines.join('\n')}`, {
    hints: [
      'Nothing was generated. Set skip_health_check: true on a model to start without asking it.',
    ],
  })
}
