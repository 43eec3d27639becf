import { Double, type Value } from '../util/value.ts'
import type { DatasetRecord, RecordValues } from './records.ts'

/** A record as plain JavaScript: whole doubles are numbers, JSON objects are objects. */
export function plainRecord(record: RecordValues): DatasetRecord {
  return Object.fromEntries([...record].map(([name, value]) => [name, plain(value)]))
}

function plain(value: Value): unknown {
  if (value instanceof Double) return value.value
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, field]) => [key, plain(field)]))
  }
  return value
}
