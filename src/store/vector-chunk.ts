import type { ColumnChunk } from 'hyparquet'
import { ByteWriter, type Writer } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { compressors } from './parquet-codec.ts'

/*
 * A column of vectors is a Parquet LIST of FLOAT. hyparquet-writer would take every number as an
 * object of its own, with two levels beside it; here a page is its vectors' bytes as they are, and
 * levels are runs.
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
