import type { RunStore } from '../store/run-store.ts'

/** What the earlier sessions of a run amounted to. */
export interface EarlierSessions {
  /** Rows without a record, of those that are not made again. */
  dropped: number
  rejected: number
  inputTokens: number
  outputTokens: number
  /** Dollars; null where no price was known. */
  cost: number | null
}

export const noSessions: EarlierSessions = {
  dropped: 0,
  rejected: 0,
  inputTokens: 0,
  outputTokens: 0,
  cost: null,
}

export async function earlierSessions(
  store: Pick<RunStore, 'totals' | 'usage'>,
): Promise<EarlierSessions> {
  const [{ dropped, rejected }, routes] = await Promise.all([store.totals(), store.usage()])
  return addSpent({ ...noSessions, dropped, rejected }, routes)
}

/** What routes spent in this session and before. */
export function addSpent(
  before: EarlierSessions,
  routes: readonly Pick<EarlierSessions, 'inputTokens' | 'outputTokens' | 'cost'>[],
): EarlierSessions {
  const sum = { ...before }
  for (const { inputTokens, outputTokens, cost } of routes) {
    sum.inputTokens += inputTokens
    sum.outputTokens += outputTokens
    if (cost !== null) sum.cost = (sum.cost ?? 0) + cost
  }
  return sum
}
