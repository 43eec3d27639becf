import { pythonFloat } from '../util/python-float.ts'
import { Double, type Value } from '../util/value.ts'
import type { Literal } from './dataset.ts'

/** A mapping as it was written. Made without a prototype: `__proto__` is a key like any other. */
export type Mapping = { readonly [key: string]: Literal }

// JavaScript moves keys that look like array indexes to the front; templates and scales show order.
const writtenOrders = new WeakMap<object, readonly string[]>()

/** A mapping from entries with distinct keys that remembers their order. */
export function mappingOf(entries: Iterable<readonly [string, Literal]>): Mapping {
  const mapping: { [key: string]: Literal } = Object.create(null)
  const keys: string[] = []
  for (const [key, value] of entries) {
    mapping[key] = value
    keys.push(key)
  }
  if (Object.keys(mapping).some((key, index) => key !== keys[index])) {
    writtenOrders.set(mapping, keys)
  }
  return mapping
}

/** The entries of a mapping in the order they were written. */
export function entriesOf<T>(mapping: { readonly [key: string]: T }): (readonly [string, T])[] {
  const keys = writtenOrders.get(mapping)
  if (keys === undefined) return Object.entries(mapping)
  return keys.flatMap((key) => {
    const value = mapping[key]
    return value === undefined ? [] : [[key, value] as const]
  })
}

/** Whether something is a mapping, and not a list, a scalar or a whole double. */
export function isMapping(value: unknown): value is Mapping {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Double) &&
    !(value instanceof Map)
  )
}

/** Whether something is a list as the YAML reader gives it. */
export function isList(value: unknown): value is readonly Literal[] {
  return Array.isArray(value)
}

/** A literal as a cell's value: mappings become maps in their written order. */
export function valueOf(literal: Literal): Value {
  if (isList(literal)) return literal.map(valueOf)
  if (isMapping(literal)) {
    return new Map(entriesOf(literal).map(([key, value]) => [key, valueOf(value)]))
  }
  return literal
}

const longestShown = 60

/** What was written, short enough for a message: `text 'abc'`, `3.0`, `a list of 2`. */
export function describeLiteral(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return `text ${quoted(value)}`
  if (value instanceof Double) return pythonFloat(value.value)
  if (typeof value === 'number') {
    return Number.isInteger(value) ? String(value) : pythonFloat(value)
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (isMapping(value)) {
    const keys = entriesOf(value).map(([key]) => key)
    if (keys.length === 0) return 'an empty mapping'
    const shown = keys.slice(0, 3).map(quoted).join(', ')
    return `a mapping with ${shown}${keys.length > 3 ? ', …' : ''}`
  }
  return typeof value
}

/** Text in single quotes on one line, cut when it is long. */
export function quoted(text: string): string {
  const points = Array.from(text.slice(0, 2 * longestShown + 2))
  const cut = points.length > longestShown ? `${points.slice(0, longestShown - 1).join('')}…` : text
  return `'${cut.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}'`
}
