import { toDouble, type Cell, type Value } from './value.ts'

/**
 * The numbers of a vector as doubles that are read back as the same 32 bits, with the digits that
 * takes and no more: 0.1, not 0.10000000149011612.
 */
export function vectorNumbers(vector: Float32Array): Value[] {
  return Array.from(vector, (number) => toDouble(shortest(number)))
}

/** A cell as templates, records and JSON know it: a vector is a list. */
export function withoutVector(cell: Cell): Value {
  return cell instanceof Float32Array ? vectorNumbers(cell) : cell
}

/** Seven to nine digits tell any two floats of 32 bits apart. */
function shortest(number: number): number {
  // The text of -0 has no sign.
  if (number === 0) return number
  const exponent = Math.floor(Math.log10(Math.abs(number)))
  for (let digits = 7; digits <= 9; digits += 1) {
    const rounded = withDigits(number, digits, digits - 1 - exponent)
    if (Math.fround(rounded) === number) return rounded
  }
  return number
}

/** The largest power of ten up to which all are doubles. */
const exactPower = 22

/** Of so many digits, as many behind the point as `places`. */
function withDigits(number: number, digits: number, places: number): number {
  if (places < 0 || places > exactPower) return Number(number.toPrecision(digits))
  // Much faster, and the same: a quotient of two exact numbers is the double nearest to the decimal.
  const power = 10 ** places
  return Math.round(number * power) / power
}
