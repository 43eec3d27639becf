import type { ColumnProgress, NewestRow } from '../scheduler/scheduler-event.ts'
import { stringifyJson } from '../util/json.ts'
import type { Cell } from '../util/value.ts'
import { visibleLine } from '../util/visible.ts'
import { cut, widthOf } from './width.ts'

/** Characters that are looked at: the rest of a long text is not shown anyway. */
const LOOKED_AT = 1_000

/**
 * What models wrote first, a line each where there are lines enough; the last one has what is left:
 * `row 411  story: Once upon a time…`.
 */
export function newestLines(
  { row, cells }: NewestRow,
  columns: readonly Pick<ColumnProgress, 'name' | 'routes'>[],
  { width, most }: { width: number; most: number },
): string[] {
  const asked = new Set(columns.filter(({ routes }) => routes.length > 0).map(({ name }) => name))
  const sorted = cells.toSorted(
    (one, other) => Number(asked.has(other.column)) - Number(asked.has(one.column)),
  )
  const texts = sorted.map(({ column, value }) => `${visibleLine(column)}: ${valueText(value)}`)
  if (texts.length === 0 || most < 1) return []
  const alone = texts.slice(0, texts.length > most ? most - 1 : most)
  const together = texts.slice(alone.length)
  const lines = together.length === 0 ? alone : [...alone, together.join('; ')]
  const title = `row ${row}  `
  return lines.map((line, at) => cut((at === 0 ? title : ' '.repeat(widthOf(title))) + line, width))
}

function valueText(value: Cell): string {
  return visibleLine(textOf(value).slice(0, LOOKED_AT).replaceAll(/\s+/g, ' ').trim())
}

function textOf(value: Cell): string {
  if (typeof value === 'string') return value
  if (value instanceof Float32Array) return `${value.length} numbers`
  return stringifyJson(value)
}
