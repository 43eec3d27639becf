import { JsonSyntaxError, parseJson } from '../util/json.ts'
import { toDouble, type Value } from '../util/value.ts'

/** A value as it was read, and where the text continues behind it. */
export interface TolerantJson {
  value: Value
  end: number
  /** Brackets that were left open at the end of the text. */
  open: number
}

/**
 * Reads JSON as models write it: with comments, single or curly quotes, keys without quotes,
 * Python's words, commas too many or missing, line breaks and bare quotes inside of texts.
 *
 * Only what can be meant in one way is read; otherwise it throws a `JsonSyntaxError`. A value that the
 * end of the text cuts is no value; brackets that nothing but the end leaves open are counted.
 */
export function readTolerantJson(text: string, start = 0): TolerantJson {
  const cursor: Cursor = { text, at: start, depth: 0, open: 0 }
  skipBlank(cursor)
  const value = readValue(cursor)
  return { value, end: cursor.at, open: cursor.open }
}

const deepest = 200

interface Cursor {
  readonly text: string
  at: number
  depth: number
  open: number
}

function readValue(cursor: Cursor): Value {
  const { text } = cursor
  const character = text.charAt(cursor.at)
  if (character === '{') return nested(cursor, readObject)
  if (character === '[') return nested(cursor, readList)
  if (closingQuotes.has(character)) return readText(cursor, 'value')
  return readNumber(cursor) ?? readWord(cursor)
}

function nested(cursor: Cursor, read: (cursor: Cursor) => Value): Value {
  cursor.depth += 1
  if (cursor.depth > deepest) throw refused(cursor, `fewer than ${deepest} levels`)
  cursor.at += 1
  const value = read(cursor)
  cursor.depth -= 1
  return value
}

function readObject(cursor: Cursor): Value {
  const entries = new Map<string, Value>()
  for (;;) {
    skipBlank(cursor)
    if (closes(cursor, '}')) return entries
    const key = readKey(cursor)
    skipBlank(cursor)
    if (cursor.text.charAt(cursor.at) !== ':') throw refused(cursor, '":" after a key')
    cursor.at += 1
    skipBlank(cursor)
    // Which of two equal keys was meant is not known.
    if (entries.has(key)) throw refused(cursor, `"${key}" once`)
    entries.set(key, readValue(cursor))
    skipBlank(cursor)
    if (takeComma(cursor) || keyAhead(cursor)) continue
    if (closes(cursor, '}')) return entries
    throw refused(cursor, '"," or "}"')
  }
}

function readList(cursor: Cursor): Value {
  const items: Value[] = []
  for (;;) {
    skipBlank(cursor)
    if (closes(cursor, ']')) return items
    items.push(readValue(cursor))
    const before = cursor.at
    skipBlank(cursor)
    if (takeComma(cursor)) continue
    if (closes(cursor, ']')) return items
    // Items on lines of their own need no comma to be distinguished.
    if (!cursor.text.slice(before, cursor.at).includes('\n')) throw refused(cursor, '"," or "]"')
  }
}

/** A closing bracket, or the end of the text, behind a whole value. */
function closes(cursor: Cursor, bracket: string): boolean {
  if (cursor.at >= cursor.text.length) {
    cursor.open += 1
    return true
  }
  if (cursor.text.charAt(cursor.at) !== bracket) return false
  cursor.at += 1
  return true
}

/** One comma; where the text ends behind it, something is missing. */
function takeComma(cursor: Cursor): boolean {
  if (cursor.text.charAt(cursor.at) !== ',') return false
  cursor.at += 1
  skipBlank(cursor)
  if (cursor.at >= cursor.text.length) throw refused(cursor, 'something after ","')
  return true
}

const bareKey = /[\p{L}_$][\p{L}\p{N}_$-]*/uy

function readKey(cursor: Cursor): string {
  if (closingQuotes.has(cursor.text.charAt(cursor.at))) return readText(cursor, 'key')
  const key = match(bareKey, cursor)
  if (key === null) throw refused(cursor, 'a key')
  return key
}

/** Whether a key with its colon comes: where it does, a comma before it may be missing. */
function keyAhead({ text, at }: Cursor): boolean {
  return matchesAt(keyPattern, text, at)
}

const keyPattern = /(?:"[^"\n]*"|'[^'\n]*'|“[^”\n]*”|[\p{L}_$][\p{L}\p{N}_$-]*)\s*:/uy

const closingQuotes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['‘', '’'],
  ['„', '“'],
])

/** A text in quotes; quotes inside of it that are not escaped belong to it. */
function readText(cursor: Cursor, what: 'key' | 'value'): string {
  const { text } = cursor
  const start = cursor.at
  const closing = closingQuotes.get(text.charAt(start)) ?? ''
  let read = ''
  let from = start + 1
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') {
      const escape = readEscape(text, at)
      read += text.slice(from, at) + escape.value
      at += escape.length - 1
      from = at + 1
    } else if (character === closing && endsText(cursor, at + 1, what)) {
      cursor.at = at + 1
      return read + text.slice(from, at)
    }
  }
  cursor.at = text.length
  throw refused(cursor, 'the end of a text')
}

/** Whether a quote ends the text: what follows it can't be a part of it. */
function endsText({ text, depth }: Cursor, at: number, what: 'key' | 'value'): boolean {
  blank.lastIndex = at
  blank.test(text)
  const next = blank.lastIndex
  const character = text.charAt(next)
  if (what === 'key') return character === ':'
  if (character === '' || depth === 0) return true
  if (character === '}' || character === ']') return true
  if (character === ',') return itemAhead(text, next + 1)
  if (character === '/') return matchesAt(comment, text, next)
  if (character === '"' && next > at && matchesAt(quotedKey, text, next)) return true
  // A comma may be missing at the end of a line.
  return text.slice(at, next).includes('\n') && startsAny(text, next)
}

const blank = /\s*/y
const comment = /\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/\s*(?:[,}\]]|$)/y
const quotedKey = /"[^"\n]*"\s*:/y

/** Behind a comma comes a key, a value or the end of what it is in. */
function itemAhead(text: string, at: number): boolean {
  blank.lastIndex = at
  blank.test(text)
  return startsAny(text, blank.lastIndex)
}

const anyStart =
  /["'“‘„{[\]}]|\/[/*]|-?\d|(?:true|false|null|True|False|None|NaN)\b|[\p{L}_$][\p{L}\p{N}_$-]*\s*:/uy

function startsAny(text: string, at: number): boolean {
  if (at >= text.length) return true
  return matchesAt(anyStart, text, at)
}

function matchesAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at
  return pattern.test(text)
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\n', '\n'],
])

/** What JSON does not know as an escape is a backslash, as in formulas and paths. */
function readEscape(text: string, at: number): { value: string; length: number } {
  const next = text.charAt(at + 1)
  const simple = simpleEscapes.get(next)
  if (simple !== undefined) return { value: simple, length: 2 }
  const digits = next === 'u' ? /^[0-9a-fA-F]{4}/.exec(text.slice(at + 2, at + 6)) : null
  if (digits === null) return { value: '\\', length: 1 }
  return { value: String.fromCharCode(Number.parseInt(digits[0], 16)), length: 6 }
}

const numberPattern = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\p{L}\p{N}_.])/uy

function readNumber(cursor: Cursor): Value | undefined {
  const digits = match(numberPattern, cursor)
  if (digits === null) return undefined
  // 007 is not a number in JSON, and may be the text it looks like.
  if (/^[-+]?0\d/.test(digits)) throw refused(cursor, 'a number without leading zeros')
  const plain = digits.replace(/^\+/, '')
  if (/^-?\d+$/.test(plain)) return parseJson(plain)
  return toDouble(Number(plain))
}

const words: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['null', null],
  ['None', null],
  ['NULL', null],
  ['undefined', null],
])

const wordPattern = /[A-Za-z]+(?![\p{L}\p{N}_])/uy

function readWord(cursor: Cursor): Value {
  const start = cursor.at
  const word = match(wordPattern, cursor)
  const value = word === null ? undefined : words.get(word)
  if (value !== undefined) return value
  cursor.at = start
  throw refused(cursor, 'a value')
}

function skipBlank(cursor: Cursor): void {
  match(blankPattern, cursor)
}

const blankPattern = /(?:[\s\u00a0\ufeff]+|\/\/[^\n]*|\/\*[^]*?\*\/|#[^\n]*)*/y

function match(pattern: RegExp, cursor: Cursor): string | null {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)
  if (found === null) return null
  cursor.at = pattern.lastIndex
  return found[0]
}

function refused({ text, at }: Cursor, expected: string): JsonSyntaxError {
  const found =
    at < text.length
      ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))
      : 'the end of the text'
  return new JsonSyntaxError(`expected ${expected}, found ${found}`, text, at)
}
