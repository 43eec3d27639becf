import { createHash } from 'node:crypto'
import { canonicalText } from '../config/canonical.ts'
import type { Cell } from '../util/value.ts'
import { withoutVector } from '../util/vector.ts'

/** A hash of the values of a record: equal values of equal types have equal ones. */
export function recordKey(values: readonly Cell[]): Buffer {
  const text = canonicalText(values.map(withoutVector))
  return createHash('sha256').update(text).digest()
}

/** The first 48 bits, as a row that randomness may be addressed by. */
export function addressOf(key: Buffer): number {
  return key.readUIntBE(0, 6)
}
