import type { ColumnChunk, Encoding } from 'hyparquet'
import { ByteWriter, type Writer } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js'
import type { StoredValue } from '../graph/stored-value.ts'
import type { ValueCounts } from '../profile/value-counts.ts'
import { boundsOf } from './column-bounds.ts'
import { compressors } from './parquet-codec.ts'
import { plainPage, type PlainType } from './plain-page.ts'

/** A column of a row group; without a structure, so that a value is a cell. */
export interface ChunkColumn {
  name: string
  type: PlainType
  /** A column that can't have a null has no definition levels. */
  required: boolean
  values: readonly StoredValue[]
  /** Null where most values are different. */
  counts: ColumnCounts | null
}

/** The values as pages have them. */
type ColumnCounts = Omit<ValueCounts, 'values'> & { values: readonly StoredValue[] }

interface Page {
  start: number
  end: number
}

/** Of the values of a page, as they are estimated. */
const pageBytes = 2 ** 20

/**
 * Writes a column of a row group, byte for byte as hyparquet-writer does: that one works on any value,
 * one by one, and takes several times as long.
 */
export function writeColumnChunk(writer: Writer, column: ChunkColumn): ColumnChunk {
  const { name, type, values, counts } = column
  const start = writer.offset
  const dictionary = dictionaryOf(column)
  let uncompressed = 0
  const encodings: Encoding[] = []
  if (dictionary !== null) {
    uncompressed += writeDictionary(writer, type, dictionary)
    encodings.push('PLAIN')
  }
  const dataAt = writer.offset
  const encoding = dictionary === null ? plainEncoding(column) : 'RLE_DICTIONARY'
  encodings.push(encoding)
  const pages = pagesOf(column, dictionary !== null)
  for (const page of pages) {
    const body =
      dictionary === null ? plainBody(column, encoding, page) : indexBody(dictionary, page)
    uncompressed += writeDataPage(writer, column, { page, encoding, body })
  }
  const dataPages = { page_type: 'DATA_PAGE_V2', encoding, count: pages.length } as const
  return {
    file_offset: BigInt(start),
    meta_data: {
      type,
      encodings,
      path_in_schema: [name],
      codec: 'ZSTD',
      num_values: BigInt(values.length),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(uncompressed),
      data_page_offset: BigInt(dataAt),
      ...(dictionary === null ? {} : { dictionary_page_offset: BigInt(start) }),
      statistics: boundsOf(type, values, counts?.values ?? values),
      encoding_stats:
        dictionary === null
          ? [dataPages]
          : [{ page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 }, dataPages],
    },
  }
}

/** Null unless a dictionary takes at most half of what plain values do. */
function dictionaryOf({ type, values, counts }: ChunkColumn): ColumnCounts | null {
  if (counts === null || type === 'BOOLEAN') return null
  // A dictionary would take -0 for 0.
  if (type === 'DOUBLE' && counts.values.includes(0) && values.some((one) => Object.is(one, -0))) {
    return null
  }
  const { values: different, times, nulls } = counts
  let dictionary = 0
  let plain = 0
  for (let at = 0; at < different.length; at += 1) {
    const bytes = estimates[type](different[at] ?? null) + (type === 'BYTE_ARRAY' ? 4 : 0)
    dictionary += bytes
    plain += bytes * (times[at] as number)
  }
  const bits = (values.length - nulls) * bitsFor(different.length - 1)
  return 2 * (dictionary + Math.ceil(bits / 8)) > plain ? null : counts
}

/** Bits that hold the numbers from 0 to one. */
function bitsFor(greatest: number): number {
  return Math.ceil(Math.log2(greatest + 1))
}

function plainEncoding({ type, values }: ChunkColumn): Encoding {
  return type === 'BOOLEAN' && values.length > 16 ? 'RLE' : 'PLAIN'
}

function pagesOf({ type, values }: ChunkColumn, hasDictionary: boolean): Page[] {
  const bytesOf = hasDictionary ? fourBytes : estimates[type]
  if (bytesOf !== estimates.BYTE_ARRAY && values.length * 8 < pageBytes) {
    return [{ start: 0, end: values.length }]
  }
  const pages: Page[] = []
  let start = 0
  let bytes = 0
  for (let at = 0; at < values.length; at += 1) {
    const own = bytesOf(values[at] ?? null)
    bytes += own
    if (bytes < pageBytes || at === start) continue
    pages.push({ start, end: at })
    start = at
    bytes = own
  }
  pages.push({ start, end: values.length })
  return pages
}

const eightBytes = (value: StoredValue): number => (value === null ? 0 : 8)
const fourBytes = (value: StoredValue): number => (value === null ? 0 : 4)

const estimates: Record<PlainType, (value: StoredValue) => number> = {
  BOOLEAN: (value) => (value === null ? 0 : 1 / 8),
  INT32: fourBytes,
  INT64: eightBytes,
  DOUBLE: eightBytes,
  BYTE_ARRAY: (value) => (typeof value === 'string' ? value.length : 0),
}

function plainBody({ type, values }: ChunkColumn, encoding: Encoding, page: Page): Uint8Array {
  const own = values.slice(page.start, page.end)
  const present = own.includes(null) ? own.filter((value) => value !== null) : own
  if (encoding !== 'RLE') return plainPage(type, present)
  const flags = new ByteWriter()
  writeRleBitPackedHybrid(flags, Uint8Array.from(present, Number), 1)
  const body = new ByteWriter()
  body.appendUint32(flags.offset)
  body.appendBytes(flags.getBytes())
  return body.getBytes()
}

function indexBody({ positions, nulls }: ColumnCounts, { start, end }: Page): Uint8Array {
  const all = positions.subarray(start, end)
  const own = nulls === 0 ? all : all.filter((position) => position >= 0)
  let greatest = 0
  for (const position of own) if (position > greatest) greatest = position
  const body = new ByteWriter()
  body.appendUint8(bitsFor(greatest))
  writeRleBitPackedHybrid(body, own, bitsFor(greatest))
  return body.getBytes()
}

/** The bytes of the page before they are compressed, its header included. */
function writeDictionary(writer: Writer, type: PlainType, { values }: ColumnCounts): number {
  const body = plainPage(type, values)
  const compressed = compressors.ZSTD(body)
  const start = writer.offset
  writePageHeader(writer, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: body.length,
    compressed_page_size: compressed.length,
    dictionary_page_header: { num_values: values.length, encoding: 'PLAIN' },
  })
  const header = writer.offset - start
  writer.appendBytes(compressed)
  return header + body.length
}

function writeDataPage(
  writer: Writer,
  { values, required }: ChunkColumn,
  { page, encoding, body }: { page: Page; encoding: Encoding; body: Uint8Array },
): number {
  const rows = page.end - page.start
  const levels = new ByteWriter()
  let nulls = 0
  if (!required) {
    const present = new Uint8Array(rows)
    for (let at = 0; at < rows; at += 1) {
      if (values[page.start + at] === null) nulls += 1
      else present[at] = 1
    }
    writeRleBitPackedHybrid(levels, present, 1)
  }
  const compressed = compressors.ZSTD(body)
  const start = writer.offset
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.offset + body.length,
    compressed_page_size: levels.offset + compressed.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: nulls,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.offset,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  })
  const header = writer.offset - start
  writer.appendBytes(levels.getBytes())
  writer.appendBytes(compressed)
  return header + levels.offset + body.length
}
