import { rmSync } from 'node:fs'
import {
  parquetMetadataAsync,
  type ColumnChunk,
  type ColumnMetaData,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import {
  createdBy,
  createSink,
  datasetSchema,
  openSource,
  parsers,
  type FileColumn,
  type FileSink,
  type FileSource,
  type WrittenFile,
} from './parquet-codec.ts'
import { verifyPart, type RecordedFile } from './verify.ts'
import { clipBlock, readPartFile, writePartFile } from './part-file.ts'
import type { RowBlock } from './row-group.ts'

export interface JoinColumn extends FileColumn {
  drop: boolean
}

export interface JoinFileOptions {
  /** The file to write. */
  path: string
  columns: readonly JoinColumn[]
  /** Part files in row order; one with other bytes is refused. */
  parts: readonly RecordedFile[]
  /** Set when the last part holds rows from here on, which stay out. */
  clipLastAt: number | null
}

const magic = new TextEncoder().encode('PAR1')
const copyBytes = 1 << 20

/** Joins part files into one dataset file by copying the bytes of their column chunks. */
export async function joinFile(options: JoinFileOptions): Promise<WrittenFile & { rows: number }> {
  const { path, columns, parts, clipLastAt } = options
  using sink = createSink(path)
  try {
    const kept = columns.filter(({ drop }) => !drop)
    const footer = createFooter(datasetSchema(kept))
    sink.write(magic)
    for (const [index, part] of parts.entries()) {
      verifyPart(part)
      if (clipLastAt !== null && index === parts.length - 1) {
        const clipped = `${path}.clipped`
        await clipPart(part.path, clipped, columns, clipLastAt)
        for (const group of await copyPart(clipped, columns, sink)) footer.add(group)
        rmSync(clipped)
      } else {
        for (const group of await copyPart(part.path, columns, sink)) footer.add(group)
      }
    }
    sink.write(footer.bytes())
    return { ...sink.finish(), rows: Number(footer.rows) }
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}

async function clipPart(
  from: string,
  to: string,
  columns: readonly FileColumn[],
  below: number,
): Promise<void> {
  async function* blocks(): AsyncGenerator<RowBlock> {
    for await (const block of readPartFile(from, columns)) {
      const clipped = clipBlock(block, below)
      if (clipped.rows.length > 0) yield clipped
    }
  }
  await writePartFile({ path: to, columns, blocks: blocks() })
}

/** Copies the kept columns of a part and gives its row groups as they stand in the new file. */
async function copyPart(
  path: string,
  columns: readonly JoinColumn[],
  sink: FileSink,
): Promise<RowGroup[]> {
  using source = openSource(path)
  const metadata = await parquetMetadataAsync(source.buffer, { parsers, geoparquet: false })
  const kept = columns.filter(({ drop }) => !drop)
  return metadata.row_groups.map(({ columns: chunks, num_rows }) => {
    // By name: a part of an older config has its columns in another order, and others next to them.
    const byName = new Map(chunks.map((chunk) => [chunk.meta_data?.path_in_schema[0], chunk]))
    const copied = kept.map(({ name }) => copyChunk(byName.get(name), source, sink, path))
    return {
      columns: copied.map(({ chunk }) => chunk),
      num_rows,
      total_byte_size: sum(copied.map(({ meta }) => meta.total_uncompressed_size)),
      total_compressed_size: sum(copied.map(({ meta }) => meta.total_compressed_size)),
    }
  })
}

function copyChunk(
  chunk: ColumnChunk | undefined,
  source: FileSource,
  sink: FileSink,
  path: string,
): { chunk: ColumnChunk; meta: ColumnMetaData } {
  const meta = chunk?.meta_data
  if (meta === undefined) throw new Error(`${path} lacks a column`)
  const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
  const end = start + Number(meta.total_compressed_size)
  const shift = BigInt(sink.bytes - start)
  for (let from = start; from < end; from += copyBytes) {
    sink.write(source.read(from, Math.min(from + copyBytes, end)))
  }
  const shifted = { ...meta, data_page_offset: meta.data_page_offset + shift }
  if (meta.dictionary_page_offset !== undefined) {
    shifted.dictionary_page_offset = meta.dictionary_page_offset + shift
  }
  // A chunk made anew omits the page indexes, which stay behind in the part.
  return { chunk: { file_offset: BigInt(start) + shift, meta_data: shifted }, meta }
}

function sum(sizes: readonly bigint[]): bigint {
  return sizes.reduce((total, size) => total + size, 0n)
}

/** Everything behind the column chunks, grown row group by row group. */
interface Footer {
  readonly rows: bigint
  add(group: RowGroup): void
  bytes(): Uint8Array
}

/**
 * Keeps row groups as the bytes they are in the end: as objects those of ten million rows take a
 * hundred megabytes.
 *
 * hyparquet-writer encodes whole metadata only. In Thrift's compact protocol the bytes of a list's
 * element do not depend on what is next to it, so each is cut out of metadata that has no other.
 */
function createFooter(schema: SchemaElement[]): Footer {
  const empty = metadataBytes(schema, [], 0n)
  const groups: Uint8Array[] = []
  /** Bytes of the metadata behind the list of row groups. */
  let behind = 0
  let rows = 0n
  return {
    get rows() {
      return rows
    },
    add(group) {
      const one = metadataBytes(schema, [group], 0n)
      // The first byte to differ is the list's header: one element, not none.
      const header = one.findIndex((byte, at) => byte !== empty[at])
      behind = empty.length - header - 1
      groups.push(one.slice(header + 1, one.length - behind))
      rows += group.num_rows
    },
    bytes() {
      const none = metadataBytes(schema, [], rows)
      const metadata =
        groups.length === 0
          ? [none]
          : [
              none.subarray(0, none.length - behind - 1),
              structListHeader(groups.length),
              ...groups,
              none.subarray(none.length - behind),
            ]
      const length = new DataView(new ArrayBuffer(4))
      length.setUint32(
        0,
        metadata.reduce((total, piece) => total + piece.length, 0),
        true,
      )
      return Buffer.concat([...metadata, new Uint8Array(length.buffer), magic])
    },
  }
}

/** Thrift's compact protocol: up to 14 elements are counted in the byte that has their type. */
function structListHeader(count: number): Uint8Array {
  const struct = 12
  if (count < 15) return Uint8Array.of((count << 4) | struct)
  const bytes = [0xf0 | struct]
  let rest = count
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** Only the metadata of a file with these row groups, without its length and magic. */
function metadataBytes(schema: SchemaElement[], groups: RowGroup[], rows: bigint): Uint8Array {
  const memory = new ByteWriter()
  const parquet = new ParquetWriter({ writer: memory, schema, createdBy })
  parquet.row_groups = groups
  parquet.num_rows = rows
  // Without pending indexes finishing writes the metadata only, and nothing waits.
  void parquet.finish()
  return memory.getBytes().subarray(magic.length, -4 - magic.length)
}
