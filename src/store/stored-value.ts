import type { ColumnType } from '../graph/kind.ts'
import { RowsmithError } from '../util/errors.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import { Double, toDouble, toInteger, type Value } from '../util/value.ts'

/** A value as threads exchange it and parts hold it: structured clone would lose `Double`. */
export type StoredValue = string | number | bigint | boolean | null

/** Throws 'internal' when the value is not of the column's type: the engine coerces before. */
export function toStored(type: ColumnType, value: Value): StoredValue {
  if (value === null) return null
  switch (type) {
    case 'string':
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
    case 'json':
      return stringifyJson(value).toWellFormed()
  }
  throw new RowsmithError('internal', `expected a value of type ${type}, got ${shown(value)}`)
}

export function fromStored(type: ColumnType, stored: StoredValue): Value {
  if (stored === null) return null
  switch (type) {
    case 'json':
      return parseJson(String(stored))
    case 'int64':
      return typeof stored === 'bigint' ? toInteger(stored) : stored
    case 'float64':
      return toDouble(Number(stored))
    case 'string':
    case 'bool':
      break
  }
  return stored
}

/** What SQLite keeps of a value: it has no boolean, turns NaN into NULL and a number into REAL. */
export function toSql(type: ColumnType, stored: StoredValue): string | number | bigint | null {
  if (stored === null || typeof stored === 'string' || typeof stored === 'bigint') return stored
  if (typeof stored === 'boolean') return stored ? 1n : 0n
  if (type === 'int64') return BigInt(stored)
  return Number.isNaN(stored) ? 'NaN' : stored
}

/** The reverse of `toSql`, for a value read with integers as bigints. */
export function fromSql(type: ColumnType, value: unknown): StoredValue {
  if (value === null) return null
  switch (type) {
    case 'string':
    case 'json':
      if (typeof value === 'string') return value
      break
    case 'int64':
      if (typeof value === 'bigint') return value
      break
    case 'float64':
      if (typeof value === 'number') return value
      if (value === 'NaN') return Number.NaN
      break
    case 'bool':
      if (typeof value === 'bigint') return value !== 0n
      break
  }
  throw new RowsmithError(
    'ledger-corrupt',
    `ledger: a cell of a ${type} column holds a value of another kind (${typeof value})`,
  )
}

function shown(value: Value): string {
  if (typeof value === 'object') return value instanceof Double ? 'a double' : 'an object or list'
  const text = String(value)
  return `${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}
