import { syntaxError, type Token, type TokenType } from './lexer.ts'
import type { TemplateSyntaxError } from '../template-error.ts'

/** Parentheses, brackets, blocks and operators inside one another. */
const deepest = 100
/** Operators, filters and members in one chain; each is a call inside the other when it runs. */
const longest = 500

/** Reads tokens one after another and guards the depth of what is being parsed. */
export interface TokenStream {
  readonly source: string
  /** The token not yet read. */
  current(): Token
  /** The token after that. */
  ahead(): Token
  next(): Token
  /** End of the token read last. */
  lastEnd(): number
  isOperator(text: string): boolean
  isWord(text: string): boolean
  skipOperator(text: string): boolean
  skipWord(text: string): boolean
  expectOperator(text: string): Token
  expectWord(text: string): Token
  expect(type: TokenType, what: string): Token
  fail(reason: string, token?: Token): TemplateSyntaxError
  /** Parses something that may contain itself. */
  nested<T>(parse: () => T): T
  /** Counts a link of a chain. */
  link(length: number): void
}

export function createTokenStream(source: string, tokens: readonly Token[]): TokenStream {
  const end: Token = tokens.at(-1) ?? { type: 'end', text: '', value: null, start: 0, end: 0 }
  let at = 0
  let depth = 0

  function current(): Token {
    return tokens[at] ?? end
  }

  function next(): Token {
    return tokens[at++] ?? end
  }

  function fail(reason: string, token = current()): TemplateSyntaxError {
    return syntaxError(source, token.start, reason)
  }

  function is(type: TokenType, text: string): boolean {
    const token = current()
    return token.type === type && token.text === text
  }

  function skip(type: TokenType, text: string): boolean {
    if (!is(type, text)) return false
    at++
    return true
  }

  function expectText(type: TokenType, text: string): Token {
    if (!is(type, text)) throw fail(`expected "${text}", found ${describe(current())}`)
    return next()
  }

  return {
    source,
    current,
    next,
    fail,
    ahead: () => tokens[at + 1] ?? end,
    lastEnd: () => tokens[at - 1]?.end ?? 0,
    isOperator: (text) => is('operator', text),
    isWord: (text) => is('name', text),
    skipOperator: (text) => skip('operator', text),
    skipWord: (text) => skip('name', text),
    expectOperator: (text) => expectText('operator', text),
    expectWord: (text) => expectText('name', text),
    expect(type, what) {
      if (current().type !== type) throw fail(`expected ${what}, found ${describe(current())}`)
      return next()
    },
    nested(parse) {
      if (++depth > deepest) throw fail(`more than ${deepest} levels of nesting`)
      const node = parse()
      depth--
      return node
    },
    link(length) {
      if (length > longest) throw fail(`more than ${longest} operators in one chain`)
    },
  }
}

/** A token as an error message names it. */
export function describe({ type, text }: Token): string {
  switch (type) {
    case 'end':
      return 'the end of the template'
    case 'text':
      return 'text'
    case 'block-end':
    case 'output-end':
      return `"${text.trim().replace(/^[-+]/, '')}"`
    case 'string':
      return 'a string'
    default:
      return `"${text}"`
  }
}
