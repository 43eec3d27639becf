import { pythonFloat } from './python-float.ts'
import { Double, toDouble, toInteger, type Value } from './value.ts'

/** Deeper documents are refused rather than left to overflow the stack of whoever walks them. */
const deepest = 1000

/** Text that is not JSON, with the place where reading stopped. */
export class JsonSyntaxError extends SyntaxError {
  /** In UTF-16 units, from 0. */
  readonly offset: number
  /** 1-based. */
  readonly line: number
  readonly column: number

  constructor(message: string, text: string, offset: number) {
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    super(`${message} at line ${line}, column ${column}`)
    this.name = 'JsonSyntaxError'
    this.offset = offset
    this.line = line
    this.column = column
  }
}

/**
 * Reads JSON without loss: `3` and `3.0` stay apart, integers keep all digits, keys their order.
 *
 * As Python's reader it takes `NaN`, `Infinity` and `-Infinity`; of equal keys the last wins.
 */
export function parseJson(text: string): Value {
  // JSON.parse would lose `3.0`, long integers and the order of keys that look like numbers.
  const cursor: Cursor = { text, at: 0, depth: 0 }
  const value = readValue(cursor)
  skipSpace(cursor)
  if (cursor.at < text.length) throw unexpected(cursor, 'the end of the text')
  return value
}

export interface StringifyOptions {
  /** Spaces per level; 0 writes one line. */
  indent?: number
  /** Spaces after `,` and `:` on one line, as Python writes them. */
  spaced?: boolean
  /** Keys in code point order. */
  sorted?: boolean
  /** Escapes everything outside printable ASCII. */
  ascii?: boolean
}

/** Writes a value as JSON that `parseJson` reads back as the same value. */
export function stringifyJson(value: Value, options: StringifyOptions = {}): string {
  const { indent = 0, spaced = false, sorted = false, ascii = false } = options
  const style = {
    comma: spaced && indent === 0 ? ', ' : ',',
    colon: spaced || indent > 0 ? ': ' : ':',
    indent: ' '.repeat(indent),
    sorted,
    ascii,
  }
  return write(value, style, indent > 0 ? '\n' : '')
}

/** A double as Python's JSON writer spells it: `3.0`, `1e+16`, and the words `NaN`, `Infinity`. */
function doubleText(value: number): string {
  return Number.isFinite(value) ? pythonFloat(value) : String(value)
}

interface Cursor {
  readonly text: string
  at: number
  depth: number
}

function readValue(cursor: Cursor): Value {
  skipSpace(cursor)
  const { text } = cursor
  switch (text.charCodeAt(cursor.at)) {
    case 0x22:
      return readString(cursor)
    case 0x7b:
      return readNested(cursor, readObject)
    case 0x5b:
      return readNested(cursor, readArray)
    case 0x74:
      return readWord(cursor, 'true', true)
    case 0x66:
      return readWord(cursor, 'false', false)
    case 0x6e:
      return readWord(cursor, 'null', null)
    case 0x4e:
      return readWord(cursor, 'NaN', Number.NaN)
    case 0x49:
      return readWord(cursor, 'Infinity', Number.POSITIVE_INFINITY)
    default:
      return readNumber(cursor)
  }
}

function readNested<T>(cursor: Cursor, read: (cursor: Cursor) => T): T {
  if (++cursor.depth > deepest) {
    throw new JsonSyntaxError(`more than ${deepest} levels of nesting`, cursor.text, cursor.at)
  }
  cursor.at++
  skipSpace(cursor)
  const value = read(cursor)
  cursor.depth--
  return value
}

function readObject(cursor: Cursor): Value {
  const { text } = cursor
  const entries = new Map<string, Value>()
  if (take(cursor, 0x7d)) return entries
  do {
    skipSpace(cursor)
    if (text.charCodeAt(cursor.at) !== 0x22) throw unexpected(cursor, 'a key in double quotes')
    const key = readString(cursor)
    skipSpace(cursor)
    if (!take(cursor, 0x3a)) throw unexpected(cursor, '":" after a key')
    entries.set(key, readValue(cursor))
    skipSpace(cursor)
  } while (take(cursor, 0x2c))
  if (!take(cursor, 0x7d)) throw unexpected(cursor, '"," or "}"')
  return entries
}

function readArray(cursor: Cursor): Value {
  const items: Value[] = []
  if (take(cursor, 0x5d)) return items
  do {
    items.push(readValue(cursor))
    skipSpace(cursor)
  } while (take(cursor, 0x2c))
  if (!take(cursor, 0x5d)) throw unexpected(cursor, '"," or "]"')
  return items
}

function readString(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at + 1
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      cursor.at = at + 1
      return text.slice(start, at)
    }
    if (code === 0x5c) return readEscapedString(cursor, start, at)
    if (code < 0x20) throw new JsonSyntaxError('a control character in a string', text, at)
  }
  throw new JsonSyntaxError('a string without an end', text, start - 1)
}

// oxlint-disable-next-line no-control-regex -- JSON refuses them inside strings
const escaped = /"|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[^"\\\u0000-\u001f]+/y

function readEscapedString(cursor: Cursor, start: number, escape: number): string {
  const { text } = cursor
  escaped.lastIndex = escape
  for (;;) {
    const at = escaped.lastIndex
    const match = escaped.exec(text)
    if (match === null) {
      const what = at >= text.length ? 'a string without an end' : 'a wrong character in a string'
      throw new JsonSyntaxError(what, text, at >= text.length ? start - 1 : at)
    }
    if (match[0] === '"') break
  }
  cursor.at = escaped.lastIndex
  return JSON.parse(text.slice(start - 1, cursor.at)) as string
}

const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y

function readNumber(cursor: Cursor): Value {
  const { text } = cursor
  number.lastIndex = cursor.at
  const match = number.exec(text)
  if (match === null) {
    if (text.startsWith('-Infinity', cursor.at)) {
      return readWord(cursor, '-Infinity', Number.NEGATIVE_INFINITY)
    }
    throw unexpected(cursor, 'a value')
  }
  cursor.at = number.lastIndex
  const digits = match[0]
  if (match[1] !== undefined || match[2] !== undefined) return toDouble(Number(digits))
  // Sixteen characters without the sign may already be beyond 2^53.
  if (digits.length > 15) return readLongInteger(cursor, digits)
  // `+ 0` turns the integer -0 into 0.
  return Number(digits) + 0
}

// Python refuses longer ones, too: reading one takes time that grows with the square of its digits.
const mostDigits = 4300

function readLongInteger({ text, at }: Cursor, digits: string): Value {
  if (digits.length <= mostDigits) return toInteger(BigInt(digits))
  const message = `a whole number of more than ${mostDigits} digits`
  throw new JsonSyntaxError(message, text, at - digits.length)
}

function readWord(cursor: Cursor, word: string, value: Value): Value {
  if (!cursor.text.startsWith(word, cursor.at)) throw unexpected(cursor, 'a value')
  cursor.at += word.length
  return value
}

function take(cursor: Cursor, code: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== code) return false
  cursor.at++
  return true
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    cursor.at++
  }
}

function unexpected({ text, at }: Cursor, expected: string): JsonSyntaxError {
  const found =
    at < text.length
      ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))
      : 'the end of the text'
  return new JsonSyntaxError(`expected ${expected}, found ${found}`, text, at)
}

interface Style {
  comma: string
  colon: string
  indent: string
  sorted: boolean
  ascii: boolean
}

/** `line` is the line break with the indentation of the current level, empty on one line. */
function write(value: Value, style: Style, line: string): string {
  if (typeof value === 'string') return writeString(value, style)
  if (typeof value === 'number') {
    return Number.isInteger(value) ? integerText(value) : doubleText(value)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Double) return doubleText(value.value)
  const inner = line === '' ? '' : line + style.indent
  if (value instanceof Map) {
    const entries = style.sorted ? [...value].sort(([a], [b]) => compareText(a, b)) : [...value]
    const pieces = entries.map(
      ([key, item]) => writeString(key, style) + style.colon + write(item, style, inner),
    )
    return wrap('{', pieces, '}', style, line)
  }
  const pieces = (value as readonly Value[]).map((item) => write(item, style, inner))
  return wrap('[', pieces, ']', style, line)
}

function wrap(open: string, pieces: string[], close: string, style: Style, line: string): string {
  if (pieces.length === 0 || line === '') return open + pieces.join(style.comma) + close
  const inner = line + style.indent
  return open + inner + pieces.join(style.comma + inner) + line + close
}

function writeString(text: string, { ascii }: Style): string {
  const quoted = JSON.stringify(text)
  return ascii
    ? quoted.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : quoted
}

// Beyond 2^53 a number's own digits are exact only through BigInt: 1e21 prints as a power.
function integerText(value: number): string {
  return Number.isSafeInteger(value) ? String(value + 0) : BigInt(value).toString()
}

/** Orders by code points, as Python does; UTF-16 order differs beyond the first plane. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    let left = a.charCodeAt(at)
    let right = b.charCodeAt(at)
    if (left === right) continue
    // Lifts surrogates above the rest of the first plane.
    if (left >= 0xd800 && left <= 0xdfff) left += 0x10000
    if (right >= 0xd800 && right <= 0xdfff) right += 0x10000
    return left - right
  }
  return a.length - b.length
}
