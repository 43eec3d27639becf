import type { Interval } from '../../src/plan/interval.ts'
import type { RunStore } from '../../src/store/run-store.ts'

/** Takes up every row with a failed cell; no column reads another one. */
export function retryAll(store: RunStore): Promise<Interval[]> {
  const columns = store.settings.columns.map((_, column) => ({ column, readers: [] }))
  return store.retryFailed({ columns, code: undefined })
}
