import { type Cell, Double, type Value } from '../util/value.ts'
import { canonicalTimestamp, readDate } from '../util/timestamp.ts'
import {
  type ColumnType,
  timestampForm,
  type TimestampType,
  vectorSize,
  type VectorType,
} from './column-type.ts'
import { CellFailure } from './failure.ts'
import { isMediaPath } from './media.ts'

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/**
 * A generator's value as a cell of a column's type, or a `CellFailure`.
 *
 * Cells of a float64 column are plain numbers, those of a vector column `Float32Array`s, and those of
 * timestamps the one text of an instant; every other cell is the `Value` itself.
 */
export function coerce(value: Cell, type: ColumnType): Cell {
  if (value === null) return null
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value
      break
    case 'int64':
      return coerceInteger(value)
    case 'float64':
      if (typeof value === 'number') return value
      if (value instanceof Double) return value.value
      if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
      break
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'json':
      if (!(value instanceof Float32Array)) return value
      break
    case 'date':
      if (typeof value === 'string' && readDate(value) !== null) return value
      break
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      return coerceTimestamp(value, type)
    case 'media':
      if (isMediaPath(value) || isMediaList(value)) return value
      break
    default:
      return coerceVector(value, type)
  }
  throw mismatch(value, type)
}

function coerceInteger(value: Cell): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (value instanceof Double && Number.isSafeInteger(value.value)) return value.value
  if (typeof value === 'bigint' && value <= INT64_MAX && value >= INT64_MIN) return value
  throw mismatch(value, 'int64')
}

function coerceTimestamp(value: Cell, type: TimestampType): string {
  const text = typeof value === 'string' ? canonicalTimestamp(value, timestampForm(type)) : null
  if (text === null) throw mismatch(value, type)
  return text
}

function isMediaList(value: Cell): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isMediaPath)
}

/** A list of numbers will do, too. What 32 bits have no finite number for fails the cell. */
function coerceVector(value: Cell, type: VectorType): Float32Array {
  const vector = value instanceof Float32Array ? value : vectorOfList(value, type)
  const size = vectorSize(type)
  if (vector.length === 0 || (size !== null && vector.length !== size)) {
    const expected = size === null ? 'at least one number' : `${size} numbers`
    throw new CellFailure(
      'wrong-size',
      `expected a vector of ${expected}, got one of ${vector.length}`,
    )
  }
  const wrong = vector.findIndex((number) => !Number.isFinite(number))
  if (wrong >= 0) {
    throw new CellFailure(
      'wrong-type',
      `expected a vector of finite numbers, got ${vector[wrong]} as number ${wrong + 1} of ${vector.length}`,
    )
  }
  // A part of a larger buffer would hold all of it, and be sent to other threads with it.
  return vector.byteLength === vector.buffer.byteLength ? vector : vector.slice()
}

function vectorOfList(value: Cell, type: VectorType): Float32Array {
  if (!Array.isArray(value)) throw mismatch(value, type)
  return Float32Array.from(value as readonly Value[], (item, at) => {
    if (typeof item === 'number') return item
    if (item instanceof Double) return item.value
    throw new CellFailure(
      'wrong-type',
      `expected a list of numbers for type ${type}, got ${describe(item)} at position ${at}`,
    )
  })
}

function mismatch(value: Cell, type: ColumnType): CellFailure {
  return new CellFailure('wrong-type', `expected a value of type ${type}, got ${describe(value)}`)
}

function describe(value: Cell): string {
  if (value instanceof Double) return `the double ${value.value}`
  if (value instanceof Map) return 'an object'
  if (value instanceof Float32Array) return `a vector of ${value.length} numbers`
  if (typeof value === 'object') return value === null ? 'null' : 'a list'
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`
  return `the ${typeof value} ${value}`
}
