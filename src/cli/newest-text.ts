import type { ColumnProgress, NewestRow } from '../scheduler/scheduler-event.ts'
import { stringifyJson } from '../util/json.ts'
import type { Cell } from '../util/value.ts'
import { visibleLine } from '../util/visible.ts'
import { startOf } from './width.ts'

/** Columns of the terminal that a value gets: the others are to be seen, too. */
const MOST_OF_VALUE = 160
/** Characters that are looked at: the rest of a long text is not shown anyway. */
const LOOKED_AT = 1_000

/** `row 411: story: Once upon a time…; stars: 5`: what models wrote first. */
export function newestText(
  { row, cells }: NewestRow,
  columns: readonly Pick<ColumnProgress, 'name' | 'routes'>[],
): string {
  const asked = new Set(columns.filter(({ routes }) => routes.length > 0).map(({ name }) => name))
  const sorted = cells.toSorted(
    (one, other) => Number(asked.has(other.column)) - Number(asked.has(one.column)),
  )
  const texts = sorted.map(({ column, value }) => `${visibleLine(column)}: ${valueText(value)}`)
  return `row ${row}: ${texts.join('; ')}`
}

function valueText(value: Cell): string {
  const text = textOf(value).slice(0, LOOKED_AT).replaceAll(/\s+/g, ' ').trim()
  const shown = visibleLine(text)
  const start = startOf(shown, MOST_OF_VALUE)
  return start.length < shown.length ? `${start.trimEnd()}…` : shown
}

function textOf(value: Cell): string {
  if (typeof value === 'string') return value
  if (value instanceof Float32Array) return `${value.length} numbers`
  return stringifyJson(value)
}
