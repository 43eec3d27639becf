import { negate } from './arithmetic.ts'
import { toDouble, toInteger, type Value } from '../../util/value.ts'
import { withLimits } from '../limits.ts'
import { Dict, isDict, Tuple, type Operand } from './operand.ts'
import { unescapeString } from '../parse/string-escapes.ts'
import { TemplateError } from '../template-error.ts'
import { toValue } from './to-value.ts'

/** The value a Python literal stands for; the text itself where it is none. */
export function parseLiteral(text: string): Value {
  // Leading white space is an indentation error in Python, so such text stays text.
  if (text === '' || /^[\s]/.test(text) || text.length > 1_000_000) return text
  const cursor: Cursor = { text, at: 0, depth: 0 }
  try {
    return withLimits(() => {
      const operand = readTuple(cursor, false)
      skip(cursor, true)
      return cursor.at === text.length ? toValue(operand) : text
    })
  } catch (thrown) {
    if (thrown instanceof NoLiteral || thrown instanceof TemplateError) return text
    throw thrown
  }
}

class NoLiteral extends Error {}

interface Cursor {
  readonly text: string
  at: number
  /** Brackets around the cursor; line breaks count as space inside them. */
  depth: number
}

const closers: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' }

function skip(cursor: Cursor, anywhere = false): void {
  const space =
    anywhere || cursor.depth > 0 ? /(?:[ \t\f\n]|\\\n|#[^\n]*)*/y : /(?:[ \t\f]|\\\n|#[^\n]*)*/y
  space.lastIndex = cursor.at
  space.exec(cursor.text)
  cursor.at = space.lastIndex
}

function take(cursor: Cursor, text: string): boolean {
  skip(cursor)
  if (!cursor.text.startsWith(text, cursor.at)) return false
  cursor.at += text.length
  return true
}

/** Items with commas between them; one item without a comma is itself. */
function readTuple(cursor: Cursor, mayBeEmpty: boolean): Operand {
  const items: Operand[] = []
  let isTuple = false
  while (!atEnd(cursor)) {
    items.push(readItem(cursor))
    if (!take(cursor, ',')) break
    isTuple = true
  }
  const [first] = items
  if (first !== undefined && !isTuple) return first
  if (first === undefined && !mayBeEmpty) throw new NoLiteral()
  return new Tuple(items)
}

function atEnd(cursor: Cursor): boolean {
  skip(cursor)
  const next = cursor.text.charAt(cursor.at)
  return next === '' || next === ')' || next === ']' || next === '}' || next === '\n'
}

function readItem(cursor: Cursor): Operand {
  skip(cursor)
  if (cursor.depth > 100) throw new NoLiteral()
  const { text, at } = cursor
  const character = text.charAt(at)
  if (character === '-' || character === '+') {
    cursor.at++
    cursor.depth++
    const number = readItem(cursor)
    cursor.depth--
    if (typeof number === 'boolean') throw new NoLiteral()
    return character === '-' ? negate(number) : requireNumber(number)
  }
  if (closers[character] !== undefined) return readBrackets(cursor, character)
  const word = /(?:True|False|None)(?![\p{ID_Continue}])/uy
  word.lastIndex = at
  const constant = word.exec(text)?.[0]
  if (constant !== undefined) {
    cursor.at += constant.length
    return constant === 'None' ? null : constant === 'True'
  }
  return readNumber(cursor) ?? readStrings(cursor)
}

function requireNumber(operand: Operand): Operand {
  negate(operand)
  return operand
}

function readBrackets(cursor: Cursor, opener: string): Operand {
  cursor.at++
  cursor.depth++
  const operand =
    opener === '(' ? readTuple(cursor, true) : opener === '[' ? readList(cursor) : readDict(cursor)
  if (!take(cursor, closers[opener] ?? '')) throw new NoLiteral()
  cursor.depth--
  return operand
}

function readList(cursor: Cursor): Operand {
  const items: Operand[] = []
  while (!atEnd(cursor)) {
    items.push(readItem(cursor))
    if (!take(cursor, ',')) break
  }
  return items
}

// A set literal is no value that a cell can hold, so it stays text.
function readDict(cursor: Cursor): Operand {
  const dict = new Dict()
  while (!atEnd(cursor)) {
    const key = readItem(cursor)
    if (!take(cursor, ':')) throw new NoLiteral()
    if (isDict(key)) throw new NoLiteral()
    dict.set(key, readItem(cursor))
    if (!take(cursor, ',')) break
  }
  return dict
}

const number =
  /(?:0[xX](_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*|\d+(?:_\d+)*\.?)(?:[eE][-+]?\d+(?:_\d+)*)?)(?![\p{ID_Continue}.])/uy

function readNumber(cursor: Cursor): Operand | null {
  number.lastIndex = cursor.at
  const written = number.exec(cursor.text)?.[0]
  if (written === undefined) return null
  const digits = written.replaceAll('_', '')
  if (!/^0[xob]/i.test(digits) && /[.e]/i.test(digits)) {
    cursor.at = number.lastIndex
    return toDouble(Number(digits))
  }
  // Python has no integers with zeros in front, and none of more than 4,300 digits.
  if (/^0\d*[1-9]/.test(digits) || digits.length > 4300) throw new NoLiteral()
  cursor.at = number.lastIndex
  return toInteger(BigInt(digits))
}

const string =
  /[uU]?(?:"""((?:[^\\]|\\[^])*?)"""|'''((?:[^\\]|\\[^])*?)'''|"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)')/y

function readStrings(cursor: Cursor): Operand {
  let text = ''
  for (let first = true; ; first = false) {
    skip(cursor)
    string.lastIndex = cursor.at
    const match = string.exec(cursor.text)
    if (match === null) {
      if (first) throw new NoLiteral()
      return text
    }
    cursor.at = string.lastIndex
    text += unescapeString(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '', refuseEscape)
  }
}

function refuseEscape(): never {
  throw new NoLiteral()
}
