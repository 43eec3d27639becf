import { isUtf8 } from 'node:buffer'
import type { SchemaElement, SchemaTree } from 'hyparquet'
import { isListLike, isMapLike } from 'hyparquet/src/schema.js'
import type { ColumnType } from '../../graph/kind.ts'
import { parseJson } from '../../util/json.ts'
import { toDouble, toInteger, type Value } from '../../util/value.ts'
import { quoted } from '../../config/literal.ts'
import { SeedFault } from '../define.ts'

/** A column of a Parquet file: its type here, and its values from what the reader gives. */
export interface ParquetColumn {
  readonly name: string
  readonly type: ColumnType
  /** Throws for a value the type cannot hold. */
  readonly read: (raw: unknown) => Value
}

type Read = (raw: unknown) => Value

interface Reading {
  type: ColumnType
  read: Read
}

/** What a column of that schema becomes. Throws `SeedFault` for types that have no place here. */
export function readParquetColumn(node: SchemaTree): ParquetColumn {
  return { name: node.element.name, ...nullable(readNode(node)) }
}

function nullable({ type, read }: Reading): Reading {
  return { type, read: (raw) => (raw === null || raw === undefined ? null : read(raw)) }
}

function readNode(node: SchemaTree): Reading {
  const [child] = node.children
  if (child === undefined) return repeated(node, readLeaf(node))
  if (node.element.logical_type?.type === 'VARIANT') return { type: 'json', read: readAny }
  if (isListLike(node)) {
    // The middle level of a three-level list; older writers leave it out.
    const [item = child] = child.children.length === 1 ? child.children : []
    return {
      type: 'json',
      read: listOf(nullable(item === child ? readItem(child) : readNode(item)).read),
    }
  }
  const [key, value] = child.children
  if (isMapLike(node) && key !== undefined && value !== undefined) {
    return { type: 'json', read: mapOf(nullable(readNode(value)).read) }
  }
  return repeated(node, { type: 'json', read: structOf(node) })
}

/** The repeated node of a two-level list is the item itself. */
function readItem(node: SchemaTree): Reading {
  return node.children.length === 0 ? readLeaf(node) : { type: 'json', read: structOf(node) }
}

function repeated(node: SchemaTree, reading: Reading): Reading {
  if (node.element.repetition_type !== 'REPEATED') return reading
  return { type: 'json', read: listOf(nullable(reading).read) }
}

function listOf(read: Read): Read {
  return (raw) => Array.from(raw as ArrayLike<unknown>, (item) => read(item))
}

function mapOf(read: Read): Read {
  return (raw) => new Map(Object.entries(raw as object).map(([key, item]) => [key, read(item)]))
}

function structOf(node: SchemaTree): Read {
  const fields = node.children.map((child) => readParquetColumn(child))
  return (raw) => {
    // The reader makes structs plain objects and leaves null fields out.
    const struct = raw as Readonly<Record<string, unknown>>
    return new Map(fields.map(({ name, read }) => [name, read(struct[name])]))
  }
}

function readLeaf({ element, path }: SchemaTree): Reading {
  const { type, converted_type: converted, logical_type: logical } = element
  const time = readTime(element)
  if (time !== null) return { type: 'string', read: time }
  if (converted === 'DECIMAL') return { type: 'float64', read: readDecimal(element.scale ?? 0) }
  if (logical?.type === 'DECIMAL' || converted === 'BSON' || converted === 'INTERVAL') {
    throw unsupported(path, logical?.type ?? String(converted))
  }
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

function readInteger(raw: unknown): Value {
  if (typeof raw !== 'bigint') return Number(raw)
  if (BigInt.asIntN(64, raw) !== raw) throw new Error(`${raw} does not fit in a signed int64`)
  return toInteger(raw)
}

function readDouble(raw: unknown): Value {
  return toDouble(Number(raw))
}

// The reader multiplies by a power of ten, which is off by a last digit: 35 × 0.01.
function readDecimal(scale: number): Read {
  return (raw) => {
    const value = Number(raw)
    return toDouble(scale > 0 && scale <= 100 ? Number(value.toFixed(scale)) : value)
  }
}

// A mark at the start of a value is part of the value.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function readText(raw: unknown): string {
  if (typeof raw === 'string') return raw
  if (raw instanceof Uint8Array && isUtf8(raw)) return decoder.decode(raw)
  throw new Error('its bytes are not UTF-8 text; binary data cannot be a seed value')
}

function readTime(element: SchemaElement): Read | null {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DATE' || logical?.type === 'DATE')
    return (raw) => dateText(BigInt(Number(raw)))
  if (logical?.type === 'TIMESTAMP') {
    const zone = logical.isAdjustedToUTC ? 'Z' : ''
    const perSecond = unitsPerSecond[logical.unit]
    return (raw) => instantText(toBigInt(raw), perSecond) + zone
  }
  if (converted === 'TIMESTAMP_MILLIS') return (raw) => `${instantText(toBigInt(raw), 1_000n)}Z`
  if (converted === 'TIMESTAMP_MICROS') return (raw) => `${instantText(toBigInt(raw), 1_000_000n)}Z`
  if (type === 'INT96') return (raw) => instantText(toBigInt(raw), 1_000_000_000n)
  if (logical?.type === 'TIME') {
    const perSecond = unitsPerSecond[logical.unit]
    return (raw) => clockText(toBigInt(raw), perSecond)
  }
  if (converted === 'TIME_MILLIS') return (raw) => clockText(toBigInt(raw), 1_000n)
  if (converted === 'TIME_MICROS') return (raw) => clockText(toBigInt(raw), 1_000_000n)
  return null
}

const unitsPerSecond = { MILLIS: 1_000n, MICROS: 1_000_000n, NANOS: 1_000_000_000n } as const

const secondsPerDay = 86_400n

function toBigInt(raw: unknown): bigint {
  return typeof raw === 'bigint' ? raw : BigInt(Number(raw))
}

function instantText(units: bigint, perSecond: bigint): string {
  const perDay = perSecond * secondsPerDay
  const ofDay = ((units % perDay) + perDay) % perDay
  return `${dateText((units - ofDay) / perDay)}T${clockText(ofDay, perSecond)}`
}

function dateText(days: bigint): string {
  const [date = ''] = new Date(Number(days * secondsPerDay * 1_000n)).toISOString().split('T')
  return date
}

/** Hours to seconds, and as many digits of the fraction, in threes, as are not zero. */
function clockText(units: bigint, perSecond: bigint): string {
  const seconds = units / perSecond
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n]
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':')
  const digits = String(units % perSecond).padStart(String(perSecond).length - 1, '0')
  const fraction = digits.replace(/(?:000)+$/, '')
  return fraction === '' ? clock : `${clock}.${fraction}`
}

function readAny(raw: unknown): Value {
  if (raw === null || raw === undefined) return null
  if (typeof raw === 'boolean' || typeof raw === 'string') return raw
  if (typeof raw === 'bigint') return toInteger(raw)
  // A variant's reader gives bare numbers, whatever kind of number they were.
  if (typeof raw === 'number') return raw
  if (raw instanceof Date) return raw.toISOString()
  if (raw instanceof Uint8Array) return readText(raw)
  if (Array.isArray(raw)) return raw.map((item) => readAny(item))
  return new Map(Object.entries(raw).map(([key, item]) => [key, readAny(item)]))
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
