import { spend, spendItems, spendText } from './limits.ts'
import {
  failUndefined,
  isDict,
  isList,
  isNarrow,
  Lazy,
  Range,
  textOf,
  Tuple,
  typeName,
  Undefined,
  View,
  type Operand,
} from './operand.ts'
import { TemplateError } from './template-error.ts'

/** Python's `iter`; null for what cannot be walked. */
export function tryIterate(operand: Operand): Iterable<Operand> | null {
  if (isList(operand)) return operand
  if (operand instanceof Tuple) return operand.items
  if (isDict(operand)) return operand.keys()
  const text = textOf(operand)
  if (text !== undefined) return characters(text)
  if (operand instanceof View) return operand
  if (operand instanceof Lazy) return operand.iterator
  if (operand instanceof Range) return rangeItems(operand)
  if (operand instanceof Undefined) return operand.strict ? failUndefined(operand) : []
  return null
}

export function iterate(operand: Operand): Iterable<Operand> {
  const items = tryIterate(operand)
  if (items === null) {
    throw new TemplateError(`${typeName(operand)} is not a list: it cannot be walked`)
  }
  return items
}

/** All items at once; the result may be the operand's own list and is not to be changed. */
export function toItems(operand: Operand): readonly Operand[] {
  if (isList(operand)) {
    spendItems(operand.length)
    return operand
  }
  const items: Operand[] = []
  for (const item of iterate(operand)) {
    items.push(item)
    if ((items.length & 15) === 0) {
      spend(1)
      spendItems(0)
    }
  }
  spendItems(items.length)
  return items
}

function characters(text: string): Iterable<Operand> {
  spendText(text.length)
  return isNarrow(text) ? text.split('') : text
}

export function* rangeItems({ start, step, length }: Range): IterableIterator<number> {
  for (let index = 0; index < length; index++) yield start + index * step
}
