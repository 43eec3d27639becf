import { parseExpressionNode, parseFilter, parseTuple } from './expression-parser.ts'
import { tokenize, tokenizeExpression } from './lexer.ts'
import type { Expression, Signature, Statement, Target } from './nodes.ts'
import { nearest } from './stock-names.ts'
import { parseName, parseTarget } from './target-parser.ts'
import { createTokenStream, describe, type TokenStream } from './token-stream.ts'

/** Parses a normalized template. */
export function parseStatements(source: string): Statement[] {
  const stream = createTokenStream(source, tokenize(source))
  const parser: Parser = { stream, blocks: new Set(), open: [] }
  const { body } = parseBody(parser, [])
  return body
}

/** Parses an expression without braces. */
export function parseBareExpression(source: string): Expression {
  const stream = createTokenStream(source, tokenizeExpression(source))
  const expression = parseTuple(stream)
  if (stream.current().type !== 'end') {
    throw stream.fail(`expected the end of the expression, found ${describe(stream.current())}`)
  }
  return expression
}

interface Parser {
  readonly stream: TokenStream
  /** Names of blocks met so far; each may stand once. */
  readonly blocks: Set<string>
  /** Statements that wait for their end. */
  readonly open: { readonly tag: string; readonly ends: readonly string[] }[]
}

type StatementParser = (parser: Parser, start: number) => Statement

const statements: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['if', parseIf],
  ['for', parseFor],
  ['set', parseSet],
  ['with', parseWith],
  ['filter', parseFilterBlock],
  ['macro', parseMacro],
  ['call', parseCallBlock],
  ['block', parseBlock],
  ['autoescape', parseAutoescape],
  ['print', parsePrint],
])

const unavailable: readonly string[] = ['include', 'import', 'from', 'extends']

/** Statements up to a block that starts with one of `ends`, which is left to the caller. */
function parseBody(parser: Parser, ends: readonly string[]): { body: Statement[]; end: string } {
  const { stream } = parser
  const body: Statement[] = []
  for (;;) {
    const token = stream.next()
    const { start, end, text } = token
    switch (token.type) {
      case 'text':
        body.push({ type: 'text', text, start, end })
        break
      case 'output-begin':
        body.push(parseOutput(stream, start))
        break
      case 'block-begin': {
        const word = stream.current()
        if (word.type === 'name' && ends.includes(word.text)) {
          stream.next()
          return { body, end: word.text }
        }
        body.push(parseStatement(parser, start))
        break
      }
      default: {
        const open = parser.open.at(-1)
        if (ends.length === 0 || open === undefined) return { body, end: '' }
        throw stream.fail(`"${open.tag}" has no end: "{% ${ends.at(-1)} %}" is missing`, token)
      }
    }
  }
}

function parseOutput(stream: TokenStream, start: number): Statement {
  const expression = parseTuple(stream)
  if (stream.current().type !== 'output-end') {
    throw stream.fail(`expected "}}", found ${describe(stream.current())}`)
  }
  const { start: close } = stream.next()
  return { type: 'output', expression, start, end: close }
}

function parseStatement(parser: Parser, start: number): Statement {
  const { stream } = parser
  const tag = stream.expect('name', 'the name of a statement')
  const parse = statements.get(tag.text)
  if (parse === undefined) {
    if (unavailable.includes(tag.text)) {
      const reason = 'a template must be alone here'
      throw stream.fail(`"${tag.text}" is not available: ${reason}`, tag)
    }
    throw stream.fail(unknownTag(parser, tag.text), tag)
  }
  const statement = stream.nested(() => parse(parser, start))
  endTag(stream)
  return statement
}

function unknownTag({ open }: Parser, tag: string): string {
  const last = open.at(-1)
  if (last !== undefined && (tag.startsWith('end') || tag === 'else' || tag === 'elif')) {
    const ends = last.ends.map((end) => `"${end}"`).join(' or ')
    return `"${tag}" does not end "${last.tag}", which is still open: expected ${ends}`
  }
  if (tag.startsWith('end')) return `"${tag}" ends nothing: no such statement is open`
  const near = nearest(tag, statements.keys())
  return `there is no statement "${tag}"${near === null ? '' : `; did you mean "${near}"?`}`
}

/** A body with what ends it; the tag is closed behind the ending word. */
function parseBlockBody(
  parser: Parser,
  tag: string,
  ends: readonly string[],
): { body: Statement[]; end: string } {
  const { stream } = parser
  stream.skipOperator(':')
  endTag(stream)
  parser.open.push({ tag, ends })
  const result = parseBody(parser, ends)
  parser.open.pop()
  return result
}

function endTag(stream: TokenStream): void {
  stream.expect('block-end', '"%}"')
}

function parseIf(parser: Parser, start: number): Statement {
  const { stream } = parser
  const branches: { test: Expression; body: Statement[] }[] = []
  let otherwise: Statement[] = []
  for (let end = 'elif'; end === 'elif';) {
    const test = parseTuple(stream, { condition: false })
    const branch = parseBlockBody(parser, 'if', ['elif', 'else', 'endif'])
    branches.push({ test, body: branch.body })
    end = branch.end
    if (end === 'else') otherwise = parseBlockBody(parser, 'if', ['endif']).body
  }
  return { type: 'if', branches, otherwise, start, end: stream.lastEnd() }
}

function parseFor(parser: Parser, start: number): Statement {
  const { stream } = parser
  const target = parseTarget(stream, { ends: ['in'] })
  stream.expectWord('in')
  const iterable = parseTuple(stream, { condition: false, ends: ['recursive'] })
  const test = stream.skipWord('if') ? parseExpressionNode(stream) : null
  const recursive = stream.skipWord('recursive')
  const { end: head } = stream.current()
  const { body, end } = parseBlockBody(parser, 'for', ['else', 'endfor'])
  const otherwise = end === 'else' ? parseBlockBody(parser, 'for', ['endfor']).body : []
  return { type: 'for', target, iterable, test, recursive, body, otherwise, start, end: head }
}

function parseSet(parser: Parser, start: number): Statement {
  const { stream } = parser
  const target = parseTarget(stream, { members: true })
  if (stream.skipOperator('=')) {
    const value = parseTuple(stream)
    return { type: 'set', target, value, start, end: stream.lastEnd() }
  }
  const filter = parseFilterChain(stream)
  const { body } = parseBlockBody(parser, 'set', ['endset'])
  return { type: 'set-block', target, filter, body, start, end: target.end }
}

function parseFilterChain(stream: TokenStream): Expression | null {
  let filter: Expression | null = null
  for (let length = 1; stream.skipOperator('|'); length++) {
    stream.link(length)
    filter = parseFilter(stream, filter)
  }
  return filter
}

function parseWith(parser: Parser, start: number): Statement {
  const { stream } = parser
  const bindings: { target: Target; value: Expression }[] = []
  while (stream.current().type !== 'block-end') {
    if (bindings.length > 0) stream.expectOperator(',')
    const target = parseTarget(stream)
    stream.expectOperator('=')
    bindings.push({ target, value: parseExpressionNode(stream) })
  }
  const { body } = parseBlockBody(parser, 'with', ['endwith'])
  return { type: 'with', bindings, body, start, end: stream.lastEnd() }
}

function parseFilterBlock(parser: Parser, start: number): Statement {
  const { stream } = parser
  let filter = parseFilter(stream, null)
  for (let length = 1; stream.skipOperator('|'); length++) {
    stream.link(length)
    filter = parseFilter(stream, filter)
  }
  const { body } = parseBlockBody(parser, 'filter', ['endfilter'])
  return { type: 'filter-block', filter, body, start, end: filter.end }
}

function parseMacro(parser: Parser, start: number): Statement {
  const { stream } = parser
  const { name, end } = parseName(stream)
  const parameters = parseParameters(stream)
  const { body } = parseBlockBody(parser, 'macro', ['endmacro'])
  return { type: 'macro', name, parameters, body, start, end }
}

function parseCallBlock(parser: Parser, start: number): Statement {
  const { stream } = parser
  const parameters = stream.isOperator('(') ? parseParameters(stream) : []
  const call = parseExpressionNode(stream)
  if (call.type !== 'call') {
    throw stream.fail('"call" needs a call, such as {% call box() %}')
  }
  const { body } = parseBlockBody(parser, 'call', ['endcall'])
  return { type: 'call-block', call, parameters, body, start, end: call.end }
}

function parseParameters(stream: TokenStream): Signature['parameters'] {
  const parameters: { name: string; fallback: Expression | null }[] = []
  stream.expectOperator('(')
  while (!stream.isOperator(')')) {
    if (parameters.length > 0) stream.expectOperator(',')
    const token = stream.current()
    const { name } = parseName(stream)
    if (parameters.some((other) => other.name === name)) {
      throw stream.fail(`the parameter "${name}" occurs twice`, token)
    }
    const fallback = stream.skipOperator('=') ? parseExpressionNode(stream) : null
    if (fallback === null && parameters.at(-1)?.fallback) {
      throw stream.fail('a parameter without a default cannot follow one with a default', token)
    }
    parameters.push({ name, fallback })
  }
  stream.next()
  return parameters
}

function parseBlock(parser: Parser, start: number): Statement {
  const { stream, blocks } = parser
  const token = stream.expect('name', 'the name of the block')
  const name = token.text
  if (blocks.has(name)) throw stream.fail(`the block "${name}" occurs twice`, token)
  blocks.add(name)
  const scoped = stream.skipWord('scoped')
  if (stream.skipWord('required')) {
    throw stream.fail('"required" needs "extends", which is not available', token)
  }
  const { body } = parseBlockBody(parser, 'block', ['endblock'])
  stream.skipWord(name)
  return { type: 'block', name, scoped, body, start, end: token.end }
}

function parseAutoescape(parser: Parser, start: number): Statement {
  const { stream } = parser
  const token = stream.current()
  const value = parseExpressionNode(stream)
  if (value.type !== 'constant' || typeof value.value !== 'boolean') {
    throw stream.fail('"autoescape" needs true or false', token)
  }
  const { body } = parseBlockBody(parser, 'autoescape', ['endautoescape'])
  return { type: 'autoescape', enabled: value.value, body, start, end: token.end }
}

// `print` writes its expressions one after another, as `{{ … }}` does.
function parsePrint({ stream }: Parser, start: number): Statement {
  const items: Expression[] = []
  while (stream.current().type !== 'block-end') {
    if (items.length > 0) stream.expectOperator(',')
    items.push(parseExpressionNode(stream))
  }
  const end = stream.lastEnd()
  const expression: Expression = { type: 'concat', items, start, end }
  return { type: 'output', expression, start, end }
}
