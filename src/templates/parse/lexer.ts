import { toDouble, toInteger } from '../../util/value.ts'
import type { Operand } from '../values/operand.ts'
import { TemplateSyntaxError } from '../template-error.ts'
import { unescapeString } from './string-escapes.ts'

export type TokenType =
  | 'text'
  | 'output-begin'
  | 'output-end'
  | 'block-begin'
  | 'block-end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'end'

export interface Token {
  readonly type: TokenType
  /** What was written; for text and strings, the text that is meant. */
  readonly text: string
  /** The value of a number. */
  readonly value: Operand
  readonly start: number
  readonly end: number
}

/** The source as it is lexed: line breaks are `\n` and one at the end is dropped, as Jinja does. */
export function normalizeSource(source: string): string {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

/** Line and column, both 1-based, of an offset in the normalized source. */
export function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

export function syntaxError(source: string, offset: number, reason: string): TemplateSyntaxError {
  const { line, column } = positionAt(source, offset)
  return new TemplateSyntaxError(reason, line, column)
}

const rawBegin = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y
const rawEnd = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g
const blockEnd = /\+%\}|-%\}\s*|%\}/y
const outputEnd = /-\}\}\s*|\}\}/y

/** Splits a normalized template into tokens. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const open = findTag(source, at)
    const begin = open === -1 ? source.length : open
    const sign = open === -1 ? '' : source.charAt(open + 2)
    pushText(tokens, source, at, begin, sign)
    if (open === -1) break
    const body = open + 2 + (sign === '-' || sign === '+' ? 1 : 0)
    switch (source.charAt(open + 1)) {
      case '#':
        at = skipComment(source, open, body)
        break
      case '{':
        tokens.push(token('output-begin', '{{', open, body))
        at = tokenizeTag(source, body, outputEnd, 'output-end', tokens)
        break
      default:
        rawBegin.lastIndex = open
        if (rawBegin.test(source)) {
          at = readRaw(source, open, rawBegin.lastIndex, tokens)
        } else {
          tokens.push(token('block-begin', '{%', open, body))
          at = tokenizeTag(source, body, blockEnd, 'block-end', tokens)
        }
    }
  }
  tokens.push(token('end', '', source.length, source.length))
  return tokens
}

/** Splits an expression without braces into tokens. */
export function tokenizeExpression(source: string): Token[] {
  const tokens: Token[] = []
  tokenizeTag(source, 0, null, 'end', tokens)
  return tokens
}

function findTag(source: string, from: number): number {
  for (let at = source.indexOf('{', from); at !== -1; at = source.indexOf('{', at + 1)) {
    const next = source.charAt(at + 1)
    if (next === '{' || next === '%' || next === '#') return at
  }
  return -1
}

function pushText(tokens: Token[], source: string, start: number, end: number, sign: string): void {
  const text = source.slice(start, end)
  const kept = sign === '-' ? text.trimEnd() : text
  if (kept !== '') tokens.push(token('text', kept, start, end))
}

function skipComment(source: string, open: number, body: number): number {
  const close = source.indexOf('#}', body)
  if (close === -1) throw syntaxError(source, open, 'a comment has no end: "#}" is missing')
  const end = close + 2
  return close > body && source.charAt(close - 1) === '-' ? skipSpace(source, end) : end
}

function readRaw(source: string, open: number, body: number, tokens: Token[]): number {
  rawEnd.lastIndex = body
  const end = rawEnd.exec(source)
  if (end === null) throw syntaxError(source, open, '"raw" has no end: "{% endraw %}" is missing')
  pushText(tokens, source, body, end.index, end[1] ?? '')
  return rawEnd.lastIndex
}

function skipSpace(source: string, at: number): number {
  space.lastIndex = at
  return space.test(source) ? space.lastIndex : at
}

const space = /\s+/y
const float =
  /(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?e[-+]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)/iy
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*/iy
const name = /[\p{ID_Start}_][\p{ID_Continue}]*/uy
const string = /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y
const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

function tokenizeTag(
  source: string,
  from: number,
  close: RegExp | null,
  closeType: TokenType,
  tokens: Token[],
): number {
  const open: { text: string; at: number }[] = []
  for (let at = from; ;) {
    at = skipSpace(source, at)
    // Inside brackets `}}` closes two objects, not the tag.
    if (close !== null && open.length === 0) {
      const end = match(close, source, at)
      if (end !== null) {
        tokens.push(token(closeType, end, at, at + end.length))
        return at + end.length
      }
    }
    if (at >= source.length) {
      const unclosed = open.at(-1)
      if (unclosed !== undefined) {
        throw syntaxError(source, unclosed.at, `"${unclosed.text}" is never closed`)
      }
      tokens.push(token('end', '', at, at))
      return at
    }
    const next = readToken(source, at)
    if (next.type === 'operator') balance(source, next, open)
    tokens.push(next)
    at = next.end
  }
}

function readToken(source: string, at: number): Token {
  // `a.0.1` are two items, not the item 0.1.
  const number = source.charAt(at - 1) === '.' ? null : match(float, source, at)
  if (number !== null) {
    const value = toDouble(Number(number.replaceAll('_', '')))
    return token('float', number, at, at + number.length, value)
  }
  const digits = match(integer, source, at)
  if (digits !== null) {
    if (digits.length > 4300) throw syntaxError(source, at, 'a number has more than 4,300 digits')
    const value = toInteger(BigInt(digits.replaceAll('_', '')))
    return token('integer', digits, at, at + digits.length, value)
  }
  const word = match(name, source, at)
  if (word !== null) return token('name', word, at, at + word.length)
  const quoted = match(string, source, at)
  if (quoted !== null) {
    const text = unescape(source, at + 1, quoted.slice(1, -1))
    return token('string', text, at, at + quoted.length)
  }
  const symbol = match(operator, source, at)
  if (symbol !== null) return token('operator', symbol, at, at + symbol.length)
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  const reason =
    character === '"' || character === "'"
      ? `a string has no end: ${character} is missing`
      : `unexpected character ${JSON.stringify(character)}`
  throw syntaxError(source, at, reason)
}

function balance(
  source: string,
  { text, start }: Token,
  open: { text: string; at: number }[],
): void {
  if (closing[text] !== undefined) {
    open.push({ text, at: start })
  } else if (text === ')' || text === ']' || text === '}') {
    const last = open.pop()
    if (last === undefined) throw syntaxError(source, start, `unexpected "${text}"`)
    const expected = closing[last.text]
    if (expected !== text) {
      throw syntaxError(source, start, `unexpected "${text}", expected "${expected}"`)
    }
  }
}

function match(pattern: RegExp, source: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0] ?? null
}

function unescape(source: string, start: number, text: string): string {
  return unescapeString(text, (letter, offset) => {
    throw syntaxError(
      source,
      start + offset,
      letter === 'N'
        ? 'characters have no names here: write the character itself, or its number as \\u2022'
        : `the escape "\\${letter}" is not complete`,
    )
  })
}

function token(
  type: TokenType,
  text: string,
  start: number,
  end: number,
  value: Operand = null,
): Token {
  return { type, text, value, start, end }
}
