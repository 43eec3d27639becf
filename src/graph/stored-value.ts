import { bytesOf } from '../util/bytes-of.ts'
import { RowsmithError } from '../util/errors.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import { type Cell, Double, toDouble, toInteger } from '../util/value.ts'
import type { ColumnType, VectorType } from './column-type.ts'

/** A value as threads exchange it and parts hold it: structured clone would lose `Double`. */
export type StoredValue = string | number | bigint | boolean | Float32Array | null

/** Bytes of a stored value, about: the same whether an integer is a number or a bigint. */
export function storedBytes(value: StoredValue): number {
  return typeof value === 'string' || typeof value === 'object' ? bytesOf(value) : 8
}

/** Throws 'internal' when the value is not of the column's type: the engine coerces before. */
export function toStored(type: ColumnType, value: Cell): StoredValue {
  if (value === null) return null
  switch (type) {
    case 'string':
    case 'date':
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      // A lone surrogate has no UTF-8 form: without this, part and ledger could disagree on it.
      if (typeof value === 'string') return value.toWellFormed()
      break
    case 'int64':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
      break
    case 'float64':
      if (typeof value === 'number') return value
      if (value instanceof Double) return value.value
      break
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'media':
      if (typeof value === 'string') return value
      if (Array.isArray(value)) return stringifyJson(value)
      break
    case 'json':
      if (!(value instanceof Float32Array)) return stringifyJson(value).toWellFormed()
      break
    default:
      return vectorOf(type, value)
  }
  throw mistyped(type, value)
}

function vectorOf(type: VectorType, value: Cell): Float32Array {
  if (value instanceof Float32Array) return value
  throw mistyped(type, value)
}

export function fromStored(type: ColumnType, stored: StoredValue): Cell {
  if (stored === null) return null
  switch (type) {
    case 'json':
      return parseJson(String(stored))
    case 'media':
      return typeof stored === 'string' && stored.startsWith('[') ? parseJson(stored) : stored
    case 'int64':
      return typeof stored === 'bigint' ? toInteger(stored) : stored
    case 'float64':
      return toDouble(Number(stored))
    case 'string':
    case 'bool':
    case 'date':
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      break
    default:
      return vectorOf(type, stored)
  }
  return stored
}

function mistyped(type: ColumnType, value: Cell): RowsmithError {
  return new RowsmithError('internal', `expected a value of type ${type}, got ${shown(value)}`)
}

function shown(value: Cell): string {
  if (value instanceof Double) return 'a double'
  if (typeof value === 'object') return 'an object or list'
  const text = String(value)
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}
