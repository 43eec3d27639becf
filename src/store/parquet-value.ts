import { type ColumnType, timestampForm, type TimestampType } from '../graph/column-type.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { dateText, readDate, readTimestamp, timestampText } from '../util/timestamp.ts'

/** A value as the columns of a Parquet file take it, which vectors are no part of. */
export type Physical = string | number | bigint | boolean | null

/** Values of a column as its pages have them: times are counts. */
export function physicalColumn(
  type: ColumnType,
  values: readonly StoredValue[],
): readonly Physical[] {
  switch (type) {
    case 'date':
      return values.map((value) => (value === null ? null : days(String(value))))
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      return values.map((value) => (value === null ? null : units(String(value), type)))
    default:
      return values as readonly Physical[]
  }
}

/** The same read back; undefined where the file has nothing else to say of a null. */
export function storedReader(type: ColumnType): (value: Physical | undefined) => StoredValue {
  switch (type) {
    case 'date':
      return (value) => (value === null || value === undefined ? null : dateText(Number(value)))
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc': {
      const form = timestampForm(type)
      return (value) =>
        value === null || value === undefined ? null : timestampText(value as bigint, form)
    }
    default:
      return (value) => value ?? null
  }
}

function days(text: string): number {
  const count = readDate(text)
  if (count === null) throw new TypeError(`expected a date in a part, got ${text}`)
  return count
}

function units(text: string, type: TimestampType): bigint {
  const count = readTimestamp(text, timestampForm(type))
  if (count === null) throw new TypeError(`expected a ${type} in a part, got ${text}`)
  return count
}
