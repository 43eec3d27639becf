import { parquetMetadataAsync, parquetRead, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { isVectorType, type ColumnType } from '../graph/column-type.ts'
import { fromStored } from '../graph/stored-value.ts'
import { decompressors, type FileSource, openSource, parsers } from '../store/parquet-codec.ts'
import { readVectors } from '../store/vector-chunk.ts'
import { type Physical, storedReader } from '../store/parquet-value.ts'
import type { Value } from '../util/value.ts'
import { withoutVector } from '../util/vector.ts'

/** A record of a dataset file: values in the order of its columns. */
export type RecordValues = ReadonlyMap<string, Value>

/** A record as a program reads it: plain values, JSON columns parsed. */
export type DatasetRecord = Record<string, unknown>

/** Rows of a row group of a file: from one of its rows up to before another. */
export interface GroupRows {
  path: string
  /** The position of the row group in the file. */
  group: number
  from: number
  to: number
}

/** Reads the records of Parquet files one row group at a time, in order. */
export async function* readFiles(
  paths: readonly string[],
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  for (const path of paths) {
    using source = openSource(path)
    const metadata = await parquetMetadataAsync(source.buffer)
    for (const [group, { num_rows: rows }] of metadata.row_groups.entries()) {
      yield* readGroup({ source, metadata }, { group, from: 0, to: Number(rows) }, types)
    }
  }
}

/** Rows of each row group of a file. */
export async function groupSizes(path: string): Promise<number[]> {
  using source = openSource(path)
  const { row_groups: groups } = await parquetMetadataAsync(source.buffer)
  return groups.map(({ num_rows: rows }) => Number(rows))
}

/** Reads some of the records of a row group, in order. */
export async function* readGroupRows(
  { path, ...rows }: GroupRows,
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  using source = openSource(path)
  yield* readGroup({ source, metadata: await parquetMetadataAsync(source.buffer) }, rows, types)
}

interface OpenFile {
  source: FileSource
  metadata: FileMetaData
}

async function* readGroup(
  { source, metadata }: OpenFile,
  { group, from, to }: Omit<GroupRows, 'path'>,
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  const columns = [...types]
  const readers = columns.map(([, type]) => storedReader(type))
  const scalars = columns.flatMap(([name, type]) => (isVectorType(type) ? [] : [name]))
  const groups = metadata.row_groups
  const own = groups[group]
  if (own === undefined) return
  const before = groups.slice(0, group).reduce((sum, one) => sum + Number(one.num_rows), 0)
  const rows = await readRows(source.buffer, metadata, before + from, before + to, scalars)
  const vectors = new Map(
    columns.flatMap(([name, type]) =>
      isVectorType(type) ? [[name, readVectors(source, own, name)] as const] : [],
    ),
  )
  for (let row = 0; row < to - from; row += 1) {
    const cells = rows[row]?.values()
    yield new Map(
      columns.map(([name, type], at) => {
        const ofRow = vectors.get(name)
        const cell = ofRow === undefined ? readers[at]?.(cells?.next().value) : ofRow[from + row]
        return [name, withoutVector(fromStored(type, cell ?? null))]
      }),
    )
  }
}

/** Rows are lists in the order of the columns: as objects they would lose a `__proto__`. */
async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
  columns: string[],
): Promise<readonly (readonly Physical[])[]> {
  if (columns.length === 0) return []
  let rows: readonly (readonly Physical[])[] = []
  await parquetRead({
    file,
    metadata,
    columns,
    compressors: decompressors,
    parsers,
    rowStart,
    rowEnd,
    onComplete(read) {
      rows = read
    },
  })
  return rows
}
