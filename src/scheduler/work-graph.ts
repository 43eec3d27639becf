import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator } from '../graph/kind.ts'

/** A column the scheduler has to make; `local` is its position among those. */
export interface WorkColumn {
  readonly local: number
  readonly column: GraphColumn
  readonly generator: Generator | null
  readonly upstreamCount: number
  /** Locals that wait for this one. */
  readonly dependants: readonly number[]
  /** Written to the ledger; side columns go with their producer. */
  readonly journaled: boolean
  /** Counted per row: it is decided once all of these are there. */
  readonly awaited: boolean
}

/**
 * What has to be made before a row is decided: the journaled columns and what they read.
 *
 * Pure columns that nothing journaled reads are made once, when the part is written; before that,
 * too, where the outcome of a row has to be known as soon as it can be.
 */
export interface WorkGraph {
  readonly graph: Graph
  readonly columns: readonly WorkColumn[]
  /** Locals by column id; −1 for columns left to the writing of the part. */
  readonly localOf: readonly number[]
  readonly awaitedCount: number
  /** Whether a column works on whole frames, so that frames are opened whole. */
  readonly wholeFrames: boolean
}

export function createWorkGraph(
  graph: Graph,
  generators: readonly (Generator | null)[],
  { wholeRows = false }: { wholeRows?: boolean } = {},
): WorkGraph {
  const needed = wholeRows ? graph.columns.map(() => true) : neededColumns(graph)
  const localOf = graph.columns.map(() => -1)
  const ids = graph.columns.filter(({ id }) => needed[id]).map(({ id }) => id)
  ids.forEach((id, local) => (localOf[id] = local))

  const columns = ids.map((id, local): WorkColumn => {
    const column = graph.columns[id] as GraphColumn
    return {
      local,
      column,
      generator: generators[id] ?? null,
      upstreamCount: column.upstream.length,
      dependants: column.dependants
        .map((dependant) => localOf[dependant] as number)
        .filter((dependant) => dependant >= 0),
      journaled: !column.pure && column.producer === null,
      awaited: (wholeRows || !column.pure) && column.producer === null,
    }
  })
  return {
    graph,
    columns,
    localOf,
    awaitedCount: columns.filter(({ awaited }) => awaited).length,
    wholeFrames: columns.some(({ column }) => column.by === 'column'),
  }
}

function neededColumns(graph: Graph): boolean[] {
  const needed = graph.columns.map(({ pure }) => !pure)
  // Upstream comes first in the graph's order, so one pass backwards reaches every ancestor.
  for (const column of graph.columns.toReversed()) {
    if (!needed[column.id]) continue
    for (const id of column.upstream) needed[id] = true
    if (column.producer !== null) needed[column.producer] = true
  }
  return needed
}
