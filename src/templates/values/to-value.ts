import { Double, type Value } from '../../util/value.ts'
import { toItems } from './iterate.ts'
import { descend, spend } from '../limits.ts'
import {
  failUndefined,
  isDict,
  isList,
  Lazy,
  Markup,
  Range,
  textOf,
  Tuple,
  Undefined,
  View,
  typeName,
  type Operand,
} from './operand.ts'
import { toText } from './python-text.ts'
import { TemplateError } from '../template-error.ts'

/** An operand as a value: tuples and the like become lists, keys become text. */
export function toValue(operand: Operand, depth = 0): Value {
  if (operand === null || typeof operand !== 'object' || operand instanceof Double) return operand
  descend(depth)
  if (operand instanceof Markup) return operand.text
  if (operand instanceof Undefined)
    return operand.strict || depth > 0 ? failUndefined(operand) : null
  if (isDict(operand)) {
    spend(operand.size)
    const map = new Map<string, Value>()
    for (const [key, value] of operand) map.set(keyText(key), toValue(value, depth + 1))
    return map
  }
  if (
    isList(operand) ||
    operand instanceof Tuple ||
    operand instanceof Range ||
    operand instanceof View ||
    operand instanceof Lazy
  ) {
    return toItems(operand).map((item) => toValue(item, depth + 1))
  }
  throw new TemplateError(`a ${typeName(operand)} is not a value: call it, or take a member of it`)
}

/** A key as JSON writes it. */
function keyText(key: Operand): string {
  const text = textOf(key)
  if (text !== undefined) return text
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  return toText(key)
}
