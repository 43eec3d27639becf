import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { FailureFilter } from '../store/failed-cells.ts'
import type { FailureSummary } from '../store/ledger-journal.ts'
import type { Retry } from '../store/ledger-retry.ts'
import type { RunStore } from '../store/run-store.ts'
import type { RunEvent } from './run-event.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'

/** What may be said of failed cells that are made again. */
export interface RetryOptions {
  /**
   * Makes failed cells again, all of them or some: rows that were dropped and rows that were kept with
   * a null. What was paid for in them is used.
   */
  retryFailed?: boolean | FailureFilter
  /** The old name of `retryFailed: true`. */
  retryDropped?: boolean
}

/** Which failed cells are made again; null for none. Refuses a column that the config does not have. */
export function retryFilter(
  { retryFailed = false, retryDropped = false }: RetryOptions,
  { byName }: Graph,
): FailureFilter | null {
  if (retryFailed === false) return retryDropped ? {} : null
  const filter = retryFailed === true ? {} : retryFailed
  const { column } = filter
  if (column === undefined || byName.has(column)) return filter
  const near = nearest(column, byName.keys())
  throw new RowsmithError(
    'usage',
    `failed cells of column ${JSON.stringify(column)} were requested, and the config has no such column`,
    {
      hints: [
        near === undefined ? `It has ${[...byName.keys()].join(', ')}.` : `Did you mean ${near}?`,
      ],
    },
  )
}

/** The same as the run folder takes it: with all that is made from the cells. */
export function retryOf({ columns }: Graph, { column, code }: FailureFilter): Retry {
  const wanted = columns.filter((one) => column === undefined || one.name === column)
  return {
    columns: wanted.map((one) => ({ column: one.id, readers: readersOf(columns, one) })),
    code,
  }
}

/** Whether any failure that stands is asked for. */
export function matches(
  failures: readonly Pick<FailureSummary, 'name' | 'code'>[],
  { column, code }: FailureFilter,
): boolean {
  return failures.some(
    (failure) =>
      (column === undefined || failure.name === column) &&
      (code === undefined || failure.code === code),
  )
}

/** A reason or a column that no cell failed with may be a typing mistake. */
export async function tellNothing(
  store: RunStore,
  retry: FailureFilter,
  emit: (event: RunEvent) => void,
): Promise<void> {
  const { column, code } = retry
  if (column === undefined && code === undefined) return
  const failures = await store.failures()
  if (matches(failures, retry)) return
  const which = [
    ...(column === undefined ? [] : [` of column '${column}'`]),
    ...(code === undefined ? [] : [` with '${code}'`]),
  ].join('')
  const others = failures.map((failure) => `${failure.name} with '${failure.code}'`)
  emit({
    type: 'warning',
    problem: {
      level: 'warning',
      code: 'nothing-to-retry',
      path: [],
      message: `No cell${which} failed: nothing is made again.`,
      ...(others.length === 0
        ? {}
        : { suggestion: `Cells failed of ${others.slice(0, 10).join(', ')}.` }),
    },
  })
}

/** Ids of the sides of a column, and of all columns that read it or them in the end. */
function readersOf(columns: readonly GraphColumn[], { id, sides }: GraphColumn): number[] {
  const found = new Set([id, ...sides])
  for (const of of found) {
    const column = columns[of]
    for (const next of [...(column?.sides ?? []), ...(column?.dependants ?? [])]) found.add(next)
  }
  found.delete(id)
  return [...found].toSorted((one, other) => one - other)
}
