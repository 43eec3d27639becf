import type { RecordValues } from '../export/records.ts'
import { grouped } from '../util/format.ts'
import { stringifyJson } from '../util/json.ts'
import { pythonFloat } from '../util/python-float.ts'
import { Double, type Value } from '../util/value.ts'
import type { Paint, Style } from './terminal.ts'
import { visible, visibleLine } from '../util/visible.ts'
import { padEnd, widthOf, wrap } from './width.ts'

export interface RecordLayout {
  width: number
  style: Paint
  /** Columns that the dataset does not get: they stand behind the others. */
  dropped: ReadonlySet<string>
}

/** Longest name that has its value next to it, with the space between. */
const MOST_INDENT = 24
/** Below this, names have a separate line. */
const SIDE_BY_SIDE = 48

/** A record for reading: each field with its value wrapped in addition to its name. */
export function recordLines(record: RecordValues, layout: RecordLayout): string[] {
  const { dropped, style } = layout
  const names = [...record.keys()]
  const kept = names.filter((name) => !dropped.has(name))
  const left = names.filter((name) => dropped.has(name))
  const shown = names.map((name) => widthOf(visibleLine(name)))
  const indent = layout.width < SIDE_BY_SIDE ? 2 : Math.min(MOST_INDENT, Math.max(0, ...shown) + 2)
  const field = (name: string): string[] =>
    fieldLines(visibleLine(name), record.get(name) ?? null, { indent, layout })
  return [
    ...kept.flatMap(field),
    ...(left.length > 0 ? [style('dim', 'not in the dataset (drop: true):')] : []),
    ...left.flatMap(field),
  ]
}

/** A line that begins a record where all are printed one after the other. */
export function rule(
  title: string,
  { width, style }: Pick<RecordLayout, 'width' | 'style'>,
): string {
  const text = `── ${title} `
  return style('dim', text + '─'.repeat(Math.max(0, Math.min(width, 100) - widthOf(text))))
}

function fieldLines(
  name: string,
  value: Value,
  { indent, layout }: { indent: number; layout: RecordLayout },
): string[] {
  const { width, style } = layout
  const { text, look } = shownValue(value)
  const lines = wrap(visible(text), Math.max(1, width - indent)).map((line) =>
    look === null ? line : style(look, line),
  )
  const space = ' '.repeat(indent)
  if (widthOf(name) + 2 > indent) {
    const names = wrap(name, Math.max(1, width)).map((line) => style('bold', line))
    return [...names, ...lines.map((line) => space + line)]
  }
  const [first = '', ...rest] = lines
  return [
    style('bold', name) + padEnd('', indent - widthOf(name)) + first,
    ...rest.map((line) => space + line),
  ]
}

/** A value as text, and what tells it from a text that looks the same. */
function shownValue(value: Value): { text: string; look: Style | null } {
  if (value === null) return { text: 'null', look: 'dim' }
  if (value === '') return { text: '""', look: 'dim' }
  if (typeof value === 'string') return { text: value, look: null }
  if (typeof value === 'boolean') return { text: String(value), look: 'magenta' }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { text: String(value), look: 'cyan' }
  }
  if (value instanceof Double) return { text: pythonFloat(value.value), look: 'cyan' }
  return { text: listText(value) ?? stringifyJson(value, { indent: 2 }), look: 'green' }
}

/** Numbers of a list that are shown where it has more than a line of them. */
const shownNumbers = 8
const mostNumbers = 24

/** A long list of nothing but numbers, such as a vector, by its beginning. */
function listText(value: Value): string | null {
  if (!Array.isArray(value) || value.length <= mostNumbers) return null
  const list = value as readonly Value[]
  if (!list.every((item) => typeof item === 'number' || item instanceof Double)) return null
  const start = stringifyJson(list.slice(0, shownNumbers), { spaced: true }).slice(0, -1)
  return `${start}, … ${grouped(list.length)} numbers]`
}
