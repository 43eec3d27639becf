import type { SeedColumn } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { commonType } from '../value-type.ts'
import { alignColumns, faultIn, inFile, type FormatReading, type SeedFormat } from './define.ts'
import { startParquetThread } from './parquet-thread.ts'

export const parquet: SeedFormat = {
  name: 'parquet',
  endings: ['.parquet'],
  streamed: false,
  open: openParquet,
}

async function openParquet(
  files: readonly SeedFile[],
  { signal }: ReadOptions,
): Promise<FormatReading> {
  let columns: readonly SeedColumn[] = []
  let size = 0
  await using thread = startParquetThread(signal)
  for (const [at, file] of files.entries()) {
    signal.throwIfAborted()
    try {
      const table = await thread.describe(file)
      columns = at === 0 ? table.columns : widen(columns, files[0] ?? file, table.columns)
      size += table.size
    } catch (error) {
      throw faultIn(file, error)
    }
  }
  return {
    columns,
    size,
    async *rows(options) {
      await using reader = startParquetThread(options.signal)
      for (const file of files) {
        const onBytes = (bytes: number): void => options.onBytes?.(file, bytes)
        yield* inFile(file, reader.rows(file, columns, onBytes))
      }
    },
  }
}

/** Columns of the files so far, of types that hold the values of a further one too. */
function widen(
  columns: readonly SeedColumn[],
  first: SeedFile,
  own: readonly SeedColumn[],
): SeedColumn[] {
  const places = alignColumns(
    columns.map(({ name }) => name),
    first,
    own.map(({ name }) => name),
  )
  return columns.map(({ name, type }, column) => {
    const other = own[places[column] ?? column]?.type ?? type
    return { name, type: commonType(type, other) }
  })
}
