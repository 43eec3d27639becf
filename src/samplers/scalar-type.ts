import { pythonFloat } from '../util/python-float.ts'
import { Double, toDouble, toInteger, type Value } from '../util/value.ts'

/** A value a sampler's parameters can list. */
export type Scalar = string | number | bigint | Double

export type ScalarType = 'string' | 'int64' | 'float64'

export function scalarType(value: Scalar): ScalarType {
  if (typeof value === 'string') return 'string'
  if (value instanceof Double) return 'float64'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

/** The one type of a list: any text makes all text, any double makes all doubles. */
export function unifiedType(types: Iterable<ScalarType>): ScalarType {
  let hasDouble = false
  for (const type of types) {
    if (type === 'string') return 'string'
    if (type === 'float64') hasDouble = true
  }
  return hasDouble ? 'float64' : 'int64'
}

export function typeOfList(values: readonly Scalar[]): ScalarType {
  return unifiedType(values.map(scalarType))
}

/** Values as the one type of their list. */
export function unified(values: readonly Scalar[]): Scalar[] {
  const type = typeOfList(values)
  return values.map((value) => {
    if (type === 'string') return scalarText(value)
    return type === 'float64' ? toDouble(numberOf(value)) : value
  })
}

/** The text Python gives a value: `1`, `1.0`, `1e+16`. */
export function scalarText(value: Scalar): string {
  if (typeof value === 'string') return value
  if (value instanceof Double) return pythonFloat(value.value)
  return scalarType(value) === 'int64' ? String(value) : pythonFloat(Number(value))
}

/** A number as a JavaScript number; text as Python's float() reads it, NaN where it can't. */
export function numberOf(value: Scalar): number {
  if (value instanceof Double) return value.value
  return typeof value === 'string' ? parseFloatText(value) : Number(value)
}

/** Whether a value is one of those a sampler hands on: no object, no list, no null. */
export function isScalar(value: Value): value is Scalar {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Double
  )
}

/** Half to even, as NumPy and Python round; `number` is finite. */
export function roundHalfEven(number: number): number {
  const floor = Math.floor(number)
  const rest = number - floor
  if (rest < 0.5) return floor
  if (rest > 0.5) return floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/**
 * Rounds to `places` digits behind the point, or before it when negative, as NumPy does: scaled,
 * rounded half to even, scaled back (so 2.675 to two places is 2.68, not the exact 2.67).
 */
export function roundToPlaces(number: number, places: number): number {
  const scale = 10 ** Math.abs(places)
  if (!Number.isFinite(scale)) return places > 0 ? number : 0
  const scaled = places >= 0 ? number * scale : number / scale
  if (!Number.isFinite(scaled)) return number
  const rounded = roundHalfEven(scaled)
  return places >= 0 ? rounded / scale : rounded * scale
}

/** Rounds a whole number to tens, hundreds… half to even; other places leave it alone. */
export function roundInteger(integer: number | bigint, places: number): number | bigint {
  if (places >= 0) return integer
  // 64 bits have 19 digits: from 20 places on everything rounds to zero.
  if (places <= -20) return 0
  const unit = 10n ** BigInt(-places)
  const whole = BigInt(integer)
  const rest = ((whole % unit) + unit) % unit
  const floor = whole - rest
  const up = rest * 2n > unit || (rest * 2n === unit && (floor / unit) % 2n !== 0n)
  return toInteger(up ? floor + unit : floor)
}

const decimal = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i
const word = /^([+-]?)(?:(inf|infinity)|nan)$/i

function parseFloatText(text: string): number {
  const trimmed = text.trim()
  if (decimal.test(trimmed)) return Number(trimmed.replaceAll('_', ''))
  const match = word.exec(trimmed)
  if (match?.[2] === undefined) return Number.NaN
  return match[1] === '-' ? -Infinity : Infinity
}
