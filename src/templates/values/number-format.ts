import { spendText } from '../limits.ts'
import { TemplateError } from '../template-error.ts'

/** |value| · 10^places rounded half to even on the exact binary value; the value is finite. */
function scaledDigits(value: number, places: number): bigint {
  checkPlaces(places)
  const { mantissa, exponent } = decompose(Math.abs(value))
  let numerator = mantissa
  let denominator = 1n
  if (exponent >= 0) numerator <<= BigInt(exponent)
  else denominator <<= BigInt(-exponent)
  if (places >= 0) numerator *= 10n ** BigInt(places)
  else denominator *= 10n ** BigInt(-places)
  return divideHalfEven(numerator, denominator)
}

export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twice = (numerator % denominator) * 2n
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n
  return quotient
}

/** Python's `%f` of a magnitude. */
export function fixedText(value: number, places: number): string {
  const special = specialText(value)
  if (special !== null) return special
  const digits = scaledDigits(value, places)
    .toString()
    .padStart(places + 1, '0')
  if (places === 0) return digits
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Python's `%e` of a magnitude. */
export function exponentText(value: number, places: number): string {
  const special = specialText(value)
  if (special !== null) return special
  const { digits, exponent } = significant(value, places + 1)
  return withExponent(digits, exponent)
}

/** Python's `%g` of a magnitude; `alternate` keeps trailing zeros. */
export function generalText(value: number, precision: number, alternate = false): string {
  const special = specialText(value)
  if (special !== null) return special
  const figures = Math.max(1, precision)
  const { digits, exponent } = significant(value, figures)
  if (exponent < -4 || exponent >= figures) {
    return withExponent(alternate ? digits : digits.replace(/(?<=.)0+$/, ''), exponent)
  }
  const text = fixedText(value, figures - 1 - exponent)
  return alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, '')
}

/** Python's `round` to a number of places. */
export function roundFloat(value: number, places: number): number {
  if (!Number.isFinite(value) || value === 0 || places > 400) return value
  if (places < -400) return value * 0
  const magnitude = Number(`${scaledDigits(value, places)}e${-places}`)
  return value < 0 ? -magnitude : magnitude
}

function significant(value: number, figures: number): { digits: string; exponent: number } {
  checkPlaces(figures)
  if (value === 0) return { digits: '0'.repeat(figures), exponent: 0 }
  let exponent = Number(value.toExponential().split('e')[1])
  let digits = scaledDigits(value, figures - 1 - exponent).toString()
  // Rounding may carry into one more digit: 9.99 to 10.0.
  if (digits.length > figures) digits = scaledDigits(value, figures - 1 - ++exponent).toString()
  return { digits, exponent }
}

function withExponent(digits: string, exponent: number): string {
  const power = String(Math.abs(exponent)).padStart(2, '0')
  const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${power}`
}

function specialText(value: number): string | null {
  if (Number.isNaN(value)) return 'nan'
  return Number.isFinite(value) ? null : 'inf'
}

function checkPlaces(places: number): void {
  if (Math.abs(places) > 4300) throw new TemplateError('a number has more than 4,300 digits')
  spendText(1024)
}

/** A double as mantissa · 2^exponent, both whole. */
function decompose(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 }
}
