import { inspectStore } from '../store/inspect-store.ts'
import { readReachedRows } from '../store/reached-rows.ts'
import type { ColumnUsage } from '../store/ledger-usage.ts'
import type { AliasUse, ColumnSample, RowUse } from './usage-sample.ts'

/**
 * What the columns of a run used in the rows that it has, by fingerprint: sums only, since a run does
 * not keep what every cell used.
 */
export async function usageOfRun(directory: string): Promise<Map<string, ColumnSample>> {
  const { settings, columnUsage, usage } = await inspectStore(directory)
  const reached = readReachedRows(directory)
  const samples = new Map<string, ColumnSample>()
  for (const [position, { fingerprint }] of settings.columns.entries()) {
    const own = columnUsage.filter(({ column }) => column === position)
    const rows = Math.round((reached[position] ?? 0) * sentShare(own, usage))
    if (own.length === 0 || rows === 0) continue
    samples.set(fingerprint, {
      rows,
      which: directory,
      uses: [usePerRow(own, rows)],
      isMean: true,
      aliases: own.map((one) => aliasUse(one)),
    })
  }
  return samples
}

/** Of the answers of a column's aliases, those that were not in the cache. */
function sentShare(
  own: readonly ColumnUsage[],
  all: readonly { route: string; ok: number; cached: number }[],
): number {
  const aliases = all.filter(({ route }) => own.some((one) => one.route === route))
  const sent = aliases.reduce((sum, { ok }) => sum + ok, 0)
  const cached = aliases.reduce((sum, one) => sum + one.cached, 0)
  return sent + cached === 0 ? 1 : sent / (sent + cached)
}

function usePerRow(own: readonly ColumnUsage[], rows: number): RowUse {
  const mean = (of: (usage: ColumnUsage) => number): number =>
    own.reduce((sum, one) => sum + of(one), 0) / rows
  return {
    requests: mean(requestsIn),
    inputTokens: mean(({ inputTokens }) => inputTokens),
    outputTokens: mean(({ outputTokens }) => outputTokens),
    cost: mean(({ cost }) => cost ?? 0),
  }
}

/** A sum has a cost once one request has one; a run does not store how long requests took. */
function aliasUse(usage: ColumnUsage): AliasUse {
  const { route: alias, ok: answers, inputTokens, outputTokens, images, cost } = usage
  const isPaid = inputTokens + outputTokens + images > 0
  return {
    alias,
    model: alias,
    requests: requestsIn(usage),
    answers,
    unpriced: isPaid && cost === null ? answers : 0,
    tokens: inputTokens + outputTokens,
    ms: 0,
  }
}

function requestsIn({ ok, throttled, failed }: ColumnUsage): number {
  return ok + throttled + failed
}
