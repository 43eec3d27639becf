import { visibleLine } from '../util/visible.ts'
import type { Paint } from './terminal.ts'
import { cut, padEnd, padStart, widthOf } from './width.ts'

export interface TableLayout {
  width: number
  style: Paint
  /** Columns that are shown first where not all have room: those of models. */
  preferred: ReadonlySet<string>
}

/** Columns of a terminal between two columns of the table. */
const GAP = 2
const MARGIN = 2
/** What a column gets at least, or its widest cell where that is less. */
const LEAST = 10
const MOST = 48
/** Characters of a value that are looked at: it is cut to a line anyway. */
const LOOKED_AT = 400

interface TableColumn {
  name: string
  cells: readonly string[]
  isNumber: boolean
  /** Of its widest cell, and of what it is given. */
  natural: number
  width: number
}

/** Records as a table that fits the terminal: a line each, the columns that matter most. */
export function tableLines(
  records: readonly Readonly<Record<string, unknown>>[],
  { width, style, preferred }: TableLayout,
): string[] {
  const all = Object.keys(records[0] ?? {}).map((name) => columnOf(name, records))
  const shown = fitting(all, width - MARGIN, preferred)
  if (shown.length === 0) return []
  widen(shown, width - MARGIN)
  const line = (textOf: (column: TableColumn) => string, look: 'bold' | null): string => {
    const cells = shown.map((column) => {
      const text = cut(textOf(column), column.width)
      const padded = column.isNumber ? padStart(text, column.width) : padEnd(text, column.width)
      return look === null ? padded : style(look, padded)
    })
    return ' '.repeat(MARGIN) + cells.join(' '.repeat(GAP)).trimEnd()
  }
  const left = all.filter((column) => !shown.includes(column)).map(({ name }) => name)
  return [
    line(({ name }) => name, 'bold'),
    ...records.map((_, at) => line(({ cells }) => cells[at] ?? '', null)),
    ...(left.length === 0
      ? []
      : [style('dim', cut(`${' '.repeat(MARGIN)}other columns: ${left.join(', ')}`, width))]),
  ]
}

function columnOf(
  name: string,
  records: readonly Readonly<Record<string, unknown>>[],
): TableColumn {
  const shownName = visibleLine(name)
  const values = records.map((record) => record[name])
  const cells = values.map(cellText)
  const natural = Math.min(MOST, Math.max(widthOf(shownName), ...cells.map(widthOf)))
  const isNumber = values.every((value) => typeof value === 'number' || typeof value === 'bigint')
  return { name: shownName, cells, isNumber, natural, width: Math.min(natural, LEAST) }
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return oneLine(value)
  const json: unknown = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  )
  return oneLine(String(json))
}

function oneLine(text: string): string {
  return visibleLine(text.slice(0, LOOKED_AT).replaceAll(/\s+/g, ' ').trim())
}

/** As many as there is room for, the preferred ones first, in their order. */
function fitting(
  all: readonly TableColumn[],
  room: number,
  preferred: ReadonlySet<string>,
): TableColumn[] {
  const byUrgency = all.toSorted(
    (one, other) => Number(preferred.has(other.name)) - Number(preferred.has(one.name)),
  )
  const chosen = new Set<TableColumn>()
  let left = room + GAP
  for (const column of byUrgency) {
    if (column.width + GAP > left) continue
    left -= column.width + GAP
    chosen.add(column)
  }
  return all.filter((column) => chosen.has(column))
}

/** Gives what is left to the columns that can use it, a column of the terminal at a time. */
function widen(columns: readonly TableColumn[], room: number): void {
  let left = room - columns.reduce((sum, { width }) => sum + width + GAP, -GAP)
  let growing = columns.filter(({ width, natural }) => width < natural)
  while (left > 0 && growing.length > 0) {
    for (const column of growing) {
      if (left === 0) break
      column.width += 1
      left -= 1
    }
    growing = growing.filter(({ width, natural }) => width < natural)
  }
}
