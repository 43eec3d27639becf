import type { ArithmeticOperator } from '../values/arithmetic.ts'
import type { ComparisonOperator } from '../values/compare.ts'
import type { Expression } from './nodes.ts'
import type { TokenStream } from './token-stream.ts'

/** Parses what operators stand between: a value with its signs, members, calls and filters. */
export type OperandParser = (stream: TokenStream) => Expression

/** Operators by their strength, with the inline `if` outermost where it is allowed. */
export function parseOperators(
  stream: TokenStream,
  operand: OperandParser,
  condition: boolean,
): Expression {
  return condition ? parseCondition(stream, operand) : parseOr(stream, operand)
}

function parseCondition(stream: TokenStream, operand: OperandParser): Expression {
  let node = parseOr(stream, operand)
  for (let length = 1; stream.skipWord('if'); length++) {
    stream.link(length)
    const test = parseOr(stream, operand)
    const otherwise = stream.skipWord('else')
      ? stream.nested(() => parseCondition(stream, operand))
      : null
    node = {
      type: 'condition',
      test,
      chosen: node,
      otherwise,
      start: node.start,
      end: stream.lastEnd(),
    }
  }
  return node
}

function parseOr(stream: TokenStream, operand: OperandParser): Expression {
  let left = parseAnd(stream, operand)
  for (let length = 1; stream.skipWord('or'); length++) {
    stream.link(length)
    const right = parseAnd(stream, operand)
    left = { type: 'or', left, right, start: left.start, end: right.end }
  }
  return left
}

function parseAnd(stream: TokenStream, operand: OperandParser): Expression {
  let left = parseNot(stream, operand)
  for (let length = 1; stream.skipWord('and'); length++) {
    stream.link(length)
    const right = parseNot(stream, operand)
    left = { type: 'and', left, right, start: left.start, end: right.end }
  }
  return left
}

function parseNot(stream: TokenStream, operand: OperandParser): Expression {
  const { start } = stream.current()
  if (!stream.skipWord('not')) return parseComparison(stream, operand)
  const negated = stream.nested(() => parseNot(stream, operand))
  return { type: 'not', operand: negated, start, end: negated.end }
}

const comparisons: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']

function parseComparison(stream: TokenStream, operand: OperandParser): Expression {
  const first = parseSum(stream, operand)
  const rest: { operator: ComparisonOperator; operand: Expression }[] = []
  for (;;) {
    const operator = readComparison(stream)
    if (operator === null) break
    stream.link(rest.length)
    rest.push({ operator, operand: parseSum(stream, operand) })
  }
  if (rest.length === 0) return first
  return { type: 'comparison', first, rest, start: first.start, end: stream.lastEnd() }
}

function readComparison(stream: TokenStream): ComparisonOperator | null {
  const token = stream.current()
  if (token.type === 'operator' && comparisons.includes(token.text)) {
    stream.next()
    // The list above holds only operators of this type.
    return token.text as ComparisonOperator
  }
  if (stream.skipWord('in')) return 'in'
  const ahead = stream.ahead()
  if (stream.isWord('not') && ahead.type === 'name' && ahead.text === 'in') {
    stream.next()
    stream.next()
    return 'not in'
  }
  return null
}

// From weak to strong, `~` between sums and products; all associate to the left, also `**`.
function parseSum(stream: TokenStream, operand: OperandParser): Expression {
  return parseBinary(stream, ['+', '-'], operand, parseConcat)
}

function parseConcat(stream: TokenStream, operand: OperandParser): Expression {
  const first = parseProduct(stream, operand)
  const items = [first]
  while (stream.skipOperator('~')) {
    stream.link(items.length)
    items.push(parseProduct(stream, operand))
  }
  if (items.length === 1) return first
  return { type: 'concat', items, start: first.start, end: stream.lastEnd() }
}

function parseProduct(stream: TokenStream, operand: OperandParser): Expression {
  return parseBinary(stream, ['*', '/', '//', '%'], operand, parsePower)
}

function parsePower(stream: TokenStream, operand: OperandParser): Expression {
  return parseBinary(stream, ['**'], operand, operand)
}

function parseBinary(
  stream: TokenStream,
  operators: readonly ArithmeticOperator[],
  operand: OperandParser,
  parseOperand: (stream: TokenStream, operand: OperandParser) => Expression,
): Expression {
  let left = parseOperand(stream, operand)
  for (let length = 1; ; length++) {
    const operator = operators.find((text) => stream.isOperator(text))
    if (operator === undefined) return left
    stream.link(length)
    stream.next()
    const right = parseOperand(stream, operand)
    left = { type: 'arithmetic', operator, left, right, start: left.start, end: right.end }
  }
}
