import type { Graph } from '../graph/graph.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { type StoredValue, toStored } from '../graph/stored-value.ts'
import { readFiles, type RecordValues } from '../export/records.ts'
import { createSummary, type ColumnSummary } from '../profile/column-summary.ts'
import { statisticsOf, type ColumnStatistics } from '../profile/statistics.ts'
import type { DatasetFile } from '../store/ledger-dataset.ts'
import type { Value } from '../util/value.ts'

/** Different values that are counted one by one. */
const exactDistinct = 16_384

/** The statistics of a dataset whose records processors made: they are read from its files. */
export async function datasetStatistics(
  { output, columns, byName }: Graph,
  files: readonly DatasetFile[],
): Promise<ColumnStatistics[]> {
  const summaries = output.map(({ type }) => createSummary(type, { exactDistinct }))
  const types = new Map(output.map(({ name, type }) => [name, type]))
  for await (const record of readFiles(
    files.map(({ path }) => path),
    types,
  )) {
    for (const [at, column] of output.entries()) summaries[at]?.add(storedOf(column, record))
  }
  return output.map(({ name, type }, at) => {
    const made = columns[byName.get(name) ?? -1]
    return statisticsOf(summaries[at] as ColumnSummary, {
      name,
      type,
      dropped: false,
      kind: made?.producer === null ? made.config.column_type : null,
      // Records were left out or changed: what was drawn says nothing of them.
      distribution: null,
      skipLeavesNull: true,
      skipped: null,
      failures: [],
      rowsLost: 0,
      tokens: null,
    })
  })
}

function storedOf({ name, type }: RecordColumn, record: RecordValues): StoredValue {
  const value: Value = record.get(name) ?? null
  return toStored(type, Array.isArray(value) && type !== 'json' ? Float32Array.from(value) : value)
}
