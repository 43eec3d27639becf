import { isUtf8 } from 'node:buffer'
import { parquetSchema, type ColumnMetaData, type FileMetaData } from 'hyparquet'
import type { SchemaTree } from 'hyparquet'
import type { SeedColumn } from '../define.ts'
import {
  type Decimal,
  fits,
  fitsBound,
  fitsByPrecision,
  numberType,
  readUnits,
} from './parquet-decimal.ts'
import { BinaryValue, type Findings, type ParquetColumn, type Read } from './parquet-types.ts'
import { isVariant } from './parquet-variant.ts'

/** A column of one file, with what decides its type among those of others. */
export interface FileColumn extends SeedColumn {
  /** It has no value here, so its type says nothing. */
  readonly isEmpty: boolean
  /** It has whole numbers that a double would round; only set for one of several files. */
  readonly isLong: boolean
  /** Of a column that is text because no number type holds its decimals. */
  readonly decimal: Decimal | null
  /** Some of its values have bytes that are not text: nothing here can hold them. */
  readonly isBinary: boolean
}

/** Reads the values of one column that has no children, as they are stored. */
type ReadColumn = (name: string, rowStart: number, rowEnd: number) => Promise<ArrayLike<unknown>>

/** What the statistics of column chunks say, without reading a value. */
export function findingsOf(metadata: FileMetaData): Findings {
  return {
    fitsNumber(path, decimal) {
      if (fitsByPrecision(decimal)) return true
      const bounds = chunksOf(metadata, path).map((chunk) => boundsOf(chunk))
      return bounds.every((bound) => bound?.every((end) => fitsBound(decimal, end) === true))
    },
  }
}

/**
 * What of a column decides its type among the columns of several files. Values are read only where
 * statistics leave something open.
 */
export async function describeColumns(
  metadata: FileMetaData,
  columns: readonly ParquetColumn[],
  { read, isOneOfSeveral }: { read: ReadColumn; isOneOfSeveral: boolean },
): Promise<FileColumn[]> {
  const nodes = parquetSchema(metadata).children
  const described: FileColumn[] = []
  for (const [at, column] of columns.entries()) {
    const node = nodes[at]
    if (node === undefined) throw new Error(`no schema for column ${at}`)
    described.push(await describeColumn(metadata, node, column, read, isOneOfSeveral))
  }
  return described
}

async function describeColumn(
  metadata: FileMetaData,
  node: SchemaTree,
  { name, type, decimal, read: readValue }: ParquetColumn,
  read: ReadColumn,
  isOneOfSeveral: boolean,
): Promise<FileColumn> {
  const chunks = chunksOf(metadata, [name])
  const isEmpty =
    node.element.logical_type?.type === 'NULL' ||
    metadata.num_rows === 0n ||
    (node.children.length === 0 && chunks.length > 0 && chunks.every(hasOnlyNulls))
  const every = (test: (raw: unknown) => boolean): Promise<boolean> =>
    everyValue(metadata, name, read, test)
  const isBinary = isVariant(node.element)
    ? !(await every((raw) => isTextIn(readValue, raw)))
    : hasBareBytes(node) && !(await every(isText))
  if (decimal !== null) {
    const isNumber =
      type !== 'string' ||
      (!chunks.some((chunk) => boundsOf(chunk)?.some((end) => fitsBound(decimal, end) === false)) &&
        (await every((raw) => fits(decimal, readUnits(raw)))))
    const own = isNumber ? numberType(decimal) : type
    const isLong =
      own === 'int64' && isOneOfSeveral && !(await every((raw) => isShort(readUnits(raw))))
    return { name, type: own, isEmpty, isLong, decimal: isNumber ? null : decimal, isBinary }
  }
  const isLong = type === 'int64' && isOneOfSeveral && !(await areShort(chunks, every))
  return { name, type, isEmpty, isLong, decimal: null, isBinary }
}

/** Whether it has bytes of which the file does not say what they are: old writers mark no text. */
function hasBareBytes({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.some(hasBareBytes)
  const { type, converted_type: converted, logical_type: logical } = element
  return type?.endsWith('BYTE_ARRAY') === true && converted === undefined && logical === undefined
}

/** Of a variant, whose bytes say themselves what is text; what is damaged is reported where it is read. */
function isTextIn(read: Read, raw: unknown): boolean {
  try {
    read(raw)
    return true
  } catch (error) {
    return !(error instanceof BinaryValue)
  }
}

function isText(raw: unknown): boolean {
  if (raw instanceof Uint8Array) return isUtf8(raw)
  if (typeof raw !== 'object' || raw === null) return true
  return Object.values(raw).every(isText)
}

/** Whether all integers are exact as doubles too. */
async function areShort(
  chunks: readonly ColumnMetaData[],
  every: (test: (raw: unknown) => boolean) => Promise<boolean>,
): Promise<boolean> {
  const bounds = chunks.map((chunk) => boundsOf(chunk))
  if (bounds.every((ends) => ends !== null)) return bounds.every((ends) => ends.every(isShort))
  return every(isShort)
}

function isShort(value: unknown): boolean {
  return Number.isSafeInteger(Number(value))
}

async function everyValue(
  metadata: FileMetaData,
  name: string,
  read: ReadColumn,
  test: (raw: unknown) => boolean,
): Promise<boolean> {
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const values = rowStart === rowEnd ? [] : await read(name, rowStart, rowEnd)
    for (const raw of Array.from(values)) {
      if (raw !== null && raw !== undefined && !test(raw)) return false
    }
    rowStart = rowEnd
  }
  return true
}

function chunksOf(metadata: FileMetaData, path: readonly string[]): ColumnMetaData[] {
  return metadata.row_groups.flatMap(({ columns }) =>
    columns.flatMap(({ meta_data: chunk }) =>
      chunk !== undefined &&
      chunk.path_in_schema.length === path.length &&
      chunk.path_in_schema.every((name, at) => name === path[at])
        ? [chunk]
        : [],
    ),
  )
}

/** Least and greatest value; nothing where there are none, null where it is not known. */
function boundsOf(chunk: ColumnMetaData): unknown[] | null {
  if (hasOnlyNulls(chunk)) return []
  // `min` and `max`, which older writers give, may be in the order of bytes.
  const { min_value: least, max_value: greatest } = chunk.statistics ?? {}
  return least === undefined || greatest === undefined ? null : [least, greatest]
}

function hasOnlyNulls({ statistics, num_values: values }: ColumnMetaData): boolean {
  return statistics?.null_count !== undefined && statistics.null_count === values
}
