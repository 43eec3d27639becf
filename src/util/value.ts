/**
 * A double whose value is a whole number (or negative zero), which distinguishes `3.0` from `3`.
 *
 * Every other double is a plain JavaScript number: a number that is an integer is an integer.
 */
export class Double {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/**
 * A cell's value: anything that a config can declare, a generator return, a template read and JSON represent.
 *
 * - `number` that is an integer: an integer; otherwise a double (also NaN and the infinities)
 * - `Double`: a double that is a whole number
 * - `bigint`: an integer outside ±(2^53 − 1)
 * - `Map`: an object; keys keep their order and never touch a prototype
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Double
  | readonly Value[]
  | ReadonlyMap<string, Value>

/** What a cell of a column holds: a `Value`, or a vector of 32-bit floats, which JSON has not. */
export type Cell = Value | Float32Array

/** A JavaScript number meant as a double, as a `Value`. */
export function toDouble(value: number): number | Double {
  return Number.isInteger(value) ? new Double(value) : value
}

/** A whole number as a `Value`: a number where it is exact, a bigint beyond. */
export function toInteger(value: bigint): number | bigint {
  const narrow = Number(value)
  return Number.isSafeInteger(narrow) ? narrow : value
}
