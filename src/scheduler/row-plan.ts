import type { GraphColumn } from '../graph/graph.ts'
import { skippable } from '../rows/evaluate.ts'
import type { KnownPattern } from '../rows/known-rows.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

/** In the place of a count: the cell is there, or nothing that is to be made needs it. */
export const finishedCell = 0xffff

/** What is to be made of a row of which some cells are known: the same for all rows alike. */
export interface RowPlan {
  /** By local: upstream cells that are to be made before it, or `finishedCell`. */
  readonly missing: Uint16Array
  /** Awaited cells that are to be made. */
  readonly left: number
  /** Locals to be made that wait for nothing. */
  readonly roots: readonly number[]
  /** Journaled locals to be made with nothing journaled to be made above them. */
  readonly first: readonly WorkColumn[]
  /** Ids of columns whose known values something to be made reads. */
  readonly load: readonly number[]
  /** Columns whose known null something to be made reads. */
  readonly nulls: readonly GraphColumn[]
  /** Locals whose cells are known. */
  readonly known: readonly number[]
  /** Whether cells to be made have answered requests. */
  readonly exchanges: boolean
  /**
   * Whether the row may get its outcome without anything being sent: all of it can be skipped, or has
   * been answered.
   */
  readonly settles: boolean
}

export interface RowPlans {
  /** Of a row of which nothing is known. */
  readonly fresh: RowPlan
  of(pattern: KnownPattern): RowPlan
}

export function createRowPlans(work: WorkGraph): RowPlans {
  const plans = new Map<string, RowPlan>()
  const canSkip = skippable(work.graph)

  function of(pattern: KnownPattern): RowPlan {
    const key = JSON.stringify(pattern)
    let plan = plans.get(key)
    if (plan === undefined) plans.set(key, (plan = planOf(work, pattern, canSkip)))
    return plan
  }

  return { fresh: of({ cells: [], nulls: [], exchanges: [], dropped: false }), of }
}

function planOf(
  work: WorkGraph,
  { cells, nulls, exchanges }: KnownPattern,
  canSkip: readonly boolean[],
): RowPlan {
  const { columns, localOf } = work
  const localsOf = (ids: readonly number[]): number[] =>
    ids.map((id) => localOf[id] as number).filter((local) => local >= 0)
  const withCell = new Set(localsOf(cells).filter((local) => columns[local]?.journaled === true))
  const withNull = new Set(localsOf(nulls).filter((local) => !withCell.has(local)))
  const isKnown = (local: number): boolean => withCell.has(local) || withNull.has(local)
  const toMake = columns.filter(({ local, awaited }) => awaited && !isKnown(local))
  const { wanted, read } = neededBy(work, toMake, isKnown)

  const missing = new Uint16Array(columns.length).fill(finishedCell)
  const roots: number[] = []
  for (const local of [...wanted].sort((one, other) => one - other)) {
    const { column } = columns[local] as WorkColumn
    missing[local] = column.upstream.filter((id) => wanted.has(localOf[id] as number)).length
    if (missing[local] === 0) roots.push(local)
  }
  const load = [...read].filter((id) => withCell.has(mainOf(work, id)))
  const nullLocals = new Set(localsOf([...read].map((id) => mainId(work, id))))
  return {
    missing,
    left: toMake.length,
    roots,
    first: firstOf(
      work,
      toMake.filter(({ journaled }) => journaled),
      wanted,
    ),
    load,
    nulls: [...nullLocals]
      .filter((local) => withNull.has(local))
      .map((local) => (columns[local] as WorkColumn).column),
    known: [...withCell, ...withNull],
    exchanges: toMake.some(({ column }) => exchanges.includes(column.id)),
    settles: toMake.every(
      ({ column: { id }, journaled }) =>
        !journaled || canSkip[id] === true || exchanges.includes(id),
    ),
  }
}

/** The cells that are to be made with what they need, and the ids of known columns they read. */
function neededBy(
  { graph, columns, localOf }: WorkGraph,
  toMake: readonly WorkColumn[],
  isKnown: (local: number) => boolean,
): { wanted: ReadonlySet<number>; read: ReadonlySet<number> } {
  const wanted = new Set<number>()
  const read = new Set<number>()
  const open = toMake.map(({ local }) => local)
  while (open.length > 0) {
    const local = open.pop() as number
    if (wanted.has(local)) continue
    wanted.add(local)
    for (const id of (columns[local] as WorkColumn).column.upstream) {
      const { producer } = graph.columns[id] as GraphColumn
      if (isKnown(localOf[producer ?? id] as number)) read.add(id)
      else open.push(localOf[id] as number)
    }
  }
  return { wanted, read }
}

function firstOf(
  { columns, localOf }: WorkGraph,
  toMake: readonly WorkColumn[],
  wanted: ReadonlySet<number>,
): WorkColumn[] {
  const journaled = new Set(toMake.map(({ local }) => local))
  const below = new Set<number>()
  const first: WorkColumn[] = []
  // Upstream comes first in the graph's order.
  for (const workColumn of columns) {
    const { local, column } = workColumn
    if (!wanted.has(local)) continue
    const above = column.upstream.map((id) => localOf[id] as number)
    if (above.some((up) => below.has(up) || journaled.has(up))) below.add(local)
    else if (journaled.has(local)) first.push(workColumn)
  }
  return first
}

/** The column that fills another one, or that column itself. */
function mainId({ graph }: WorkGraph, id: number): number {
  return (graph.columns[id] as GraphColumn).producer ?? id
}

function mainOf(work: WorkGraph, id: number): number {
  return work.localOf[mainId(work, id)] as number
}
