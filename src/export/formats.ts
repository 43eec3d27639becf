import { pythonFloat } from '../util/python-float.ts'
import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import { defineExporter, type Exporter } from './define.ts'

/** One JSON object a line; NaN and infinities, which JSON does not have, become null. */
const jsonLines = defineExporter({
  name: 'jsonl',
  endings: ['.jsonl', '.ndjson'],
  description: 'One JSON object per line.',
  header: () => null,
  line: (record) => stringifyJson(withoutNaN(record)),
})

/** RFC 4180: nulls are empty, empty texts are `""`, JSON columns their text. */
const csv = defineExporter({
  name: 'csv',
  endings: ['.csv'],
  description: 'Comma-separated values, as in RFC 4180.',
  header: (columns) => columns.map(quoteField).join(','),
  line(record) {
    const fields = [...record.values()].map(csvField)
    // A line without a character is no record to most readers.
    return fields.length === 1 && fields[0] === '' ? '""' : fields.join(',')
  },
})

/** The built-in text forms; Parquet files are joined from parts and have no lines. */
export const exporters: readonly Exporter[] = [jsonLines, csv]

function withoutNaN(value: Value): Value {
  if (typeof value === 'number' && !Number.isFinite(value)) return null
  if (Array.isArray(value)) return value.map(withoutNaN)
  if (value instanceof Map) {
    return new Map([...value].map(([key, field]) => [key, withoutNaN(field)]))
  }
  return value
}

function csvField(value: Value): string {
  return value === null ? '' : quoteField(csvText(value))
}

function csvText(value: NonNullable<Value>): string {
  if (value instanceof Double) return pythonFloat(value.value)
  if (typeof value === 'number' && !Number.isInteger(value)) return pythonFloat(value)
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}

function quoteField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
