import { parseJson, JsonSyntaxError, stringifyJson } from '../util/json.ts'
import { Double, toDouble, toInteger, type Value } from '../util/value.ts'

/** The words of JSON Schema for types. */
export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

/** Whether a value is of a type as JSON Schema sees it: 3.0 is an integer, too. */
export function isOfType(value: Value, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return (
        typeof value === 'bigint' ||
        value instanceof Double ||
        (typeof value === 'number' && Number.isInteger(value))
      )
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double
    case 'string':
      return typeof value === 'string'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return value instanceof Map
    default:
      return type satisfies never
  }
}

/** A value as one of a type where it can mean nothing else; undefined where it can't. */
export function toType(value: Value, type: JsonType): Value | undefined {
  switch (type) {
    case 'integer':
      return toWhole(value)
    case 'number':
      return typeof value === 'string' ? numberOf(value) : undefined
    case 'boolean':
      return typeof value === 'string' ? flags.get(value.trim().toLowerCase()) : undefined
    case 'string':
      return isOfType(value, 'number') ? stringifyJson(value) : undefined
    case 'array':
    case 'object':
      return typeof value === 'string' ? parsedAs(value, type) : undefined
    case 'null':
      return typeof value === 'string' && nothing.has(value.trim().toLowerCase()) ? null : undefined
    default:
      return type satisfies never
  }
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['false', false],
  ['no', false],
])

const nothing: ReadonlySet<string> = new Set(['null', 'none'])

function toWhole(value: Value): Value | undefined {
  const number = typeof value === 'string' ? numberOf(value) : value
  return number !== undefined && isOfType(number, 'integer') ? number : undefined
}

const plain = /^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?$/
const scientific = /^[-+]?\d+(?:\.\d+)?[eE][-+]?\d+$/

/** The number of a text that is nothing else; commas between thousands are omitted. */
function numberOf(text: string): Value | undefined {
  const bare = text.trim()
  if (scientific.test(bare)) return toDouble(Number(bare))
  const match = plain.exec(bare)
  // 007 is more likely a name than a number.
  if (match === null || /^[-+]?0\d/.test(bare)) return undefined
  const digits = bare.replaceAll(',', '').replace(/^\+/, '')
  return match[1] === undefined ? toInteger(BigInt(digits)) : toDouble(Number(digits))
}

/** An object or a list that was written as a text. */
function parsedAs(text: string, type: JsonType): Value | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    const value = parseJson(text)
    return isOfType(value, type) ? value : undefined
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return undefined
  }
}

/** The one of some values that is meant: but for case, spaces and the kind of a scalar. */
export function chosenOf(value: Value, options: readonly Value[]): Value | undefined {
  if (Array.isArray(value) || value instanceof Map || value === null) return undefined
  if (options.some((option) => isSameScalar(option, value))) return value
  const written = foldedText(value)
  const same = options.filter((option) => isScalar(option) && foldedText(option) === written)
  if (same.length > 0) return same.length === 1 ? same[0] : undefined
  const loose = looseText(written)
  const near = options.filter(
    (option) => isScalar(option) && loose !== '' && looseText(foldedText(option)) === loose,
  )
  return near.length === 1 ? near[0] : undefined
}

function isScalar(value: Value): boolean {
  return value !== null && !Array.isArray(value) && !(value instanceof Map)
}

function isSameScalar(a: Value, b: Value): boolean {
  return typeof a === typeof b && isScalar(a) && isScalar(b) && textOf(a) === textOf(b)
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value
  // 3.0 and 3 are the same number.
  if (value instanceof Double && Number.isSafeInteger(value.value)) return String(value.value)
  return stringifyJson(value)
}

function foldedText(value: Value): string {
  return textOf(value).trim().toLowerCase()
}

/** Without what separates words. A sign is kept: -1 is not 1. */
function looseText(text: string): string {
  return /^-?\d/.test(text) ? text : text.replaceAll(/[-_\s]+/g, '').replace(/[.!]+$/, '')
}
