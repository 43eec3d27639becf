import { limits, spend, spendItems, spendText } from '../limits.ts'
import {
  failUndefined,
  isDict,
  isList,
  Lazy,
  Range,
  textOf,
  Tuple,
  typeName,
  Undefined,
  View,
  type Operand,
} from './operand.ts'
import { TemplateError } from '../template-error.ts'

/** Python's `iter`; null for what cannot be walked. */
export function tryIterate(operand: Operand): Iterable<Operand> | null {
  if (isList(operand)) return counted(operand, operand.length)
  if (operand instanceof Tuple) return counted(operand.items, operand.items.length)
  if (isDict(operand)) return counted(operand.keys(), operand.size)
  const text = textOf(operand)
  if (text !== undefined) return characters(text)
  if (operand instanceof View) return counted(operand, operand.map.size)
  if (operand instanceof Lazy) return operand.iterator
  if (operand instanceof Range) return counted(rangeItems(operand), operand.length)
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
    if (items.length > limits.items) spendItems(items.length)
    if (operand instanceof Lazy && (items.length & 15) === 0) spend(1)
  }
  spendItems(items.length)
  return items
}

/** Items about to be walked, paid for as a whole: whoever walks them need not count. */
function counted(items: Iterable<Operand>, count: number): Iterable<Operand> {
  spendItems(count)
  return items
}

function characters(text: string): Iterable<Operand> {
  spendText(text.length)
  // One at a time: a list of all of them takes many times the memory of the text.
  return text
}

export function* rangeItems({ start, step, length }: Range): IterableIterator<number> {
  for (let index = 0; index < length; index++) yield start + index * step
}
