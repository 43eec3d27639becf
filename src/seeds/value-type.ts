import type { ColumnType } from '../graph/column-type.ts'
import { Double, toDouble, type Value } from '../util/value.ts'

/** The type that holds all values of a column without loss. */
export interface ValueInference {
  see(value: Value): void
  type(): ColumnType
}

const integer = 1
/** Exact as an int64, not as a double. */
const longInteger = 2
const double = 4
const bool = 8
const text = 16
const other = 32

export function inferValueType(): ValueInference {
  let seen = 0
  return {
    see(value) {
      if (value !== null) seen |= classOf(value)
    },
    type() {
      if (seen === 0 || seen === text) return 'string'
      if (seen === bool) return 'bool'
      if ((seen & ~(integer | longInteger)) === 0) return 'int64'
      if ((seen & ~(integer | double)) === 0) return 'float64'
      // Objects and lists, and values that no one scalar type holds.
      return 'json'
    },
  }
}

/** A value as its column has it: whole numbers become doubles among doubles. */
export function widenTo(type: ColumnType, value: Value): Value {
  if (type !== 'float64') return value
  return typeof value === 'number' || typeof value === 'bigint' ? toDouble(Number(value)) : value
}

function classOf(value: Exclude<Value, null>): number {
  switch (typeof value) {
    case 'boolean':
      return bool
    case 'string':
      return text
    case 'number':
      return Number.isInteger(value) ? integer : double
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? longInteger : other
    default:
      return value instanceof Double ? double : other
  }
}
