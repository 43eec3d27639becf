import { escapeHtml } from '../values/arithmetic.ts'
import { isList, Markup, Tuple, type Operand } from '../values/operand.ts'
import type { Operation } from '../values/operation.ts'

/** A text method on markup: texts it is given are escaped, texts it yields are markup. */
export function markupMethod(operation: Operation | undefined): Operation | undefined {
  if (operation === undefined) return undefined
  return (operand, given, context) => {
    const positional = given.positional.map(escapeText)
    const named = new Map([...given.named].map(([name, value]) => [name, escapeText(value)]))
    return asMarkup(operation(operand, { positional, named }, context))
  }
}

function escapeText(operand: Operand): Operand {
  return typeof operand === 'string' ? escapeHtml(operand) : operand
}

function asMarkup(operand: Operand): Operand {
  if (typeof operand === 'string') return new Markup(operand)
  if (isList(operand)) return operand.map(asMarkup)
  return operand instanceof Tuple ? new Tuple(operand.items.map(asMarkup)) : operand
}
