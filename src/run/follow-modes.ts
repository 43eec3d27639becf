import { noUsage } from '../graph/request.ts'
import type { ModelRegistry } from '../models/registry.ts'
import type { RunStore } from '../store/run-store.ts'
import { messageOf } from '../util/errors.ts'

/**
 * Keeps what is found of how models are held to the form of their answers in the run folder, so that a run that
 * continues does not find it out again. A refusal that told is a request that failed, and one of no
 * column: of many in flight that were refused alike it is the one that is counted.
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
