import type { ColumnType } from './column-type.ts'
import { coerce } from './coerce.ts'
import { CellFailure } from './failure.ts'
import { type Cell, Double, type Value } from '../util/value.ts'

/** A value as JavaScript has it: objects for maps, numbers for doubles; a copy, free to be changed. */
export function userValue(value: Value): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [key, userValue(item)]))
  }
  if (Array.isArray(value)) return value.map(userValue)
  return value instanceof Double ? value.value : value
}

/** What a user's function gave for a column, as a cell of its type; throws a `CellFailure`. */
export function cellOfUser(given: unknown, type: ColumnType, name: string): Cell {
  if (given === undefined) {
    throw new CellFailure(
      'no-value',
      `the function gave nothing for '${name}'; expected a value of type ${type}, or null`,
    )
  }
  try {
    return coerce(given instanceof Float32Array ? given : valueOfUser(given, type), type)
  } catch (error) {
    if (!(error instanceof CellFailure)) throw error
    throw new CellFailure(error.code, `for '${name}', ${error.message}`, { cause: error })
  }
}

/** Anything of JavaScript that has a form as a value; throws a `CellFailure` for the rest. */
export function valueOfUser(given: unknown, type: ColumnType = 'json', place = ''): Value {
  switch (typeof given) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'bigint':
      return given
    case 'object':
      if (given === null || given instanceof Double) return given
      break
    default:
      throw noValue(given === undefined ? 'nothing' : `a ${typeof given}`, type, place)
  }
  if (given instanceof Date) return dateText(given, type, place)
  if (Array.isArray(given))
    return given.map((item, at) => valueOfUser(item, type, `${place}[${at}]`))
  if (given instanceof Map) return mapOf(given, type, place)
  if (isPlain(given)) return mapOf(Object.entries(given), type, place)
  if (given instanceof Promise) {
    throw noValue('a promise (a function that is pure is called without waiting)', type, place)
  }
  throw noValue(`a ${given.constructor.name}`, type, place)
}

function mapOf(
  entries: Iterable<readonly [unknown, unknown]>,
  type: ColumnType,
  place: string,
): Value {
  const map = new Map<string, Value>()
  for (const [key, item] of entries) {
    // As in JSON: a field without a value is none.
    if (item !== undefined) map.set(String(key), valueOfUser(item, type, `${place}.${String(key)}`))
  }
  return map
}

function dateText(date: Date, type: ColumnType, place: string): string {
  if (Number.isNaN(date.getTime())) throw noValue('a Date that is none', type, place)
  const text = date.toISOString()
  if (type === 'date') return text.slice(0, 10)
  return type === 'timestamp' || type === 'timestamp_ns' ? text.slice(0, -1) : text
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function noValue(got: string, type: ColumnType, place: string): CellFailure {
  const where = place === '' ? '' : ` at ${place.replace(/^\./, '')}`
  return new CellFailure('wrong-type', `expected a value of type ${type}, got ${got}${where}`)
}
