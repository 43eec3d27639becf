import { Double, toDouble, toInteger } from '../../util/value.ts'
import { checkBits, spendItems, spendText } from '../limits.ts'
import {
  failUndefined,
  isList,
  Markup,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Operand,
} from './operand.ts'
import { TemplateError } from '../template-error.ts'

/** Integers (also booleans) as they are, floats unwrapped; undefined for what is not a number. */
export interface Numeric {
  float: boolean
  value: number | bigint
}

export function toNumeric(operand: Operand): Numeric | undefined {
  if (typeof operand === 'number') return { float: !Number.isInteger(operand), value: operand }
  if (typeof operand === 'bigint') return { float: false, value: operand }
  if (typeof operand === 'boolean') return { float: false, value: operand ? 1 : 0 }
  return operand instanceof Double ? { float: true, value: operand.value } : undefined
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'

/** A Python operator on two numbers; undefined when one of them is none. */
export function calculate(
  operator: ArithmeticOperator,
  left: Operand,
  right: Operand,
): Operand | undefined {
  const a = toNumeric(left)
  const b = toNumeric(right)
  if (a === undefined || b === undefined) return undefined
  if (operator === '/') return divide(a, b)
  if (a.float || b.float) return toDouble(onFloats(operator, toFloat(a.value), toFloat(b.value)))
  if (operator === '**' && b.value < 0) {
    if (Number(a.value) === 0) throw new TemplateError('0 cannot be raised to a negative power')
    return toDouble(toFloat(a.value) ** Number(b.value))
  }
  return onIntegers(operator, a.value, b.value)
}

/** `+`, also for texts and lists. */
export function add(left: Operand, right: Operand): Operand {
  const sum = calculate('+', left, right)
  if (sum !== undefined) return sum
  const a = textOf(left)
  const b = textOf(right)
  if (a !== undefined && b !== undefined) {
    spendText(a.length + b.length)
    if (typeof left === 'string' && typeof right === 'string') return left + right
    return new Markup(escapeOperand(left) + escapeOperand(right))
  }
  if (isList(left) && isList(right)) {
    spendItems(left.length + right.length)
    return [...left, ...right]
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    spendItems(left.items.length + right.items.length)
    return new Tuple([...left.items, ...right.items])
  }
  return refuse('+', left, right)
}

/** `*`, also for repetition. */
export function multiply(left: Operand, right: Operand): Operand {
  const product = calculate('*', left, right)
  if (product !== undefined) return product
  return repeat(left, right) ?? repeat(right, left) ?? refuse('*', left, right)
}

/** `-`, `/`, `//`, `**`, and `%` between numbers. */
export function arithmetic(operator: ArithmeticOperator, left: Operand, right: Operand): Operand {
  return calculate(operator, left, right) ?? refuse(operator, left, right)
}

export function negate(operand: Operand): Operand {
  const numeric = toNumeric(operand)
  if (numeric === undefined) return refuseUnary('-', operand)
  if (numeric.float) return toDouble(-Number(numeric.value))
  return typeof numeric.value === 'bigint' ? toInteger(-numeric.value) : 0 - numeric.value
}

export function unaryPlus(operand: Operand): Operand {
  const numeric = toNumeric(operand)
  if (numeric === undefined) return refuseUnary('+', operand)
  return typeof operand === 'boolean' ? numeric.value : operand
}

/** The five characters HTML gives a meaning, as markupsafe writes them. */
export function escapeHtml(text: string): string {
  if (!/[&<>"']/.test(text)) return text
  const escaped = text
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;')
  spendText(escaped.length)
  return escaped
}

function escapeOperand(operand: Operand): string {
  return operand instanceof Markup ? operand.text : escapeHtml(textOf(operand) ?? '')
}

function repeat(repeated: Operand, times: Operand): Operand | undefined {
  const numeric = toNumeric(times)
  if (numeric === undefined || numeric.float) return undefined
  const count = Math.max(0, Number(numeric.value))
  const text = textOf(repeated)
  if (text !== undefined) {
    spendText(text === '' ? 0 : text.length * count)
    const product = text === '' ? '' : text.repeat(count)
    return repeated instanceof Markup ? new Markup(product) : product
  }
  if (!isList(repeated) && !(repeated instanceof Tuple)) return undefined
  const items = isList(repeated) ? repeated : repeated.items
  spendItems(items.length === 0 ? 0 : items.length * count)
  const product: Operand[] = []
  if (items.length > 0) for (let round = 0; round < count; round++) product.push(...items)
  return isList(repeated) ? product : new Tuple(product)
}

function onIntegers(
  operator: ArithmeticOperator,
  left: number | bigint,
  right: number | bigint,
): number | bigint {
  if (typeof left === 'number' && typeof right === 'number' && operator !== '**') {
    const result = onSmallIntegers(operator, left, right)
    if (Number.isSafeInteger(result)) return result + 0
  }
  const a = BigInt(left)
  const b = BigInt(right)
  switch (operator) {
    case '+':
      return toInteger(a + b)
    case '-':
      return toInteger(a - b)
    case '*':
      checkBits(bitsOf(a) + bitsOf(b))
      return toInteger(a * b)
    case '**':
      if (a !== 0n && a !== 1n && a !== -1n) checkBits(bitsOf(a) * Number(b))
      else if (b > 2n) return toInteger(a ** (2n + (b % 2n)))
      return toInteger(a ** b)
    case '//':
    case '%':
    case '/':
  }
  if (b === 0n) throw new TemplateError('division by zero')
  checkBits(bitsOf(a))
  const rest = ((a % b) + b) % b
  return toInteger(operator === '%' ? rest : (a - rest) / b)
}

function onSmallIntegers(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '//':
    case '%':
    default:
  }
  if (right === 0) throw new TemplateError('division by zero')
  const rest = left % right
  const modulo = rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest
  return operator === '%' ? modulo : (left - modulo) / right
}

function onFloats(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '**':
      return raise(left, right)
    case '//':
    case '%':
    case '/':
  }
  if (right === 0) throw new TemplateError('division by zero')
  const rest = left % right
  const modulo = rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest
  if (operator === '%') return modulo === 0 ? Math.sign(right) * 0 : modulo
  const quotient = (left - modulo) / right
  if (quotient === 0) return Object.is(left / right, -0) || left / right < 0 ? -0 : 0
  // The quotient is whole up to rounding; Python rounds it to the nearest whole number.
  const whole = Math.floor(quotient)
  return quotient - whole > 0.5 ? whole + 1 : whole
}

function raise(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw new TemplateError('0 cannot be raised to a negative power')
  if (
    base < 0 &&
    Number.isFinite(base) &&
    !Number.isInteger(exponent) &&
    Number.isFinite(exponent)
  ) {
    throw new TemplateError('a negative number cannot be raised to a fraction')
  }
  // JavaScript has NaN for 1 ** inf and 1 ** nan, Python has 1.
  const power =
    base === 1
      ? 1
      : base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent)
        ? 1
        : base ** exponent
  if (!Number.isFinite(power) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw new TemplateError('the power is too large for a float')
  }
  return power
}

function divide({ float, value: left }: Numeric, { float: other, value: right }: Numeric): Operand {
  if (Number(right) === 0) throw new TemplateError('division by zero')
  const exact = typeof left === 'bigint' || typeof right === 'bigint'
  if (float || other || !exact) return toDouble(toFloat(left) / toFloat(right))
  // Enough bits of the quotient for one correct rounding by Number(); the last bit is sticky.
  const a = BigInt(left)
  const b = BigInt(right)
  const shift = Math.max(0, 66 - (bitsOf(a) - bitsOf(b)))
  const scaled = a << BigInt(shift)
  const quotient = scaled / b
  const sticky = scaled % b === 0n ? 0n : a < 0n === b < 0n ? 1n : -1n
  const result = scaleDown(Number(quotient * 2n + sticky), shift + 1)
  if (!Number.isFinite(result)) throw new TemplateError('the quotient is too large for a float')
  return toDouble(result)
}

// In two steps: 2 ** -1100 alone would already be 0.
function scaleDown(value: number, bits: number): number {
  const half = Math.floor(bits / 2)
  return value * 2 ** -half * 2 ** -(bits - half)
}

/** An integer as a float; Python refuses those that do not fit. */
export function toFloat(value: number | bigint): number {
  const float = Number(value)
  if (typeof value === 'bigint' && !Number.isFinite(float)) {
    throw new TemplateError('an integer is too large for a float')
  }
  return float
}

function bitsOf(value: bigint): number {
  const digits = (value < 0n ? -value : value).toString(16)
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits.charAt(0), 16)) - 28)
}

function refuse(operator: string, left: Operand, right: Operand): never {
  for (const operand of [left, right]) if (operand instanceof Undefined) failUndefined(operand)
  const hint =
    operator === '+' && (typeof left === 'string' || typeof right === 'string')
      ? ': write ~ to join texts, or |int to make numbers'
      : ''
  throw new TemplateError(
    `${operator} does not work between ${typeName(left)} and ${typeName(right)}${hint}`,
  )
}

function refuseUnary(operator: string, operand: Operand): never {
  if (operand instanceof Undefined) failUndefined(operand)
  throw new TemplateError(`${operator} needs a number, not ${typeName(operand)}`)
}
