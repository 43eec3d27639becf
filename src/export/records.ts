import { parquetMetadataAsync, parquetRead, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { isVectorType, type ColumnType } from '../graph/column-type.ts'
import { fromStored } from '../graph/stored-value.ts'
import { decompressors, openSource, parsers } from '../store/parquet-codec.ts'
import { readVectors } from '../store/vector-chunk.ts'
import { type Physical, storedReader } from '../store/parquet-value.ts'
import type { Value } from '../util/value.ts'
import { withoutVector } from '../util/vector.ts'

/** A record of a dataset file: values in the order of its columns. */
export type RecordValues = ReadonlyMap<string, Value>

/** A record as a program reads it: plain values, JSON columns parsed. */
export type DatasetRecord = Record<string, unknown>

/** Reads the records of Parquet files one row group at a time, in order. */
export async function* readFiles(
  paths: readonly string[],
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  const columns = [...types]
  const readers = columns.map(([, type]) => storedReader(type))
  const scalars = columns.flatMap(([name, type]) => (isVectorType(type) ? [] : [name]))
  for (const path of paths) {
    using source = openSource(path)
    const metadata = await parquetMetadataAsync(source.buffer)
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      const rows = await readRows(source.buffer, metadata, rowStart, rowEnd, scalars)
      const vectors = new Map(
        columns.flatMap(([name, type]) =>
          isVectorType(type) ? [[name, readVectors(source, group, name)] as const] : [],
        ),
      )
      for (let row = 0; row < rowEnd - rowStart; row += 1) {
        const cells = rows[row]?.values()
        yield new Map(
          columns.map(([name, type], at) => {
            const ofRow = vectors.get(name)
            const cell = ofRow === undefined ? readers[at]?.(cells?.next().value) : ofRow[row]
            return [name, withoutVector(fromStored(type, cell ?? null))]
          }),
        )
      }
      rowStart = rowEnd
    }
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
