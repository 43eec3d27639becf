import { rmSync } from 'node:fs'
import { parquetMetadataAsync, parquetScan } from 'hyparquet'
import { ByteWriter, ParquetWriter, type Writer } from 'hyparquet-writer'
import type { StoredValue } from './stored-value.ts'
import {
  compressors,
  createdBy,
  createSink,
  decompressors,
  openSource,
  parsers,
  partSchema,
  rowGroupRows,
  type FileColumn,
  type WrittenFile,
} from './parquet.ts'
import { recordColumn, rowColumn } from './settings.ts'

/** Rows with their values by column, in ascending row order. */
export interface RowBlock {
  rows: Float64Array
  columns: readonly (readonly StoredValue[])[]
}

export interface WritePartOptions {
  path: string
  columns: readonly FileColumn[]
  /** Blocks in row order, each within one cell of the row group grid. */
  blocks: Iterable<RowBlock> | AsyncIterable<RowBlock>
}

/** Writes a part file, one row group per block, and syncs it; on failure nothing stays. */
export async function writePartFile(options: WritePartOptions): Promise<WrittenFile> {
  const { path, columns, blocks } = options
  using sink = createSink(path)
  try {
    const memory = new ByteWriter()
    const writer: Writer = Object.assign(memory, {
      flush: () => {
        sink.write(memory.getBytes())
        memory.index = 0
      },
    })
    const parquet = new ParquetWriter({
      writer,
      schema: partSchema(columns),
      codec: 'ZSTD',
      compressors,
      createdBy,
    })
    for await (const block of blocks) {
      await parquet.write({ columnData: columnData(columns, block), rowGroupSize: rowGroupRows })
    }
    await parquet.finish()
    sink.write(memory.getBytes())
    return sink.finish()
  } catch (error) {
    // What is half written only takes space; the intent would remove it at the next open.
    rmSync(path, { force: true })
    throw error
  }
}

function columnData(columns: readonly FileColumn[], { rows, columns: values }: RowBlock) {
  // An offset index would point into the part and has to go when parts are joined.
  const common = { offsetIndex: false } as const
  return [
    { ...common, name: rowColumn, data: BigInt64Array.from(rows, BigInt) },
    // One record a row, so far.
    { ...common, name: recordColumn, data: new BigInt64Array(rows.length) },
    ...columns.map(({ name, type }, column) => {
      const stored = values[column] ?? []
      if (type === 'int64') return { ...common, name, data: stored.map(toInt64) }
      // A dictionary would take -0 for 0.
      const plain = type === 'float64' && stored.some((value) => Object.is(value, -0))
      return { ...common, name, data: [...stored], ...(plain && { encoding: 'PLAIN' as const }) }
    }),
  ]
}

function toInt64(value: StoredValue): bigint | null {
  return value === null ? null : BigInt(value)
}

/** Reads a part file back, one row group after another. */
export async function* readPartFile(
  path: string,
  columns: readonly FileColumn[],
): AsyncGenerator<RowBlock> {
  using source = openSource(path)
  const file = source.buffer
  const metadata = await parquetMetadataAsync(file, { parsers, geoparquet: false })
  const scan = await parquetScan({
    file,
    metadata,
    parsers,
    geoparquet: false,
    compressors: decompressors,
    useOffsetIndex: false,
  })
  for (const range of scan.ranges) {
    const numbers = await scan.readColumn({ column: rowColumn, ...range })
    const values: StoredValue[][] = []
    for (const { name } of columns) {
      const data = await scan.readColumn({ column: name, ...range })
      // hyparquet types values as `any`; the schema is the one of `partSchema`.
      values.push(Array.from(data, (value: StoredValue | undefined) => value ?? null))
    }
    yield { rows: Float64Array.from(numbers, Number), columns: values }
  }
}

/** Cuts rows into blocks along the row group grid. */
export function* splitBlocks({ rows, columns }: RowBlock): Generator<RowBlock> {
  for (let from = 0; from < rows.length;) {
    const cell = gridCell(rows[from])
    let to = from + 1
    while (to < rows.length && gridCell(rows[to]) === cell) to += 1
    yield {
      rows: rows.slice(from, to),
      columns: columns.map((values) => values.slice(from, to)),
    }
    from = to
  }
}

/** Merges two streams of blocks in row order; a row in both is a mistake. */
export async function* mergeBlocks(
  old: AsyncIterable<RowBlock>,
  fresh: Iterable<RowBlock>,
): AsyncGenerator<RowBlock> {
  const pending = [...fresh]
  for await (const block of old) {
    const cell = gridCell(block.rows[0])
    while (pending[0] !== undefined && gridCell(pending[0].rows[0]) < cell) {
      yield pending[0]
      pending.shift()
    }
    const same = pending[0]
    if (same !== undefined && gridCell(same.rows[0]) === cell) {
      pending.shift()
      yield mergeBlock(block, same)
    } else {
      yield block
    }
  }
  yield* pending
}

function mergeBlock(one: RowBlock, other: RowBlock): RowBlock {
  const count = one.rows.length + other.rows.length
  const rows = new Float64Array(count)
  const columns = one.columns.map((): StoredValue[] => [])
  for (let i = 0, left = 0, right = 0; i < count; i += 1) {
    const mine = one.rows[left] ?? Infinity
    const theirs = other.rows[right] ?? Infinity
    if (mine === theirs) throw new Error(`row ${mine} is in the part already`)
    const source = mine < theirs ? one : other
    const position = mine < theirs ? left++ : right++
    rows[i] = Math.min(mine, theirs)
    for (const [id, values] of columns.entries()) {
      values.push(source.columns[id]?.[position] ?? null)
    }
  }
  return { rows, columns }
}

/** The rows of a block below a bound. */
export function clipBlock({ rows, columns }: RowBlock, below: number): RowBlock {
  let count = rows.length
  while (count > 0 && (rows[count - 1] ?? 0) >= below) count -= 1
  return { rows: rows.slice(0, count), columns: columns.map((values) => values.slice(0, count)) }
}

function gridCell(row: number | undefined): number {
  // Blocks are never empty.
  return Math.floor((row ?? 0) / rowGroupRows)
}
