import type { ColumnSettings } from '../store/run-settings.ts'
import { differingLines } from '../util/differing-lines.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'

/** A place in which two configs differ. */
export interface ConfigDifference {
  /** Names and keys down to it: `columns.story.prompt`. */
  readonly place: string
  /** Lines of the old value after `- ` and of the new one after `+ `; only the first ones of many. */
  readonly lines: readonly string[]
  /** The old and the new value as JSON; undefined where there is none. */
  readonly values: readonly [unknown, unknown]
}

/** Lines shown of one place. */
const MOST_LINES = 12

type Fields = ReadonlyMap<string, Value>

/** The places in which two configs differ that are stored as JSON. */
export function configDifferences(before: string, after: string): ConfigDifference[] {
  return differencesOf(parseJson(before), parseJson(after), [])
}

/** In what a column differs next to its config: code and files it loads, its plugin, its model. */
export function materialDifferences(
  name: string,
  before: ColumnSettings['material'],
  after: ColumnSettings['material'],
  parts: readonly string[],
): ConfigDifference[] {
  const [old, fresh] = [parseJson(before), parseJson(after)]
  return parts.flatMap((part) => {
    const [mine, theirs] = [fieldOf(old, part), fieldOf(fresh, part)]
    const fields = mine instanceof Map && theirs instanceof Map && part !== 'plugin'
    const path = ['columns', name, ...(fields ? [] : [part === 'identity' ? 'model' : part])]
    return differencesOf(mine, theirs, path)
  })
}

function fieldOf(value: Value, key: string): Value | undefined {
  return value instanceof Map ? (value as Fields).get(key) : undefined
}

function differencesOf(
  before: Value | undefined,
  after: Value | undefined,
  path: readonly string[],
): ConfigDifference[] {
  if (isSame(before, after)) return []
  if (before instanceof Map && after instanceof Map) return ofMaps(before, after, path)
  const [old, fresh] = [namedItems(before), namedItems(after)]
  if (old !== null && fresh !== null) return ofNamed(old, fresh, path)
  return [differenceAt(path, before, after)]
}

function ofMaps(before: Fields, after: Fields, path: readonly string[]): ConfigDifference[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].flatMap((key) => differencesOf(before.get(key), after.get(key), [...path, key]))
}

function ofNamed(before: Fields, after: Fields, path: readonly string[]): ConfigDifference[] {
  const [old, fresh] = [[...before.keys()], [...after.keys()]]
  const order = (names: readonly string[], others: Fields): string[] =>
    names.filter((name) => others.has(name))
  const [was, is] = [order(old, after), order(fresh, before)]
  return [...orderDifference(path, was, is), ...ofMaps(before, after, path)]
}

function orderDifference(
  path: readonly string[],
  was: readonly string[],
  is: readonly string[],
): ConfigDifference[] {
  const [before, after] = [was, is].map((names) => `in this order: ${names.join(', ')}`)
  if (before === after) return []
  const lines = differingLines(before as string, after as string)
  return [{ place: path.join('.'), lines, values: [was, is] }]
}

/** A list of named objects, by name; null for anything else. */
function namedItems(value: Value | undefined): Fields | null {
  if (value === undefined) return new Map()
  if (!Array.isArray(value)) return null
  const items = new Map<string, Value>()
  for (const item of value as readonly Value[]) {
    const name = fieldOf(item, 'name') ?? fieldOf(item, 'alias') ?? fieldOf(item, 'tool_alias')
    if (typeof name !== 'string' || items.has(name)) return null
    items.set(name, item)
  }
  return items
}

function differenceAt(
  path: readonly string[],
  before: Value | undefined,
  after: Value | undefined,
): ConfigDifference {
  const lines = differenceLines(before, after)
  const left = lines.length - MOST_LINES
  return {
    place: path.join('.'),
    // A line for what is omitted is only worth it for more than one.
    lines: left > 1 ? [...lines.slice(0, MOST_LINES), `  … and ${left} more lines`] : lines,
    values: [plainOf(before), plainOf(after)],
  }
}

function differenceLines(before: Value | undefined, after: Value | undefined): string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  if (old === null || fresh === null) {
    const sign = old === null ? '+' : '-'
    return (old ?? fresh ?? '').split('\n').map((line) => `${sign} ${line}`)
  }
  // A list may have the lines that a text has.
  return old === fresh ? [`- ${textOf(before)}`, `+ ${textOf(after)}`] : differingLines(old, fresh)
}

/** A value as `JSON.parse` gives it. */
function plainOf(value: Value | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(stringifyJson(value))
}

/** Defaults of a column: a new column is reported without them. */
const untold: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['drop', false],
  ['propagate_skip', true],
  ['on_failure', 'drop'],
])

/** A value as lines: a text as it is, one line for each entry of a list and field of an object. */
function linesOf(value: Value | undefined): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value.includes('\n')) return value
  if (Array.isArray(value) && value.length > 0) return value.map(textOf).join('\n')
  if (value instanceof Map && value.size > 0) {
    return [...(value as Fields)]
      .filter(([key, field]) => field !== null && untold.get(key) !== field)
      .map(([key, field]) => `${key}: ${textOf(field)}`)
      .join('\n')
  }
  return textOf(value)
}

function isSame(one: Value | undefined, other: Value | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return stringifyJson(one) === stringifyJson(other)
}

const aHash = /^[0-9a-f]{64}$/

function textOf(value: Value | undefined): string {
  // A hash of the content of a file or a function; its beginning is enough for a person.
  if (typeof value === 'string' && aHash.test(value)) return `content ${value.slice(0, 12)}…`
  return value === undefined ? '' : stringifyJson(value, { spaced: true })
}
