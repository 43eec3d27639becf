import type { Graph } from '../../src/graph/graph.ts'
import { storedBytes, type StoredValue, toStored } from '../../src/graph/stored-value.ts'
import type { Group } from '../../src/plan/group.ts'
import type { JournaledCell, JournaledExchange, JournaledFailure } from '../../src/rows/journal.ts'
import type { KnownPattern, KnownRows } from '../../src/rows/known-rows.ts'
import type { ReadRows } from '../../src/rows/stored-rows.ts'

interface FoundRow {
  values: Map<number, StoredValue>
  failures: JournaledFailure[]
  exchanges: JournaledExchange[]
}

export interface KnownOptions {
  cells: readonly JournaledCell[]
  failures: readonly JournaledFailure[]
  exchanges?: readonly JournaledExchange[]
}

/** A ledger in memory that holds these cells. */
export interface KnownSource {
  known(group: Group): KnownRows
  read: ReadRows
  /** Cells whose values were read. */
  readonly valuesRead: number
}

export function knownSource(
  { columns }: Graph,
  { cells, failures, exchanges = [] }: KnownOptions,
): KnownSource {
  const rows = new Map<number, FoundRow>()
  const rowOf = (row: number): FoundRow => {
    let found = rows.get(row)
    if (found === undefined)
      rows.set(row, (found = { values: new Map(), failures: [], exchanges: [] }))
    return found
  }
  for (const { row, column, value } of cells) {
    rowOf(row).values.set(column, toStored(columns[column]?.type ?? 'string', value))
  }
  for (const failure of failures) rowOf(failure.row).failures.push(failure)
  for (const exchange of exchanges) rowOf(exchange.row).exchanges.push(exchange)
  let valuesRead = 0

  return {
    known({ start, end }) {
      const found: number[] = []
      const patterns: KnownPattern[] = []
      for (let row = start; row < end; row += 1) {
        const known = rows.get(row)
        if (known === undefined) continue
        found.push(row)
        patterns.push({
          cells: [...known.values.keys()],
          nulls: known.failures
            .filter(({ outcome }) => outcome === 'null')
            .map(({ column }) => column),
          exchanges: known.exchanges.map(({ column }) => column),
          dropped: known.failures.some(({ outcome }) => outcome === 'dropped'),
        })
      }
      return {
        rows: Float64Array.from(found),
        kinds: Uint32Array.from(found.keys()),
        patterns,
      }
    },
    async *read(intervals, { maxBytes, columns: wanted }) {
      for (const { start, end } of intervals) {
        for (let from = start; from < end;) {
          const block = {
            rows: [] as number[],
            columns: [] as number[],
            values: [] as StoredValue[],
          }
          let bytes = 0
          let row = from
          for (; row < end && bytes < maxBytes; row += 1) {
            for (const [column, value] of rows.get(row)?.values ?? []) {
              if (wanted?.includes(column) === false) continue
              block.rows.push(row)
              block.columns.push(column)
              block.values.push(value)
              bytes += storedBytes(value)
              valuesRead += 1
            }
          }
          const first = from
          from = row
          yield {
            end: row,
            rows: Float64Array.from(block.rows),
            columns: Uint32Array.from(block.columns),
            values: block.values,
            failures: [],
            exchanges: exchanges.filter((one) => one.row >= first && one.row < row),
          }
        }
      }
    },
    get valuesRead() {
      return valuesRead
    },
  }
}
