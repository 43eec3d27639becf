import { isUtf8 } from 'node:buffer'
import type { SchemaElement, SchemaTree } from 'hyparquet'
import { isListLike, isMapLike } from 'hyparquet/src/schema.js'
import type { ColumnType } from '../../graph/column-type.ts'
import { parseJson } from '../../util/json.ts'
import { pythonFloat } from '../../util/python-float.ts'
import { clockText, dateText, timestampText, type TimestampForm } from '../../util/timestamp.ts'
import { Double, toDouble, toInteger, type Value } from '../../util/value.ts'
import { quoted } from '../../config/literal.ts'
import { SeedFault } from '../define.ts'
import { widenTo } from '../value-type.ts'
import { isVariant, variantReader } from './parquet-variant.ts'
import {
  decimalNumber,
  decimalOf,
  decimalText,
  numberType,
  readUnits,
  type Decimal,
} from './parquet-decimal.ts'

/** A column of a Parquet file: its type here, and its values from what the reader gives. */
export interface ParquetColumn {
  readonly name: string
  readonly type: ColumnType
  /** Throws for a value the type cannot hold. */
  readonly read: Read
  readonly decimal: Decimal | null
}

export type Read = (raw: unknown) => Value

interface Reading {
  type: ColumnType
  read: Read
  decimal?: Decimal
}

/** What statistics tell about a file's values; a type alone does not say it. */
export interface Findings {
  /** Whether all values of a decimal leaf are known to fit into a number type. */
  fitsNumber(path: readonly string[], decimal: Decimal): boolean
}

/** What a column of that schema becomes. Throws `SeedFault` for types that have no place here. */
export function readParquetColumn(node: SchemaTree, findings: Findings): ParquetColumn {
  const { type, read, decimal = null } = readNode(node, findings)
  return { name: node.element.name, type, read: nullable(read), decimal }
}

/** How a column is read when the columns of all files have another type than its own. */
export function readAs(type: ColumnType, { read, decimal }: ParquetColumn): Read {
  if (type === 'string')
    return decimal === null ? (raw) => toText(read(raw)) : nullable(textOf(decimal))
  const isNumber = type === 'int64' || type === 'float64'
  const own = isNumber && decimal !== null ? nullable(numberOf(decimal)) : read
  return (raw) => widenTo(type, own(raw))
}

function nullable(read: Read): Read {
  return (raw) => (raw === null || raw === undefined ? null : read(raw))
}

function readNode(node: SchemaTree, findings: Findings): Reading {
  const [child] = node.children
  if (child === undefined) return repeated(node, readLeaf(node, findings))
  if (isVariant(node.element)) {
    const leaf = (of: SchemaTree): Read => readLeaf(of, findings).read
    return { type: 'json', read: variantReader(node, { textOf: readText, leaf }) }
  }
  if (isListLike(node)) {
    // The middle level of a three-level list; older writers leave it out.
    const [item = child] = child.children.length === 1 ? child.children : []
    const { read } = item === child ? readItem(child, findings) : readNode(item, findings)
    return { type: 'json', read: listOf(nullable(read)) }
  }
  const [key, value] = child.children
  if (isMapLike(node) && key !== undefined && value !== undefined) {
    return { type: 'json', read: mapOf(nullable(readNode(value, findings).read)) }
  }
  return repeated(node, { type: 'json', read: structOf(node, findings) })
}

/** The repeated node of a two-level list is the item itself. */
function readItem(node: SchemaTree, findings: Findings): Reading {
  if (node.children.length === 0) return readLeaf(node, findings)
  return { type: 'json', read: structOf(node, findings) }
}

function repeated(node: SchemaTree, reading: Reading): Reading {
  if (node.element.repetition_type !== 'REPEATED') return reading
  return { type: 'json', read: listOf(nullable(reading.read)) }
}

function listOf(read: Read): Read {
  return (raw) => Array.from(raw as ArrayLike<unknown>, (item) => read(item))
}

function mapOf(read: Read): Read {
  return (raw) => new Map(Object.entries(raw as object).map(([key, item]) => [key, read(item)]))
}

function structOf(node: SchemaTree, findings: Findings): Read {
  const fields = node.children.map((child) => readParquetColumn(child, findings))
  refuseUnreadable(node)
  return (raw) => {
    // The reader makes structs plain objects and leaves null fields out.
    const struct = raw as Readonly<Record<string, unknown>>
    return new Map(fields.map(({ name, read }) => [name, read(struct[name])]))
  }
}

/** The reader's plain objects lose a field of that name. */
function refuseUnreadable({ children, path }: SchemaTree): void {
  if (!children.some(({ element }) => element.name === '__proto__')) return
  throw new SeedFault(
    'unsupported',
    `column ${quoted(path.join('.'))} has a field called '__proto__', which can't be read`,
    { suggestion: 'Give the field another name in the file.' },
  )
}

function readLeaf({ element, path }: SchemaTree, findings: Findings): Reading {
  const { type, converted_type: converted, logical_type: logical } = element
  // No type was known to who wrote the file: it has no values.
  if (logical?.type === 'NULL') return { type: 'string', read: () => null }
  const time = readTime(element)
  if (time !== null) return time
  const decimal = decimalOf(element)
  if (decimal !== null) {
    const isNumber = findings.fitsNumber(path, decimal)
    if (!isNumber) return { type: 'string', read: textOf(decimal), decimal }
    return { type: numberType(decimal), read: numberOf(decimal), decimal }
  }
  if (converted === 'BSON' || converted === 'INTERVAL') throw unsupported(path, converted)
  if (logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') {
    throw unsupported(path, logical.type)
  }
  if (converted === 'JSON' || logical?.type === 'JSON') {
    return { type: 'json', read: (raw) => parseJson(readText(raw)) }
  }
  if (logical?.type === 'FLOAT16') return { type: 'float64', read: readDouble }
  switch (type) {
    case 'BOOLEAN':
      return { type: 'bool', read: Boolean }
    case 'INT32':
    case 'INT64':
      return { type: 'int64', read: readInteger }
    case 'FLOAT':
    case 'DOUBLE':
      return { type: 'float64', read: readDouble }
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return { type: 'string', read: readText }
    default:
      throw unsupported(path, String(type))
  }
}

function textOf(decimal: Decimal): Read {
  return (raw) => decimalText(decimal, readUnits(raw))
}

function numberOf(decimal: Decimal): Read {
  return (raw) => decimalNumber(decimal, readUnits(raw))
}

/** A number among texts, as a template prints it. */
function toText(value: Value): Value {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && Number.isInteger(value)) return String(value)
  if (typeof value === 'number') return pythonFloat(value)
  return value instanceof Double ? pythonFloat(value.value) : value
}

function readInteger(raw: unknown): Value {
  if (typeof raw !== 'bigint') return Number(raw)
  if (BigInt.asIntN(64, raw) !== raw) throw new Error(`${raw} does not fit in a signed int64`)
  return toInteger(raw)
}

function readDouble(raw: unknown): Value {
  return toDouble(Number(raw))
}

// A mark at the start of a value is part of the value.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Read with what is stored once for many values, as in a dictionary. */
export function textOrBytes(raw: Uint8Array | undefined): string | Uint8Array | undefined {
  return raw !== undefined && isUtf8(raw) ? decoder.decode(raw) : raw
}

/** Bytes that are not text. */
export class BinaryValue extends Error {}

function readText(raw: unknown): string {
  const text = raw instanceof Uint8Array ? textOrBytes(raw) : raw
  if (typeof text === 'string') return text
  throw new BinaryValue('its bytes are not UTF-8 text; binary data cannot be a seed value')
}

/** Clock times have no type here and stay text, and so do the dates of old Impala and Spark. */
function readTime(element: SchemaElement): Reading | null {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DATE' || logical?.type === 'DATE') {
    return { type: 'date', read: (raw) => dateText(Number(raw)) }
  }
  if (logical?.type === 'TIMESTAMP') {
    return timestamps({ perSecond: unitsPerSecond[logical.unit], utc: logical.isAdjustedToUTC })
  }
  if (converted === 'TIMESTAMP_MILLIS') return timestamps({ perSecond: 1_000, utc: true })
  if (converted === 'TIMESTAMP_MICROS') return timestamps({ perSecond: 1_000_000, utc: true })
  // Its range is larger than that of any timestamp in nanoseconds.
  if (type === 'INT96') return { ...timestamps(nanoseconds), type: 'string' }
  if (logical?.type === 'TIME') return clocks(unitsPerSecond[logical.unit])
  if (converted === 'TIME_MILLIS') return clocks(1_000)
  if (converted === 'TIME_MICROS') return clocks(1_000_000)
  return null
}

const unitsPerSecond = { MILLIS: 1_000, MICROS: 1_000_000, NANOS: 1_000_000_000 } as const
const nanoseconds: TimestampForm = { perSecond: 1_000_000_000, utc: false }

function timestamps(form: TimestampForm): Reading {
  const zone = form.utc ? '_utc' : ''
  const type =
    form.perSecond === 1_000_000_000
      ? (`timestamp_ns${zone}` as const)
      : (`timestamp${zone}` as const)
  return { type, read: (raw) => timestampText(toBigInt(raw), form) }
}

function clocks(perSecond: TimestampForm['perSecond']): Reading {
  return { type: 'string', read: (raw) => clockText(toBigInt(raw), perSecond) }
}

function toBigInt(raw: unknown): bigint {
  return typeof raw === 'bigint' ? raw : BigInt(Number(raw))
}

function unsupported(path: readonly string[], type: string): SeedFault {
  return new SeedFault(
    'unsupported',
    `column ${quoted(path.join('.'))} has the Parquet type ${type}`,
    {
      suggestion: 'Convert it to text or a number, or leave it out of the file.',
    },
  )
}
