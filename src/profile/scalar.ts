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
