import { escapeHtml, toFloat, toNumeric, type Numeric } from './arithmetic.ts'
import { limits, spend, spendText } from '../limits.ts'
import { exponentText, fixedText, generalText } from './number-format.ts'
import {
  failUndefined,
  isDict,
  Markup,
  textLength,
  textOf,
  textSlice,
  Tuple,
  typeName,
  Undefined,
  type Operand,
} from './operand.ts'
import { toAscii, toRepr, toText } from './python-text.ts'
import { TemplateError } from '../template-error.ts'

const directive = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([^])?/gu

/** Python's `text % arguments`. */
export function percentFormat(format: Operand, given: Operand): Operand {
  const text = textOf(format) ?? ''
  const escape = format instanceof Markup
  const values = given instanceof Tuple ? given.items : [given]
  let used = 0
  let byName = false
  const next = (): Operand => {
    const value = values[used++]
    if (value === undefined) throw new TemplateError('a format has more "%" than arguments')
    return value
  }
  const out = text.replace(directive, (_, name, flags, width, precision, type) => {
    spend(1)
    if (type === undefined) throw new TemplateError('a format ends in a single "%"')
    if (type === '%') return '%'
    if (name !== undefined) byName = true
    const wide = width === '*' ? integer(next()) : Number(width ?? 0)
    const places =
      precision === '*' ? integer(next()) : precision === undefined ? null : Number(precision)
    const value = name === undefined ? next() : member(given, String(name))
    const style = { flags: String(flags), width: Math.abs(wide), precision: places }
    if (wide < 0) style.flags += '-'
    checkStyle(style)
    return one(String(type), value, style, escape)
  })
  if (!byName && used < values.length && !(isDict(given) && used === 0)) {
    if (!(values.length === 1 && used === 0 && isList(given))) {
      throw new TemplateError('a format has fewer "%" than arguments')
    }
  }
  spendText(out.length)
  return escape ? new Markup(out) : out
}

// As in Python, a list that is not used at all is no argument that is left over.
function isList(operand: Operand): boolean {
  return Array.isArray(operand)
}

interface Style {
  flags: string
  width: number
  precision: number | null
}

function checkStyle({ width, precision }: Style): void {
  if (width > limits.characters || (precision ?? 0) > 4300) {
    throw new TemplateError('a format is too wide')
  }
  spendText(width)
}

function one(type: string, value: Operand, style: Style, escape: boolean): string {
  if (value instanceof Undefined && type !== 's' && type !== 'r') failUndefined(value)
  switch (type) {
    case 's':
      return pad('', cut(escape ? escapeOperand(value) : toText(value), style), style, false)
    case 'r':
      return pad('', cut(toRepr(value), style), style, false)
    case 'a':
      return pad('', cut(toAscii(toRepr(value)), style), style, false)
    case 'c': {
      const text = textOf(value) ?? String.fromCodePoint(integer(value))
      if (textLength(text) !== 1) throw new TemplateError('"%c" needs one character')
      return pad('', text, style, false)
    }
    case 'd':
    case 'i':
    case 'u':
      return integerText(truncated(value, type), 10, '', style)
    case 'o':
      return integerText(whole(value, type), 8, '0o', style)
    case 'x':
      return integerText(whole(value, type), 16, '0x', style)
    case 'X':
      return integerText(whole(value, type), 16, '0x', style).toUpperCase()
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return percentFloat(type, toFloat(number(value, type).value), style)
    default:
      throw new TemplateError(`a format has the unknown directive "%${type}"`)
  }
}

function percentFloat(type: string, value: number, style: Style): string {
  const precision = style.precision ?? 6
  const magnitude = Math.abs(value)
  const alternate = style.flags.includes('#')
  const lower = type.toLowerCase()
  const text =
    lower === 'f'
      ? fixedText(magnitude, precision)
      : lower === 'e'
        ? exponentText(magnitude, precision)
        : generalText(magnitude, precision, alternate)
  const sign = signText(value < 0 || Object.is(value, -0), style)
  return pad(sign, lower === type ? text : text.toUpperCase(), style, Number.isFinite(value))
}

function integerText(value: bigint, base: number, prefix: string, style: Style): string {
  const digits = (value < 0n ? -value : value).toString(base).padStart(style.precision ?? 0, '0')
  const sign = signText(value < 0n, style) + (style.flags.includes('#') ? prefix : '')
  return pad(sign, digits, style, true)
}

function signText(negative: boolean, { flags }: Style): string {
  if (negative) return '-'
  if (flags.includes('+')) return '+'
  return flags.includes(' ') ? ' ' : ''
}

function pad(sign: string, text: string, { flags, width }: Style, isNumber: boolean): string {
  const missing = Math.max(0, width - textLength(sign) - textLength(text))
  if (flags.includes('-')) return sign + text + ' '.repeat(missing)
  if (flags.includes('0') && isNumber) return sign + '0'.repeat(missing) + text
  return ' '.repeat(missing) + sign + text
}

function cut(text: string, { precision }: Style): string {
  return precision === null ? text : textSlice(text, 0, precision)
}

function escapeOperand(value: Operand): string {
  return value instanceof Markup ? value.text : escapeHtml(toText(value))
}

function member(given: Operand, name: string): Operand {
  if (!isDict(given)) throw new TemplateError('a format with names needs an object')
  const value = given.get(name)
  if (value === undefined) throw new TemplateError(`a format has no argument ${toRepr(name)}`)
  return value
}

function number(value: Operand, type: string): Numeric {
  const numeric = toNumeric(value)
  if (numeric !== undefined) return numeric
  throw new TemplateError(`"%${type}" needs a number, not ${typeName(value)}`)
}

function whole(value: Operand, type: string): bigint {
  const numeric = number(value, type)
  if (numeric.float) throw new TemplateError(`"%${type}" needs an integer, not float`)
  return BigInt(numeric.value)
}

function truncated(value: Operand, type: string): bigint {
  const numeric = number(value, type)
  if (!numeric.float) return BigInt(numeric.value)
  const float = Math.trunc(Number(numeric.value))
  if (!Number.isFinite(float)) throw new TemplateError(`"%${type}" needs a finite number`)
  return BigInt(float)
}

function integer(value: Operand): number {
  const numeric = toNumeric(value)
  if (numeric === undefined || numeric.float) {
    throw new TemplateError(`a format needs an integer, not ${typeName(value)}`)
  }
  return Number(numeric.value)
}
