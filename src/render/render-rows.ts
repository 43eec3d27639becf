import { JsonSyntaxError, parseJson } from '../util/json.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Value } from '../util/value.ts'
import { readText } from '../check/sources.ts'

/** A row as JSON has it. */
export type DataRow = ReadonlyMap<string, Value>

/** Rows of JSON: one object, a list of objects, or an object on each line; types without loss. */
export async function readRows(
  input: string | { text: string; file?: string },
): Promise<readonly DataRow[]> {
  const file = typeof input === 'string' ? input : (input.file ?? '(data)')
  const text = typeof input === 'string' ? await readText(input, 'data file') : input.text
  const rows = parseRows(text.startsWith('\ufeff') ? text.slice(1) : text, file)
  if (rows.length > 0) return rows
  throw new RowsmithError('usage', `${file} has no rows`, { hints: [howTo] })
}

const howTo = 'Give one JSON object, a list of objects, or an object on each line.'

function parseRows(text: string, file: string): readonly DataRow[] {
  const lines = text.split('\n')
  try {
    const value = parseJson(text)
    if (Array.isArray(value)) {
      const items: readonly Value[] = value
      return items.map((item, index) => asRow(item, `row ${index} of ${file}`))
    }
    return [asRow(value, file)]
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    if (text.trim() === '') return []
    if (!isObjectAlone(lines)) throw notJson(error, file, 0)
  }
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [asRow(parseJson(line), `line ${index + 1} of ${file}`)]
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error
      throw notJson(error, file, index)
    }
  })
}

/** Whether the first line that says something is an object: then each line is a row. */
function isObjectAlone(lines: readonly string[]): boolean {
  const first = lines.find((line) => line.trim() !== '') ?? ''
  try {
    return parseJson(first) instanceof Map
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return false
  }
}

function asRow(value: Value, what: string): DataRow {
  if (value instanceof Map) return value
  throw new RowsmithError('usage', `${what} is not an object`, { hints: [howTo] })
}

function notJson(error: JsonSyntaxError, file: string, linesBefore: number): RowsmithError {
  const { line, column, message } = error
  const place = ` at line ${line}, column ${column}`
  const reason = message.endsWith(place) ? message.slice(0, -place.length) : message
  return new RowsmithError(
    'usage',
    `${file}:${line + linesBefore}:${column} is not JSON: ${reason}`,
    { cause: error, hints: [howTo] },
  )
}
