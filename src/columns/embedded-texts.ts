import { CellFailure } from '../graph/failure.ts'
import { JsonSyntaxError, stringifyJson } from '../util/json.ts'
import type { Cell, Value } from '../util/value.ts'
import { readTolerantJson } from './tolerant-json.ts'

/** What is embedded of a cell: the text it is, or the texts of the list it holds. */
export function embeddedTexts(cell: Cell, column: string): readonly string[] {
  const list = listIn(cell)
  const texts = list === null ? [textOf(cell)] : list.map(textOf)
  const missing = texts.findIndex((text) => text === null || text.trim() === '')
  if (texts.length > 0 && missing < 0) return texts as string[]
  const which = list === null ? `the cell of '${column}'` : `text ${missing + 1} of '${column}'`
  throw new CellFailure(
    'nothing-to-embed',
    texts.length === 0
      ? `the list in '${column}' is empty, expected a text or a list of texts`
      : `${which} is ${shown(list === null ? cell : list[missing])}, expected a text that is not empty`,
    { field: ['target_column'] },
  )
}

/** A list, or a text that is one as JSON or Python write it; null for anything else. */
function listIn(cell: Cell): readonly Value[] | null {
  if (Array.isArray(cell)) return cell as readonly Value[]
  if (typeof cell !== 'string' || !/^\s*\[[^]*\]\s*$/.test(cell)) return null
  const text = cell.trim()
  try {
    const { value, end } = readTolerantJson(text)
    if (end !== text.length || !Array.isArray(value)) return null
    const items: readonly Value[] = value
    return items.every((item) => typeof item === 'string') ? items : null
  } catch (error) {
    // A text in brackets that is not a list is a text.
    if (error instanceof JsonSyntaxError) return null
    throw error
  }
}

function textOf(value: Cell): string | null {
  if (value === null || value instanceof Float32Array) return null
  return typeof value === 'string' ? value : stringifyJson(value)
}

function shown(value: Cell | undefined): string {
  if (value === null || value === undefined) return 'null'
  return value instanceof Float32Array ? 'a vector' : 'empty'
}
