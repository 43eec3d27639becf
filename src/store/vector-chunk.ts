import type { ColumnChunk, ColumnMetaData, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { ByteWriter, type Writer } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { compressors, decompressors, type FileSource } from './parquet-codec.ts'

/*
 * A column of vectors is a Parquet LIST of FLOAT. hyparquet and its writer take every number for
 * itself, with two levels next to it; here a page is its vectors' bytes as they are, and levels are
 * runs. That is a hundredth of the work, and of the memory a fifth. What is read is what was written
 * here.
 */

type Vectors = readonly (Float32Array | null)[]

/** Values of a page, about. */
const PAGE_BYTES = 2 ** 20
/** Nothing is null from the list to the number. */
const DEFINED = 3

/** Writes the chunk of a row group; every vector has at least one number. */
export function writeVectorChunk(writer: Writer, name: string, vectors: Vectors): ColumnChunk {
  const start = writer.offset
  let uncompressed = 0
  let values = 0
  let nulls = 0
  let pages = 0
  for (let from = 0; from < vectors.length;) {
    let to = from
    for (let bytes = 0; to < vectors.length && bytes < PAGE_BYTES; to += 1) {
      bytes += vectors[to]?.byteLength ?? 0
    }
    const page = writePage(writer, vectors.slice(from, to))
    uncompressed += page.bytes
    values += page.values
    nulls += page.nulls
    pages += 1
    from = to
  }
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: 'FLOAT',
      encodings: ['PLAIN', 'RLE'],
      path_in_schema: [name, 'list', 'element'],
      codec: 'ZSTD',
      num_values: BigInt(values),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(start),
      statistics: { null_count: BigInt(nulls) },
      encoding_stats: [{ page_type: 'DATA_PAGE_V2', encoding: 'PLAIN', count: pages }],
    },
  }
}

function writePage(
  writer: Writer,
  vectors: Vectors,
): { bytes: number; values: number; nulls: number } {
  const present = vectors.filter((vector) => vector !== null)
  const nulls = vectors.length - present.length
  const numbers = present.reduce((sum, { length }) => sum + length, 0)
  // A null takes a place among the levels.
  const values = numbers + nulls
  const repetition = levels(vectors, (run, vector) => {
    run(0, 1)
    if (vector !== null) run(1, vector.length - 1)
  })
  const definition = levels(vectors, (run, vector) => {
    if (vector === null) run(0, 1)
    else run(DEFINED, vector.length)
  })
  const content = new Float32Array(numbers)
  let at = 0
  for (const vector of present) {
    content.set(vector, at)
    at += vector.length
  }
  const compressed = compressors.ZSTD(new Uint8Array(content.buffer))
  const levelBytes = repetition.length + definition.length
  const start = writer.offset
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levelBytes + content.byteLength,
    compressed_page_size: levelBytes + compressed.length,
    data_page_header_v2: {
      num_values: values,
      num_nulls: nulls,
      num_rows: vectors.length,
      encoding: 'PLAIN',
      repetition_levels_byte_length: repetition.length,
      definition_levels_byte_length: definition.length,
      is_compressed: true,
    },
  })
  const headerBytes = writer.offset - start
  writer.appendBytes(repetition)
  writer.appendBytes(definition)
  writer.appendBytes(compressed)
  return { bytes: headerBytes + levelBytes + content.byteLength, values, nulls }
}

/** Levels below 8 in Parquet's RLE, with equal ones in one run. */
function levels(
  vectors: Vectors,
  each: (run: (level: number, count: number) => void, vector: Float32Array | null) => void,
): Uint8Array {
  const bytes = new ByteWriter()
  let last = 0
  let length = 0
  function flush(): void {
    if (length === 0) return
    bytes.appendVarInt(length << 1)
    bytes.appendUint8(last)
    length = 0
  }
  function run(level: number, count: number): void {
    if (count === 0) return
    if (level !== last) flush()
    last = level
    length += count
  }
  for (const vector of vectors) each(run, vector)
  flush()
  return bytes.getBytes()
}

/** Reads a column of a row group that `writeVectorChunk` made. */
export function readVectors(
  source: FileSource,
  group: RowGroup | undefined,
  name: string,
): Vectors {
  const found = group?.columns.find(({ meta_data: chunk }) => chunk?.path_in_schema[0] === name)
  const chunk = found?.meta_data
  if (chunk === undefined) throw new Error(`the file lacks the column ${name}`)
  const start = Number(chunk.data_page_offset)
  return readPages(source.read(start, start + Number(chunk.total_compressed_size)), chunk)
}

function readPages(bytes: Uint8Array<ArrayBuffer>, chunk: ColumnMetaData): Vectors {
  const vectors: (Float32Array | null)[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = { view, offset: 0 }
  while (reader.offset < bytes.length) {
    const header = parquetHeader(reader)
    const page = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size)
    reader.offset += header.compressed_page_size
    const levelSizes = header.data_page_header_v2
    if (levelSizes === undefined || chunk.codec !== 'ZSTD') {
      throw new Error(`column ${chunk.path_in_schema.join('.')} has pages of another form`)
    }
    const behindRepetition = levelSizes.repetition_levels_byte_length
    const behindLevels = behindRepetition + levelSizes.definition_levels_byte_length
    const lengths = rowLengths(
      runsOf(page.subarray(0, behindRepetition)),
      runsOf(page.subarray(behindRepetition, behindLevels)),
    )
    const content = decompressors.ZSTD(page.subarray(behindLevels))
    let at = 0
    for (const length of lengths) {
      const end = at + 4 * length
      vectors.push(length === 0 ? null : vectorOf(content.subarray(at, end)))
      at = end
    }
  }
  return vectors
}

/** In a separate buffer, whose start is a multiple of four. */
function vectorOf(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(bytes.length / 4)
  new Uint8Array(vector.buffer).set(bytes)
  return vector
}

interface Run {
  level: number
  count: number
}

/** Numbers of each row, 0 for a null: a row begins at every 0 of the first levels. */
function rowLengths(repetition: readonly Run[], definition: readonly Run[]): number[] {
  const lengths: number[] = []
  for (const { level, count } of repetition) {
    if (level === 0) for (let row = 0; row < count; row += 1) lengths.push(1)
    else lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + count
  }
  let row = 0
  for (const { level, count } of definition) {
    for (let values = 0; values < count; row += 1) {
      values += lengths[row] as number
      if (level === 0) lengths[row] = 0
    }
  }
  return lengths
}

/** Runs as `levels` writes them. */
function runsOf(bytes: Uint8Array): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    let count = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] as number
      at += 1
      count += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    runs.push({ level: bytes[at] as number, count: count / 2 })
  }
  return runs
}
