import { toFloat, toNumeric } from './arithmetic.ts'
import { limits, spendText } from '../limits.ts'
import { exponentText, fixedText, generalText } from './number-format.ts'
import { textLength, textOf, textSlice, typeName, type Operand } from './operand.ts'
import { pythonFloat } from '../../util/python-float.ts'
import { toText } from './python-text.ts'
import { TemplateError } from '../template-error.ts'

interface FormatSpec {
  fill: string
  align: string
  sign: string
  /** A negative zero loses its sign. */
  plainZero: boolean
  alternate: boolean
  zero: boolean
  width: number
  grouping: string
  precision: number | null
  type: string
}

const pattern =
  /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u

/** Python's `format(value, spec)`. */
export function formatValue(operand: Operand, text: string): string {
  if (text === '') return toText(operand)
  const spec = parseSpec(text)
  const numeric = toNumeric(operand)
  const string = textOf(operand)
  if (string !== undefined) return formatString(string, spec)
  if (numeric === undefined) {
    throw new TemplateError(`the format ${JSON.stringify(text)} does not fit ${typeName(operand)}`)
  }
  const isFloatType = 'eEfFgG%'.includes(spec.type) && spec.type !== ''
  if (numeric.float || isFloatType) {
    if (!isFloatType && spec.type !== '' && spec.type !== 'n') return wrongType(spec, operand)
    return formatFloat(toFloat(numeric.value), spec)
  }
  return formatInteger(BigInt(numeric.value), spec, operand)
}

function parseSpec(text: string): FormatSpec {
  const match = pattern.exec(text)
  if (match === null) throw new TemplateError(`${JSON.stringify(text)} is not a format`)
  const [, fill, align, sign, plainZero, alternate, zero, width, grouping, precision, type] = match
  const wide = Number(width ?? 0)
  if (wide > limits.characters || Number(precision ?? 0) > 4300) {
    throw new TemplateError(`the format ${JSON.stringify(text)} is too wide`)
  }
  return {
    fill: fill ?? (zero === undefined || align !== undefined ? ' ' : '0'),
    align: align ?? '',
    sign: sign ?? '',
    plainZero: plainZero !== undefined,
    alternate: alternate !== undefined,
    zero: zero !== undefined,
    width: wide,
    grouping: grouping ?? '',
    precision: precision === undefined ? null : Number(precision),
    type: type ?? '',
  }
}

function formatString(text: string, spec: FormatSpec): string {
  const foreign = [
    spec.type === 's' ? '' : spec.type,
    spec.sign,
    spec.align === '=' ? '=' : '',
    spec.grouping,
    spec.plainZero ? 'z' : '',
    spec.alternate ? '#' : '',
  ].find((part) => part !== '')
  if (foreign !== undefined) {
    throw new TemplateError(`a text cannot be formatted with "${foreign}"`)
  }
  const cut = spec.precision === null ? text : textSlice(text, 0, spec.precision)
  // A zero in front of the width fills texts as well, on the right.
  return pad('', cut, {
    ...spec,
    align: spec.align || '<',
    fill: spec.zero && spec.align === '' ? '0' : spec.fill,
  })
}

function formatInteger(value: bigint, spec: FormatSpec, operand: Operand): string {
  if (spec.precision !== null) throw new TemplateError('an integer has no precision to format')
  if (spec.plainZero) throw new TemplateError('the format "z" is for floats, not int')
  const magnitude = value < 0n ? -value : value
  const sign = signText(value < 0n, spec)
  switch (spec.type) {
    case '':
    case 'd':
    case 'n':
      return padNumber(sign, magnitude.toString(), '', spec, 3)
    case 'b':
      return padNumber(sign + (spec.alternate ? '0b' : ''), magnitude.toString(2), '', spec, 4)
    case 'o':
      return padNumber(sign + (spec.alternate ? '0o' : ''), magnitude.toString(8), '', spec, 4)
    case 'x':
      return padNumber(sign + (spec.alternate ? '0x' : ''), magnitude.toString(16), '', spec, 4)
    case 'X':
      return padNumber(
        sign + (spec.alternate ? '0X' : ''),
        magnitude.toString(16).toUpperCase(),
        '',
        spec,
        4,
      )
    case 'c':
      if (value < 0n || value > 0x10ffffn) throw new TemplateError('"c" needs a code point')
      return pad('', String.fromCodePoint(Number(value)), { ...spec, align: spec.align || '<' })
    default:
      return wrongType(spec, operand)
  }
}

function formatFloat(value: number, spec: FormatSpec): string {
  const magnitude = Math.abs(value)
  const text = floatDigits(magnitude, spec)
  const isZero = spec.plainZero && !/[1-9a-z]/i.test(text.replace(/e.*/i, ''))
  const negative = !isZero && (value < 0 || Object.is(value, -0))
  const [digits = '', rest = ''] = splitDigits(text)
  return padNumber(signText(negative, spec), digits, rest, spec, 3)
}

function floatDigits(value: number, { type, precision, alternate }: FormatSpec): string {
  switch (type) {
    case 'f':
    case 'F':
      return withPoint(fixedText(value, precision ?? 6), alternate)
    case '%':
      return `${withPoint(fixedText(value * 100, precision ?? 6), alternate)}%`
    case 'e':
      return exponentText(value, precision ?? 6)
    case 'E':
      return exponentText(value, precision ?? 6).toUpperCase()
    case 'g':
    case 'n':
      return generalText(value, precision ?? 6, alternate)
    case 'G':
      return generalText(value, precision ?? 6, alternate).toUpperCase()
    default:
      return precision === null ? pythonFloat(value) : shortText(value, precision)
  }
}

// Without a type a float keeps one place behind the point and turns to a power one digit earlier.
function shortText(value: number, precision: number): string {
  const text = generalText(value, precision)
  if (!/^\d+$/.test(text)) return text
  if (text.length >= Math.max(1, precision))
    return exponentText(value, Math.max(0, precision - 1)).replace(/\.?0+e/, 'e')
  return `${text}.0`
}

function withPoint(text: string, alternate: boolean): string {
  return alternate && !text.includes('.') ? `${text}.` : text
}

function splitDigits(text: string): string[] {
  const match = /^(\d+)([^]*)$/.exec(text)
  return match === null ? [text, ''] : [match[1] ?? '', match[2] ?? '']
}

function signText(negative: boolean, { sign }: FormatSpec): string {
  if (negative) return '-'
  return sign === '-' ? '' : sign
}

function padNumber(
  sign: string,
  digits: string,
  rest: string,
  spec: FormatSpec,
  groupSize: number,
): string {
  const aligned = { ...spec, align: spec.align || (spec.zero ? '=' : '>') }
  if (spec.grouping === '' || !/^[0-9a-fA-F]+$/.test(digits))
    return pad(sign, digits + rest, aligned)
  // With zeros in front, Python groups the zeros as well.
  if (aligned.align === '=' && aligned.fill === '0') {
    const width = spec.width - sign.length - rest.length
    let wide = digits
    while (group(wide, spec.grouping, groupSize).length < width) wide = `0${wide}`
    return sign + group(wide, spec.grouping, groupSize) + rest
  }
  return pad(sign, group(digits, spec.grouping, groupSize) + rest, aligned)
}

function group(digits: string, separator: string, size: number): string {
  return digits.replace(new RegExp(`(?!^)(?=(?:.{${size}})+$)`, 'g'), separator)
}

function pad(sign: string, text: string, { fill, align, width }: FormatSpec): string {
  const missing = width - textLength(sign) - textLength(text)
  if (missing <= 0) return sign + text
  spendText(missing * fill.length)
  switch (align) {
    case '<':
      return sign + text + fill.repeat(missing)
    case '^':
      return (
        fill.repeat(Math.floor(missing / 2)) + sign + text + fill.repeat(Math.ceil(missing / 2))
      )
    case '=':
      return sign + fill.repeat(missing) + text
    default:
      return fill.repeat(missing) + sign + text
  }
}

function wrongType({ type }: FormatSpec, operand: Operand): never {
  throw new TemplateError(`the format type "${type}" does not fit ${typeName(operand)}`)
}
