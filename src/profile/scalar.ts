import { copyOfText } from '../util/copy-text.ts'
import { hashNumber, hashText } from './hash.ts'

/** A cell as parts hold it; JSON columns are their text. */
export type Scalar = string | number | bigint | boolean | null

/** What a value is counted under: equal values of a column have equal hashes. */
export function hashScalar(value: Exclude<Scalar, null>): number {
  if (typeof value === 'string') return hashText(value)
  if (typeof value === 'boolean') return hashNumber(value ? 1 : 0)
  // Neighbours beyond 2^53 are one double, and two values.
  if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value))) return hashText(`${value}`)
  return hashNumber(Number(value))
}

/** Characters of a text that are kept. */
const keptCharacters = 120

/** A value as reports hold it: long texts are cut, and what JSON has no number for is a text. */
export function shortened(value: Scalar): Scalar {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'string' || value.length <= keptCharacters) return value
  return `${copyOfText(value, keptCharacters - 1).toWellFormed()}…`
}
