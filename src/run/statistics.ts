import type { Graph, GraphColumn } from '../graph/graph.ts'
import { createProfileMerger } from '../profile/part-profile.ts'
import {
  statisticsOf,
  type ColumnFacts,
  type ColumnStatistics,
  type TokenRate,
} from '../profile/statistics.ts'
import type { ColumnSummary } from '../profile/summary.ts'
import type { FailureSummary, RouteUsage } from '../store/ledger-journal.ts'
import { readProfiles } from '../store/profiles.ts'
import type { ColumnSettings, RunSettings } from '../store/settings.ts'

export interface StatisticsInput {
  directory: string
  settings: RunSettings
  /** Null when the stored config can't be compiled: nothing declared is then known. */
  graph: Graph | null
  failures: readonly FailureSummary[]
  usage: readonly RouteUsage[]
  /** Rows with and without a record. */
  accepted: number
  dropped: number
}

/** Parts merged in a turn of the event loop: some milliseconds. */
const partsInTurn = 16

/** The statistics of every column over all records below the target, in the run's column order. */
export async function columnStatistics(input: StatisticsInput): Promise<ColumnStatistics[]> {
  const { settings, graph, failures } = input
  const merger = createProfileMerger(settings.columns)
  const skipped = settings.columns.map(() => 0)
  let parts = 0
  for await (const profile of readProfiles(input.directory, settings)) {
    merger.add(profile)
    profile.skipped?.forEach((count, id) => (skipped[id] = (skipped[id] ?? 0) + count))
    parts += 1
    if (parts % partsInTurn === 0) await new Promise(setImmediate)
  }
  const rates =
    graph === null ? new Map<string, TokenRate>() : tokenRates(input, graph, merger.columns)
  const all = settings.columns.map((column, id) => {
    const compiled = graph?.columns[id]
    // A side column has no failures of its own.
    const failing = compiled?.producer ?? id
    return statisticsOf(merger.columns[id] as ColumnSummary, {
      ...factsOf(column, compiled, graph),
      skipped: skipped[id] ?? 0,
      failures: failures.filter(
        (failure) => failure.column === failing && (failing === id || failure.outcome === 'null'),
      ),
      tokens: rates.get(compiled?.routes[0] ?? '') ?? null,
    })
  })
  return graph === null ? all : graph.order.flatMap((id) => all[id] ?? [])
}

function factsOf(
  { name, type, drop }: ColumnSettings,
  column: GraphColumn | undefined,
  graph: Graph | null,
): Omit<ColumnFacts, 'skipped' | 'failures' | 'tokens'> {
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

/** Share of dropped rows from which on answers are missing that were counted. */
const tooManyDropped = 0.1

/**
 * What the models counted for the texts of their columns.
 *
 * Only for text columns that have one route, where nearly all of its answers are in the dataset.
 */
function tokenRates(
  { usage, failures, accepted, dropped }: StatisticsInput,
  graph: Graph,
  summaries: readonly ColumnSummary[],
): Map<string, TokenRate> {
  const rates = new Map<string, TokenRate>()
  if (dropped > tooManyDropped * accepted) return rates
  for (const { route, outputTokens, reasoningTokens } of usage) {
    const columns = graph.columns.filter(({ routes }) => routes.includes(route))
    const known = columns.every(({ type, routes }) => type === 'string' && routes.length === 1)
    if (!known) continue
    let characters = 0
    let wasted = 0
    for (const { id } of columns) {
      const lengths = summaries[id]?.lengths.summary()
      characters += (lengths?.mean ?? 0) * (lengths?.count ?? 0)
      for (const failure of failures) if (failure.column === id) wasted += failure.outputTokens
    }
    const tokens = outputTokens - reasoningTokens - wasted
    if (tokens > 0 && characters > 0) {
      rates.set(route, { perCharacter: tokens / characters, countedBy: route })
    }
  }
  return rates
}
