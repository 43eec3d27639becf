import { add, arithmetic, escapeHtml, multiply, negate, unaryPlus } from '../values/arithmetic.ts'
import { compare } from '../values/compare.ts'
import { filterTable } from '../filters/filter-table.ts'
import { compileAttribute, compileItem } from './compile-member.ts'
import { candidates, contextOf, frameAt, type Block, type Evaluate, type Frame } from './frame.ts'
import { globalOf } from './globals.ts'
import { toItems } from '../values/iterate.ts'
import { limits, spend, spendText } from '../limits.ts'
import { namedEntries } from '../filters/member.ts'
import type { CallArguments, Expression } from '../parse/nodes.ts'
import {
  Callable,
  Dict,
  Facade,
  failUndefined,
  Markup,
  textOf,
  truthy,
  Tuple,
  typeName,
  Undefined,
  type Arguments,
  type Operand,
} from '../values/operand.ts'
import { noArguments, type Operation } from '../values/operation.ts'
import { percentFormat } from '../values/percent-format.ts'
import { toText } from '../values/python-text.ts'
import { TemplateError } from '../template-error.ts'
import { testTable } from '../filters/test-table.ts'

export function compileExpression(node: Expression, block: Block): Evaluate {
  switch (node.type) {
    case 'constant': {
      const { value } = node
      return () => value
    }
    case 'name':
      return compileName(node.name, node.start, block)
    case 'list':
      return compileItems(node.items, block)
    case 'tuple': {
      const items = compileItems(node.items, block)
      return (frame) => new Tuple(items(frame))
    }
    case 'dict':
      return compileDict(node, block)
    case 'arithmetic':
      return compileArithmetic(node, block)
    case 'negative': {
      const operand = compileExpression(node.operand, block)
      return (frame) => negate(operand(frame))
    }
    case 'positive': {
      const operand = compileExpression(node.operand, block)
      return (frame) => unaryPlus(operand(frame))
    }
    case 'not': {
      const operand = compileExpression(node.operand, block)
      return (frame) => !truthy(operand(frame))
    }
    case 'and':
    case 'or':
      return compileLogic(node, block)
    case 'concat':
      return compileConcat(node.items, block)
    case 'comparison':
      return compileComparison(node, block)
    case 'condition':
      return compileCondition(node, block)
    case 'attribute':
      return compileAttribute(node, block, compileExpression)
    case 'item':
      return compileItem(node, block, compileExpression)
    case 'slice':
      throw block.unit.locate(
        node.start,
        node.end,
        new TemplateError('a slice must be alone in brackets'),
      )
    case 'call':
      return compileCall(node, block)
    case 'filter':
      return compileFilter(node, block, null)
    case 'test':
      return compileTest(node, block)
    default:
      return node satisfies never
  }
}

function compileName(name: string, offset: number, block: Block): Evaluate {
  const places = candidates(block, name)
  // What the template sets itself may be unset, as in Jinja: `if` opens no scope.
  const strict = block.unit.missing !== 'lenient' && places.length === 0
  const missing = new Undefined(`"${name}" is not defined`, strict, { offset, name })
  const fromScope: Evaluate = ({ render }) => {
    const value = render.scope.get(name)
    if (value !== undefined) return value
    return globalOf(name, render.plain) ?? missing
  }
  if (places.length === 0) return fromScope
  return (frame) => {
    for (const { hops, slot } of places) {
      const value = frameAt(frame, hops).slots[slot]
      if (value !== undefined) return value
    }
    return fromScope(frame)
  }
}

function compileItems(nodes: readonly Expression[], block: Block): (frame: Frame) => Operand[] {
  const items = nodes.map((node) => compileExpression(node, block))
  return (frame) => items.map((item) => item(frame))
}

function compileDict(node: Extract<Expression, { type: 'dict' }>, block: Block): Evaluate {
  const entries = node.entries.map(({ key, value }) => ({
    key: compileExpression(key, block),
    value: compileExpression(value, block),
  }))
  return (frame) => {
    const dict = new Dict()
    for (const { key, value } of entries) dict.set(key(frame), value(frame))
    return dict
  }
}

function compileArithmetic(
  { operator, left: leftNode, right: rightNode }: Extract<Expression, { type: 'arithmetic' }>,
  block: Block,
): Evaluate {
  const left = compileExpression(leftNode, block)
  const right = compileExpression(rightNode, block)
  switch (operator) {
    case '+':
      return (frame) => add(left(frame), right(frame))
    case '*':
      return (frame) => multiply(left(frame), right(frame))
    case '%':
      return (frame) => {
        const value = left(frame)
        const by = right(frame)
        return textOf(value) === undefined ? arithmetic('%', value, by) : percentFormat(value, by)
      }
    default:
      return (frame) => arithmetic(operator, left(frame), right(frame))
  }
}

function compileLogic(node: Extract<Expression, { type: 'and' | 'or' }>, block: Block): Evaluate {
  const left = compileExpression(node.left, block)
  const right = compileExpression(node.right, block)
  const decides = node.type === 'or'
  return (frame) => {
    const value = left(frame)
    return truthy(value) === decides ? value : right(frame)
  }
}

function compileConcat(nodes: readonly Expression[], block: Block): Evaluate {
  const items = nodes.map((node) => compileExpression(node, block))
  if (block.escape) {
    return (frame) => {
      const values = items.map((item) => item(frame))
      if (!values.some((value) => value instanceof Markup)) return values.map(toText).join('')
      return new Markup(
        values
          .map((value) => (value instanceof Markup ? value.text : escapeHtml(toText(value))))
          .join(''),
      )
    }
  }
  return (frame) => {
    let text = ''
    for (const item of items) {
      text += toText(item(frame))
      if (text.length > limits.characters) spendText(text.length)
    }
    spendText(text.length)
    return text
  }
}

function compileComparison(
  node: Extract<Expression, { type: 'comparison' }>,
  block: Block,
): Evaluate {
  const first = compileExpression(node.first, block)
  const rest = node.rest.map(({ operator, operand }) => ({
    operator,
    operand: compileExpression(operand, block),
  }))
  return (frame) => {
    let left = first(frame)
    for (const { operator, operand } of rest) {
      const right = operand(frame)
      if (!compare(operator, left, right)) return false
      left = right
    }
    return true
  }
}

function compileCondition(
  node: Extract<Expression, { type: 'condition' }>,
  block: Block,
): Evaluate {
  const test = compileExpression(node.test, block)
  const chosen = compileExpression(node.chosen, block)
  const strict = block.unit.missing === 'strict'
  const missing = new Undefined('the inline "if" is false and has no "else"', strict)
  const otherwise =
    node.otherwise === null ? () => missing : compileExpression(node.otherwise, block)
  return (frame) => (truthy(test(frame)) ? chosen(frame) : otherwise(frame))
}

/** Evaluates the arguments of a call. */
export function compileArguments(given: CallArguments, block: Block): (frame: Frame) => Arguments {
  const { named, star, doubleStar } = given
  const positional = compileItems(given.positional, block)
  if (named.length === 0 && star === null && doubleStar === null) {
    if (given.positional.length === 0) return () => noArguments
    return (frame) => ({ positional: positional(frame), named: noArguments.named })
  }
  const names = named.map(({ name, value }) => ({ name, value: compileExpression(value, block) }))
  const more = star && compileExpression(star, block)
  const moreNamed = doubleStar && compileExpression(doubleStar, block)
  return (frame) => {
    const values = positional(frame)
    if (more !== null) for (const item of toItems(more(frame))) values.push(item)
    const byName = new Map<string, Operand>()
    for (const { name, value } of names) byName.set(name, value(frame))
    if (moreNamed !== null) {
      for (const [name, value] of namedEntries(moreNamed(frame), '"**"')) {
        if (byName.has(name)) throw new TemplateError(`the argument "${name}" is given twice`)
        byName.set(name, value)
      }
    }
    return { positional: values, named: byName }
  }
}

function compileCall(node: Extract<Expression, { type: 'call' }>, block: Block): Evaluate {
  const callee = compileExpression(node.callee, block)
  const given = compileArguments(node.given, block)
  const source = block.unit.source.slice(node.callee.start, node.callee.end)
  return (frame) => {
    spend(1)
    const called = callee(frame)
    return call(called, source, given(frame))
  }
}

/** Calls what can be called. */
export function call(called: Operand, source: string, given: Arguments): Operand {
  if (called instanceof Callable) return called.call(given)
  if (called instanceof Undefined) failUndefined(called)
  if (called instanceof Facade && called.call !== null) return called.call(given)
  throw new TemplateError(`"${source}" cannot be called: it is ${typeName(called)}`)
}

/** `body` stands for the operand where a block is filtered. */
export function compileFilter(
  node: Extract<Expression, { type: 'filter' }>,
  block: Block,
  body: Evaluate | null,
): Evaluate {
  const operand =
    node.operand === null
      ? body
      : node.operand.type === 'filter'
        ? compileFilter(node.operand, block, body)
        : compileExpression(node.operand, block)
  if (operand === null) throw new TemplateError(`the filter "${node.name}" has nothing to filter`)
  return compileOperation(filterTable.get(node.name), node.name, operand, node.given, block)
}

function compileTest(node: Extract<Expression, { type: 'test' }>, block: Block): Evaluate {
  const operand = compileExpression(node.operand, block)
  return compileOperation(testTable.get(node.name), node.name, operand, node.given, block)
}

function compileOperation(
  operation: Operation | undefined,
  name: string,
  operand: Evaluate,
  arguments_: CallArguments,
  block: Block,
): Evaluate {
  if (operation === undefined) throw new TemplateError(`there is no filter or test "${name}"`)
  const given = compileArguments(arguments_, block)
  const context = contextOf(block)
  return (frame) => {
    spend(1)
    return operation(operand(frame), given(frame), context(frame))
  }
}
