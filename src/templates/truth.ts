import { Double, type Value } from '../util/value.ts'

/** Python's truth of a value: empty and zero are false. */
export function isTruthy(value: Value): boolean {
  if (value === null) return false
  if (value instanceof Double) return value.value !== 0
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  // NaN is true in Python.
  return typeof value === 'number' ? value !== 0 : Boolean(value)
}
