import { rmSync } from 'node:fs'
import { parquetMetadataAsync, parquetScan } from 'hyparquet'
import { ByteWriter, ParquetWriter, type Writer } from 'hyparquet-writer'
import type { StoredValue } from '../graph/stored-value.ts'
import type { PartProfiler } from '../profile/part-profile.ts'
import { countValues } from '../profile/value-counts.ts'
import { copyOfText } from '../util/copy-text.ts'
import {
  createdBy,
  createSink,
  decompressors,
  openSource,
  parsers,
  partSchema,
  type FileColumn,
  type WrittenFile,
} from './parquet-codec.ts'
import { isVectorType } from '../graph/column-type.ts'
import { storedReader } from './parquet-value.ts'
import { createRowGroup, type RowBlock, type RowGroupLimits } from './row-group.ts'
import { rowColumn } from './run-settings.ts'
import { readVectors } from './vector-chunk.ts'
import { writeRowGroup } from './write-row-group.ts'

export interface WritePartOptions {
  path: string
  columns: readonly FileColumn[]
  /** Blocks in row order; how the rows are cut into them does not change the file. */
  blocks: Iterable<RowBlock> | AsyncIterable<RowBlock>
  limits?: RowGroupLimits
  /** Gets every row group, its values counted once for both. */
  profiler?: PartProfiler
}

/** Writes a part file, one row group after another, and syncs it; on failure nothing stays. */
export async function writePartFile(options: WritePartOptions): Promise<WrittenFile> {
  const { path, columns, blocks, limits, profiler } = options
  using sink = createSink(path)
  try {
    const memory = new ByteWriter()
    const writer: Writer = Object.assign(memory, {
      flush: () => {
        sink.write(memory.getBytes())
        memory.index = 0
      },
    })
    const parquet = new ParquetWriter({ writer, schema: partSchema(columns), createdBy })
    const group = createRowGroup(columns.length, limits)
    function write(block: RowBlock): void {
      const counts = block.columns.map(countValues)
      profiler?.add(block.columns, counts)
      writeRowGroup(parquet, columns, block, counts)
      shortenBounds(parquet)
    }
    for await (const block of blocks) {
      for (const full of group.add(block)) write(full)
    }
    const rest = group.take()
    if (rest !== null) write(rest)
    await parquet.finish()
    sink.write(memory.getBytes())
    return sink.finish()
  } catch (error) {
    // What is half written only takes space; the intent would remove it at the next open.
    rmSync(path, { force: true })
    throw error
  }
}

/** More than the writer keeps of a text in the footer, where it cuts least and greatest values. */
const BOUND_CHARACTERS = 256

/**
 * The writer keeps the least and the greatest value of every column of a row group as they are until
 * the file is finished: long texts of many row groups would all stay in memory.
 */
function shortenBounds({ row_groups: groups }: ParquetWriter): void {
  for (const { meta_data: meta } of groups.at(-1)?.columns ?? []) {
    const bounds = meta?.statistics
    if (bounds === undefined) continue
    for (const name of ['min_value', 'max_value'] as const) {
      const value = bounds[name]
      if (typeof value === 'string' && value.length > BOUND_CHARACTERS) {
        bounds[name] = copyOfText(value, BOUND_CHARACTERS)
      }
    }
  }
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
  for (const [at, range] of scan.ranges.entries()) {
    const numbers = await scan.readColumn({ column: rowColumn, ...range })
    const values: StoredValue[][] = []
    for (const { name, type } of columns) {
      if (isVectorType(type)) {
        values.push([...readVectors(source, metadata.row_groups[at], name)])
        continue
      }
      const data = await scan.readColumn({ column: name, ...range })
      // hyparquet types values as `any`; the schema is the one of `partSchema`.
      values.push(Array.from(data, storedReader(type)))
    }
    yield { rows: Float64Array.from(numbers, Number), columns: values }
  }
}

/**
 * Merges two streams of blocks in row order; a row in both is a mistake. One block of each is held,
 * and of `fresh` the next is asked for only once all of the last is given on.
 */
export async function* mergeBlocks(
  old: AsyncIterable<RowBlock>,
  fresh: AsyncIterable<RowBlock>,
): AsyncGenerator<RowBlock> {
  const cursors = [cursorOver(old), cursorOver(fresh)] as const
  const [one, other] = cursors
  await Promise.all([one.fill(), other.fill()])
  try {
    while (one.block !== null && other.block !== null) {
      const end = Math.min(lastRow(one.block), lastRow(other.block)) + 1
      const [left, right] = [one.until(end), other.until(end)]
      if (left === null || right === null) yield (left ?? right) as RowBlock
      else yield mergeBlock(left, right)
      await Promise.all([one.fill(), other.fill()])
    }
    for (const cursor of cursors) {
      while (cursor.block !== null) {
        yield cursor.block
        cursor.block = null
        await cursor.fill()
      }
    }
  } finally {
    await Promise.all([one.end(), other.end()])
  }
}

interface BlockCursor {
  /** What is left of the block being merged; null when there is none. */
  block: RowBlock | null
  /** Gets the next block when this one is used up. */
  fill(): Promise<void>
  /** Takes the rows below a bound; null when there are none. */
  until(end: number): RowBlock | null
  end(): Promise<unknown>
}

function cursorOver(blocks: AsyncIterable<RowBlock>): BlockCursor {
  const iterator = blocks[Symbol.asyncIterator]()
  const cursor: BlockCursor = {
    block: null,
    async fill() {
      if (cursor.block !== null) return
      const next = await iterator.next()
      cursor.block = next.done === true ? null : next.value
    },
    until(end) {
      const { block } = cursor
      if (block === null || (block.rows[0] ?? end) >= end) return null
      const count = rowsBelow(block.rows, end)
      cursor.block = count === block.rows.length ? null : sliceBlock(block, count)
      return count === block.rows.length ? block : sliceBlock(block, 0, count)
    },
    end: async () => iterator.return?.(),
  }
  return cursor
}

function lastRow({ rows }: RowBlock): number {
  return rows.at(-1) ?? 0
}

function rowsBelow(rows: Float64Array, end: number): number {
  let count = rows.length
  while (count > 0 && (rows[count - 1] ?? 0) >= end) count -= 1
  return count
}

export function sliceBlock({ rows, columns }: RowBlock, from: number, to?: number): RowBlock {
  return { rows: rows.slice(from, to), columns: columns.map((values) => values.slice(from, to)) }
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
export function clipBlock(block: RowBlock, below: number): RowBlock {
  return sliceBlock(block, 0, rowsBelow(block.rows, below))
}
