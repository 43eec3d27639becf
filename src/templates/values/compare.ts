import { compareText } from '../../util/json.ts'
import { Double } from '../../util/value.ts'
import { toNumeric } from './arithmetic.ts'
import { descend, spendItems, spendText } from '../limits.ts'
import {
  failUndefined,
  hashKey,
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

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export function compare(operator: ComparisonOperator, left: Operand, right: Operand): boolean {
  switch (operator) {
    case '==':
      return equals(left, right)
    case '!=':
      return !equals(left, right)
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return order(left, right, operator, (sign) => sign < 0)
    case '<=':
      return order(left, right, operator, (sign) => sign <= 0)
    case '>':
      return order(left, right, operator, (sign) => sign > 0)
    case '>=':
      return order(left, right, operator, (sign) => sign >= 0)
    default:
      return operator satisfies never
  }
}

/** Python's `==`. */
export function equals(left: Operand, right: Operand, depth = 0): boolean {
  if (typeof left === 'string') {
    const text = textOf(right)
    if (text !== undefined) return equalTexts(left, text)
  } else if (left === right && typeof left !== 'object') return true
  if (left instanceof Undefined || right instanceof Undefined) return equalUndefined(left, right)
  const a = toNumeric(left)
  if (a !== undefined) {
    const b = toNumeric(right)
    // Between a number and a bigint == compares the exact values.
    // oxlint-disable-next-line eqeqeq
    return b !== undefined && a.value == b.value
  }
  const text = textOf(left)
  if (text !== undefined) {
    const other = textOf(right)
    return other !== undefined && equalTexts(text, other)
  }
  descend(depth)
  if (isList(left)) return isList(right) && equalItems(left, right, depth)
  if (left instanceof Tuple) {
    return right instanceof Tuple && equalItems(left.items, right.items, depth)
  }
  if (isDict(left)) return isDict(right) && equalDicts(left, right, depth)
  if (left instanceof Range && right instanceof Range) return equalRanges(left, right)
  return left === right
}

/** Texts of one length are compared to their end, where the other is another text. */
function equalTexts(text: string, other: string): boolean {
  if (text.length !== other.length) return false
  spendText(text.length)
  return text === other
}

/** Python's `in`. */
export function contains(container: Operand, item: Operand): boolean {
  const text = textOf(container)
  if (text !== undefined) {
    const part = textOf(item)
    if (part !== undefined) {
      spendText(text.length)
      return text.includes(part)
    }
    if (item instanceof Undefined) failUndefined(item)
    throw new TemplateError(`"in" a text needs a text on the left, not ${typeName(item)}`)
  }
  if (isDict(container)) {
    hashKey(item)
    return container.has(textOf(item) ?? item)
  }
  if (container instanceof Undefined) return container.strict ? failUndefined(container) : false
  if (container instanceof Range) {
    const value = toNumeric(item)?.value
    if (value === undefined) return false
    const steps = (Number(value) - container.start) / container.step
    return Number.isInteger(steps) && steps >= 0 && steps < container.length
  }
  const items = isList(container) ? container : container instanceof Tuple ? container.items : null
  if (items !== null) {
    spendItems(items.length)
    return items.some((other) => equals(other, item))
  }
  if (container instanceof View) {
    spendItems(container.map.size)
    return [...container].some((other) => equals(other, item))
  }
  if (container instanceof Lazy) {
    for (const other of container.iterator) if (equals(other, item)) return true
    return false
  }
  throw new TemplateError(
    `"in" needs a list, an object or a text on the right, not ${typeName(container)}`,
  )
}

/** Python's ordering of two keys, as `sorted` uses it. */
export function isLess(left: Operand, right: Operand): boolean {
  return order(left, right, '<', (sign) => sign < 0)
}

function order(
  left: Operand,
  right: Operand,
  operator: string,
  holds: (sign: number) => boolean,
): boolean {
  const a = toNumeric(left)
  const b = toNumeric(right)
  if (a !== undefined && b !== undefined) {
    // NaN is neither less, equal nor greater.
    const sign =
      a.value < b.value
        ? -1
        : a.value > b.value
          ? 1
          : isNan(a.value) || isNan(b.value)
            ? Number.NaN
            : 0
    return holds(sign)
  }
  const text = textOf(left)
  const other = textOf(right)
  if (text !== undefined && other !== undefined) {
    spendText(Math.min(text.length, other.length))
    return holds(compareText(text, other))
  }
  const items = itemsOf(left)
  const others = itemsOf(right)
  if (items !== null && others !== null && isList(left) === isList(right)) {
    return orderItems(items, others, operator, holds)
  }
  for (const operand of [left, right]) if (operand instanceof Undefined) failUndefined(operand)
  throw new TemplateError(
    `${operator} does not work between ${typeName(left)} and ${typeName(right)}`,
  )
}

function orderItems(
  items: readonly Operand[],
  others: readonly Operand[],
  operator: string,
  holds: (sign: number) => boolean,
): boolean {
  spendItems(Math.min(items.length, others.length))
  for (const [index, item] of items.entries()) {
    const other = others[index]
    if (other === undefined) break
    if (!equals(item, other)) return order(item, other, operator, holds)
  }
  return holds(items.length - others.length)
}

function itemsOf(operand: Operand): readonly Operand[] | null {
  if (isList(operand)) return operand
  return operand instanceof Tuple ? operand.items : null
}

function isNan(value: number | bigint): boolean {
  return Number.isNaN(value)
}

function equalUndefined(left: Operand, right: Operand): boolean {
  for (const operand of [left, right]) {
    if (operand instanceof Undefined && operand.strict) failUndefined(operand)
  }
  return left instanceof Undefined && right instanceof Undefined
}

/** The same thing; texts have no identity, and comparing them is work. */
function isIdentical(left: Operand, right: Operand): boolean {
  return typeof left !== 'string' && left === right
}

function equalItems(a: readonly Operand[], b: readonly Operand[], depth: number): boolean {
  if (a.length !== b.length) return false
  spendItems(a.length)
  return a.every((item, index) => {
    const other = b[index]
    // Python compares items by identity first, so a list with nan equals itself.
    return other !== undefined && (isIdentical(item, other) || equals(item, other, depth + 1))
  })
}

function equalDicts(
  a: ReadonlyMap<Operand, Operand>,
  b: ReadonlyMap<Operand, Operand>,
  depth: number,
): boolean {
  if (a.size !== b.size) return false
  spendItems(a.size)
  for (const [key, value] of a) {
    const other = b.get(key)
    if (other === undefined || !(isIdentical(value, other) || equals(value, other, depth + 1)))
      return false
  }
  return true
}

function equalRanges(a: Range, b: Range): boolean {
  if (a.length !== b.length) return false
  return a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step))
}

/** Whether two operands are one object, as far as Python lets templates see it. */
export function isSame(left: Operand, right: Operand): boolean {
  if (left instanceof Double && right instanceof Double) return left.value === right.value
  return left === right
}
