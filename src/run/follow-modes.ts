import { noUsage } from '../graph/request.ts'
import type { ModelRegistry } from '../models/registry.ts'
import type { RunStore } from '../store/run-store.ts'
import { messageOf } from '../util/errors.ts'

/**
 * Stores in the run folder which output mode each model accepts, so that a continued run does not test it
 * again. The refused request that showed it counts as a failed request without a column; other requests in
 * flight that were refused for the same reason are not counted.
 */
export function followModes(
  models: Pick<ModelRegistry, 'followModes'>,
  store: RunStore,
  log: (message: string) => void,
): () => void {
  return models.followModes(store.outputModes, (found, { alias, found: { mode }, left }) => {
    if (left?.refused === true) {
      store.journal.request({ route: alias, outcome: 'failed', usage: noUsage })
    }
    log(
      left === null
        ? `model ${alias}: structured answers use the mode ${mode}`
        : `model ${alias}: ${left.mode} ${left.form === null ? '' : `of ${left.form} `}does not work, ${mode} is next: ${left.why}`,
    )
    store
      .setOutputModes(found)
      .catch((error: unknown) => log(`the mode is not stored: ${messageOf(error)}`))
  })
}
