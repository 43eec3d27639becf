import { Double, type Value } from '../util/value.ts'
import { CellFailure } from './failure.ts'
import type { ColumnType } from './kind.ts'

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/**
 * A generator's value as a cell of a column's type, or a `CellFailure`.
 *
 * Cells of a float64 column are plain numbers; every other cell is the `Value` itself.
 */
export function coerce(value: Value, type: ColumnType): Value {
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
      return value
  }
  throw mismatch(value, type)
}

function coerceInteger(value: Value): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (value instanceof Double && Number.isSafeInteger(value.value)) return value.value
  if (typeof value === 'bigint' && value <= INT64_MAX && value >= INT64_MIN) return value
  throw mismatch(value, 'int64')
}

function mismatch(value: Value, type: ColumnType): CellFailure {
  return new CellFailure('wrong-type', `expected a value of type ${type}, got ${describe(value)}`)
}

function describe(value: Value): string {
  if (value instanceof Double) return `the double ${value.value}`
  if (value instanceof Map) return 'an object'
  if (typeof value === 'object') return value === null ? 'null' : 'a list'
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`
  return `the ${typeof value} ${value}`
}
