import type { Graph, GraphColumn } from '../graph/graph.ts'
import { createProfileMerger } from '../profile/part-profile.ts'
import {
  statisticsOf,
  type ColumnFacts,
  type ColumnStatistics,
  type TokenRate,
} from '../profile/statistics.ts'
import type { ColumnSummary } from '../profile/column-summary.ts'
import type { FailureSummary } from '../store/ledger-journal.ts'
import type { RouteUsage } from '../store/ledger-usage.ts'
import { readProfiles } from '../store/profiles.ts'
import type { ColumnSettings, RunSettings } from '../store/run-settings.ts'

export interface StatisticsInput {
  directory: string
  settings: RunSettings
  /** Null when the stored config can't be compiled: nothing declared is then known. */
  graph: Graph | null
  failures: readonly FailureSummary[]
  usage: readonly RouteUsage[]
  /** Rows without a record because a cell failed. */
  dropped: number
  rejected: number
}

/** Parts merged in a turn of the event loop: some milliseconds. */
const partsInTurn = 16

/** The statistics of every column over all records below the target, in the run's column order. */
export async function columnStatistics(input: StatisticsInput): Promise<ColumnStatistics[]> {
  const { settings, graph, failures } = input
  const merger = createProfileMerger(settings.columns)
  let skipped: number[] | null = settings.columns.map(() => 0)
  let parts = 0
  for await (const { profile, skipped: more } of readProfiles(input.directory, settings)) {
    merger.add(profile)
    skipped = more && skipped ? skipped.map((count, id) => count + (more[id] ?? 0)) : null
    parts += 1
    if (parts % partsInTurn === 0) await new Promise(setImmediate)
  }
  const rates =
    graph === null ? new Map<string, TokenRate>() : tokenRates(input, graph, merger.columns)
  const canSkip = graph === null ? null : skippable(graph)
  const all = settings.columns.map((column, id) => {
    const compiled = graph?.columns[id]
    // A side column has no failures of its own.
    const failing = compiled?.producer ?? id
    return statisticsOf(merger.columns[id] as ColumnSummary, {
      ...factsOf(column, compiled, graph),
      skipped: canSkip === null || canSkip.has(id) ? (skipped?.[id] ?? null) : 0,
      failures: failures.filter(
        (failure) => failure.column === failing && (failing === id || failure.outcome === 'null'),
      ),
      rowsLost: input.dropped,
      rowsRejected: input.rejected,
      tokens: rates.get(compiled?.routes[0]?.name ?? '') ?? null,
    })
  })
  if (graph !== null) return graph.order.flatMap((id) => all[id] ?? [])
  return all.filter((_, id) => settings.columns[id]?.hidden !== true)
}

/** Ids of the columns that something can skip: the others have no skipped cells, counted or not. */
function skippable({ columns }: Graph): Set<number> {
  const found = new Set<number>()
  // Upstream columns come first.
  for (const { id, skip, propagateSkip, required } of columns) {
    if (skip !== null || (propagateSkip && required.some((above) => found.has(above)))) {
      found.add(id)
    }
  }
  return found
}

function factsOf(
  { name, type, drop }: ColumnSettings,
  column: GraphColumn | undefined,
  graph: Graph | null,
): Omit<ColumnFacts, 'skipped' | 'failures' | 'rowsLost' | 'rowsRejected' | 'tokens'> {
  const producer = column?.producer ?? null
  return {
    name,
    type,
    dropped: drop,
    kind:
      producer === null
        ? (column?.config.column_type ?? null)
        : `side of ${graph?.columns[producer]?.name}`,
    distribution: column?.distribution ?? null,
    skipLeavesNull: (column?.skip ?? null) === null || column?.skip?.value === null,
  }
}

/** Share of answers beyond the texts in parts from which on their tokens say nothing of these. */
const tooManyAnswers = 0.1

/**
 * What the models counted for the texts of their columns.
 *
 * Only for text columns that have one route, where nearly all of its answers are in parts: others
 * were for rows that were dropped, are not finished, or lie beyond a target that was shrunk.
 */
function tokenRates(
  { usage, failures }: StatisticsInput,
  graph: Graph,
  summaries: readonly ColumnSummary[],
): Map<string, TokenRate> {
  const rates = new Map<string, TokenRate>()
  for (const { route, ok, outputTokens, reasoningTokens } of usage) {
    const columns = graph.columns.filter(({ routes }) => routes.some(({ name }) => name === route))
    const known = columns.every(
      ({ type, routes }) =>
        type === 'string' && routes.filter(({ isFollowUp }) => isFollowUp !== true).length === 1,
    )
    if (!known) continue
    let characters = 0
    let texts = 0
    let wasted = 0
    for (const { id } of columns) {
      const lengths = summaries[id]?.lengths.summary()
      characters += (lengths?.mean ?? 0) * (lengths?.count ?? 0)
      texts += lengths?.count ?? 0
      for (const failure of failures) if (failure.column === id) wasted += failure.outputTokens
    }
    if (ok > (1 + tooManyAnswers) * texts) continue
    const tokens = outputTokens - reasoningTokens - wasted
    if (tokens > 0 && characters > 0) {
      rates.set(route, { perCharacter: tokens / characters, countedBy: route })
    }
  }
  return rates
}
