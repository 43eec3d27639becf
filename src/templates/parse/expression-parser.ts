import type { CallArguments, Expression } from './nodes.ts'
import { parseOperators } from './operator-parser.ts'
import { isFilter, isTest, nearestFilter, nearestTest } from './stock-names.ts'
import { describe, type TokenStream } from './token-stream.ts'

const noArguments: CallArguments = { positional: [], named: [], star: null, doubleStar: null }

/** An expression, with an inline `if` where that is allowed. */
export function parseExpressionNode(stream: TokenStream, condition = true): Expression {
  return stream.nested(() => parseOperators(stream, parseUnary, condition))
}

/** One expression, or a tuple without parentheses; `ends` are words that end it. */
export function parseTuple(
  stream: TokenStream,
  { condition = true, ends = [] as readonly string[], explicit = false } = {},
): Expression {
  const { start } = stream.current()
  const items: Expression[] = []
  let isTuple = false
  while (!isTupleEnd(stream, ends)) {
    items.push(parseExpressionNode(stream, condition))
    if (!stream.skipOperator(',')) break
    isTuple = true
  }
  const [first] = items
  if (!isTuple && first !== undefined) return first
  if (!isTuple && !explicit) {
    throw stream.fail(`expected an expression, found ${describe(stream.current())}`)
  }
  return { type: 'tuple', items, start, end: stream.lastEnd() }
}

function isTupleEnd(stream: TokenStream, ends: readonly string[]): boolean {
  const { type } = stream.current()
  if (type === 'output-end' || type === 'block-end' || stream.isOperator(')')) return true
  return ends.some((word) => stream.isWord(word))
}

function parseUnary(stream: TokenStream): Expression {
  return parseFilters(stream, parseSigned(stream))
}

// A filter binds weaker than a sign: `-1|abs` is the absolute value of -1.
function parseSigned(stream: TokenStream): Expression {
  const { start } = stream.current()
  let node: Expression
  if (stream.isOperator('-') || stream.isOperator('+')) {
    const type = stream.next().text === '-' ? 'negative' : 'positive'
    const operand = stream.nested(() => parseSigned(stream))
    node = { type, operand, start, end: operand.end }
  } else {
    node = parsePrimary(stream)
  }
  return parsePostfix(stream, node)
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])

export function parsePrimary(stream: TokenStream): Expression {
  const token = stream.current()
  const { start } = token
  switch (token.type) {
    case 'name': {
      const { text, end } = stream.next()
      const value = words.get(text)
      return value === undefined
        ? { type: 'name', name: text, start, end }
        : { type: 'constant', value, start, end }
    }
    case 'string': {
      let value = ''
      while (stream.current().type === 'string') value += stream.next().text
      return { type: 'constant', value, start, end: stream.lastEnd() }
    }
    case 'integer':
    case 'float':
      return { type: 'constant', value: stream.next().value, start, end: token.end }
    default:
  }
  if (stream.skipOperator('(')) {
    const node = parseTuple(stream, { explicit: true })
    stream.expectOperator(')')
    return { ...node, start, end: stream.lastEnd() }
  }
  if (stream.isOperator('[')) return parseList(stream)
  if (stream.isOperator('{')) return parseDict(stream)
  throw stream.fail(`expected an expression, found ${describe(token)}`)
}

function parseList(stream: TokenStream): Expression {
  const { start } = stream.next()
  const items: Expression[] = []
  while (!stream.isOperator(']')) {
    items.push(parseExpressionNode(stream))
    if (!stream.skipOperator(',')) break
  }
  stream.expectOperator(']')
  return { type: 'list', items, start, end: stream.lastEnd() }
}

function parseDict(stream: TokenStream): Expression {
  const { start } = stream.next()
  const entries: { key: Expression; value: Expression }[] = []
  while (!stream.isOperator('}')) {
    const key = parseExpressionNode(stream)
    stream.expectOperator(':')
    entries.push({ key, value: parseExpressionNode(stream) })
    if (!stream.skipOperator(',')) break
  }
  stream.expectOperator('}')
  return { type: 'dict', entries, start, end: stream.lastEnd() }
}

function parsePostfix(stream: TokenStream, first: Expression): Expression {
  let node = first
  for (let length = 1; ; length++) {
    stream.link(length)
    if (stream.isOperator('.')) node = parseMember(stream, node)
    else if (stream.isOperator('[')) node = parseSubscript(stream, node)
    else if (stream.isOperator('(')) node = parseCall(stream, node)
    else return node
  }
}

function parseFilters(stream: TokenStream, first: Expression): Expression {
  let node = first
  for (let length = 1; ; length++) {
    stream.link(length)
    if (stream.isOperator('|')) {
      stream.next()
      node = parseFilter(stream, node)
    } else if (stream.isWord('is')) node = parseTest(stream, node)
    // After a filter or a test a call applies to its result.
    else if (stream.isOperator('(')) node = parseCall(stream, node)
    else return node
  }
}

function parseMember(stream: TokenStream, object: Expression): Expression {
  stream.next()
  const token = stream.next()
  const span = { start: object.start, end: token.end }
  if (token.type === 'name') return { type: 'attribute', object, name: token.text, ...span }
  if (token.type !== 'integer') throw stream.fail('expected a name or a number after "."', token)
  const { start, end, value } = token
  return { type: 'item', object, key: { type: 'constant', value, start, end }, ...span }
}

function parseSubscript(stream: TokenStream, object: Expression): Expression {
  const { start } = stream.next()
  const keys: Expression[] = []
  while (!stream.isOperator(']')) {
    if (keys.length > 0) stream.expectOperator(',')
    keys.push(parseSubscriptKey(stream))
  }
  const { end } = stream.next()
  const [first] = keys
  const key: Expression =
    keys.length === 1 && first !== undefined ? first : { type: 'tuple', items: keys, start, end }
  return { type: 'item', object, key, start: object.start, end }
}

function parseSubscriptKey(stream: TokenStream): Expression {
  const { start } = stream.current()
  const from = stream.isOperator(':') ? null : parseExpressionNode(stream)
  if (!stream.skipOperator(':')) {
    if (from !== null) return from
    throw stream.fail('expected ":"')
  }
  const isEnd = (): boolean =>
    stream.isOperator(':') || stream.isOperator(']') || stream.isOperator(',')
  const to = isEnd() ? null : parseExpressionNode(stream)
  const step = stream.skipOperator(':') && !isEnd() ? parseExpressionNode(stream) : null
  return { type: 'slice', from, to, step, start, end: stream.lastEnd() }
}

function parseCall(stream: TokenStream, callee: Expression): Expression {
  const given = parseArguments(stream)
  return { type: 'call', callee, given, start: callee.start, end: stream.lastEnd() }
}

function parseArguments(stream: TokenStream): CallArguments {
  stream.expectOperator('(')
  const positional: Expression[] = []
  const named: { name: string; value: Expression }[] = []
  let star: Expression | null = null
  let doubleStar: Expression | null = null
  while (!stream.isOperator(')')) {
    const token = stream.current()
    const ahead = stream.ahead()
    if (stream.skipOperator('**')) {
      if (doubleStar !== null) throw stream.fail('"**" may occur only once in a call', token)
      doubleStar = parseExpressionNode(stream)
    } else if (doubleStar !== null) {
      throw stream.fail('nothing can follow "**" in a call', token)
    } else if (stream.skipOperator('*')) {
      if (star !== null) throw stream.fail('"*" may occur only once in a call', token)
      star = parseExpressionNode(stream)
    } else if (token.type === 'name' && ahead.type === 'operator' && ahead.text === '=') {
      stream.next()
      stream.next()
      if (named.some(({ name }) => name === token.text)) {
        throw stream.fail(`the argument "${token.text}" is given twice`, token)
      }
      named.push({ name: token.text, value: parseExpressionNode(stream) })
    } else if (named.length > 0 || star !== null) {
      throw stream.fail('an argument without a name cannot follow one with a name', token)
    } else {
      positional.push(parseExpressionNode(stream))
    }
    if (!stream.skipOperator(',')) break
  }
  stream.expectOperator(')')
  return { positional, named, star, doubleStar }
}

/** A filter behind its `|`; `operand` is null where a block is filtered. */
export function parseFilter(stream: TokenStream, operand: Expression | null): Expression {
  const { text: name, start } = stream.expect('name', 'the name of a filter')
  if (!isFilter(name)) {
    const near = nearestFilter(name)
    throw stream.fail(
      `there is no filter "${name}"${near === null ? '' : `; did you mean "${near}"?`}`,
      { type: 'name', text: name, value: null, start, end: start },
    )
  }
  const given = stream.isOperator('(') ? parseArguments(stream) : noArguments
  const end = stream.lastEnd()
  return { type: 'filter', name, operand, given, start: operand?.start ?? start, end }
}

function parseTest(stream: TokenStream, operand: Expression): Expression {
  stream.next()
  const negated = stream.skipWord('not')
  const token = stream.expect('name', 'the name of a test')
  const name = token.text
  if (!isTest(name)) {
    const near = nearestTest(name)
    throw stream.fail(
      `there is no test "${name}"${near === null ? '' : `; did you mean "${near}"?`}`,
      token,
    )
  }
  const given = parseTestArguments(stream)
  const span = { start: operand.start, end: stream.lastEnd() }
  const node: Expression = { type: 'test', name, operand, given, ...span }
  return negated ? { type: 'not', operand: node, ...span } : node
}

function parseTestArguments(stream: TokenStream): CallArguments {
  const { type, text } = stream.current()
  if (stream.isOperator('(')) return parseArguments(stream)
  if (type === 'name' && text === 'is') throw stream.fail('tests cannot be chained with "is"')
  const starts =
    type === 'string' ||
    type === 'integer' ||
    type === 'float' ||
    (type === 'operator' && (text === '[' || text === '{')) ||
    (type === 'name' && text !== 'else' && text !== 'or' && text !== 'and')
  if (!starts) return noArguments
  return { ...noArguments, positional: [parsePostfix(stream, parsePrimary(stream))] }
}
