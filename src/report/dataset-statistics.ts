import type { Graph } from '../graph/graph.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { type StoredValue, toStored } from '../graph/stored-value.ts'
import { readFiles, type RecordValues } from '../export/records.ts'
import type { ColumnSummary } from '../profile/column-summary.ts'
import { createPartProfiler, createProfileMerger } from '../profile/part-profile.ts'
import { statisticsOf, type ColumnStatistics } from '../profile/statistics.ts'
import type { DatasetFile } from '../store/ledger-dataset.ts'

/** Records that are looked at together. */
const BATCH = 1_024
/** As of the first part of a run: small datasets have exact figures. */
const firstPart = { part: 0, endRow: 0 }

/** The statistics of a dataset whose records processors made: they are read from its files. */
export async function datasetStatistics(
  { output, columns, byName }: Graph,
  files: readonly DatasetFile[],
): Promise<ColumnStatistics[]> {
  const profiler = createPartProfiler(output, firstPart)
  const types = new Map(output.map(({ name, type }) => [name, type]))
  const paths = files.map(({ path }) => path)
  let batch = output.map((): StoredValue[] => [])
  for await (const record of readFiles(paths, types)) {
    for (const [at, column] of output.entries()) batch[at]?.push(storedOf(column, record))
    if ((batch[0]?.length ?? 0) < BATCH) continue
    profiler.add(batch)
    batch = output.map(() => [])
  }
  profiler.add(batch)
  const merger = createProfileMerger(output)
  merger.add(profiler.profile())
  return output.map(({ name, type }, at) => {
    const made = columns[byName.get(name) ?? -1]
    return statisticsOf(merger.columns[at] as ColumnSummary, {
      name,
      type,
      dropped: false,
      kind: made?.producer === null ? made.config.column_type : null,
      // Records were omitted or changed: what was drawn says nothing of them.
      distribution: null,
      skipLeavesNull: true,
      skipped: null,
      failures: [],
      rowsLost: 0,
      rowsRejected: 0,
      tokens: null,
    })
  })
}

function storedOf({ name, type }: RecordColumn, record: RecordValues): StoredValue {
  const value = record.get(name) ?? null
  return toStored(type, Array.isArray(value) && type !== 'json' ? Float32Array.from(value) : value)
}
