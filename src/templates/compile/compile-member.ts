import { toNumeric } from '../values/arithmetic.ts'
import { contextOf, type Block, type Evaluate } from './frame.ts'
import { attributeOf, itemOf, Slice, sliceOf } from '../filters/member.ts'
import type { Expression } from '../parse/nodes.ts'
import { failUndefined, textOf, typeName, Undefined, type Operand } from '../values/operand.ts'
import { toText } from '../values/python-text.ts'
import { TemplateError } from '../template-error.ts'

/** Handed in: expressions and their members contain one another. */
type CompileExpression = (node: Expression, block: Block) => Evaluate

/** `object.name`. */
export function compileAttribute(
  node: Extract<Expression, { type: 'attribute' }>,
  block: Block,
  compile: CompileExpression,
): Evaluate {
  const object = compile(node.object, block)
  const { name } = node
  const context = contextOf(block)
  const missing = missingPart(node, block, () => JSON.stringify(name))
  return (frame) => {
    const value = object(frame)
    const found = attributeOf(value, name, context(frame))
    return found === undefined ? missing(value, name) : found
  }
}

/** `object[key]` and slices. */
export function compileItem(
  node: Extract<Expression, { type: 'item' }>,
  block: Block,
  compile: CompileExpression,
): Evaluate {
  const object = compile(node.object, block)
  const missing = missingPart(node, block, (key) =>
    textOf(key) === undefined ? `item ${describeKey(key)}` : JSON.stringify(textOf(key)),
  )
  if (node.key.type === 'slice') {
    const bound = (part: Expression | null): Evaluate =>
      part === null ? () => null : compile(part, block)
    const from = bound(node.key.from)
    const to = bound(node.key.to)
    const step = bound(node.key.step)
    return (frame) => {
      const value = object(frame)
      const slice = new Slice(
        sliceBound(from(frame)),
        sliceBound(to(frame)),
        sliceBound(step(frame)) ?? 1,
      )
      return sliceOf(value, slice)
    }
  }
  const key = compile(node.key, block)
  const context = contextOf(block)
  return (frame) => {
    const value = object(frame)
    const by = key(frame)
    const found = itemOf(value, by, context(frame))
    return found === undefined ? missing(value, by) : found
  }
}

function describeKey(key: Operand): string {
  return key instanceof Undefined || key === null ? 'of that kind' : toText(key).slice(0, 40)
}

function sliceBound(operand: Operand): number | null {
  if (operand === null) return null
  if (operand instanceof Undefined) failUndefined(operand)
  const numeric = toNumeric(operand)
  if (numeric === undefined || numeric.float) {
    throw new TemplateError(`a slice needs integers, not ${typeName(operand)}`)
  }
  return Number(numeric.value)
}

/** Makes the `Undefined` of a part that an object does not have. */
function missingPart(
  node: Extract<Expression, { type: 'attribute' | 'item' }>,
  { unit }: Block,
  describe: (key: Operand) => string,
): (object: Operand, key: Operand) => Undefined {
  const source = unit.source.slice(node.object.start, node.object.end)
  const strict = unit.missing === 'strict'
  const asked = { offset: node.object.start, name: null }
  return (object, key) =>
    new Undefined(`"${source}" (${typeName(object)}) has no ${describe(key)}`, strict, asked)
}
