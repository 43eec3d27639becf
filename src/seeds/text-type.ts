import type { ColumnType } from '../graph/column-type.ts'
import { toDouble, toInteger, type Value } from '../util/value.ts'

/** The narrowest type all texts of a column have; `see` every one of them, then ask. */
export interface TextInference {
  see(text: string): void
  type(): ColumnType
}

const integer = 1
const double = 2
const bool = 4

const integerForm = /^(?:0|-?[1-9][0-9]*)$/
const doubleForm = /^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/
const boolForm = /^(?:true|false)$/i

/**
 * Numbers are what can be written back without losing a digit of an integer: `007`, `+1` and
 * whole numbers beyond 64 bits stay text, and so do dates. Empty texts say nothing of the type.
 */
export function inferTextType(): TextInference {
  let candidates = integer | double | bool
  let seen = false
  return {
    see(text) {
      if (candidates === 0) return
      const bare = text.trim()
      if (bare === '') return
      seen = true
      candidates &= candidatesOf(bare)
    },
    type() {
      if (!seen) return 'string'
      if (candidates & integer) return 'int64'
      if (candidates & double) return 'float64'
      return candidates & bool ? 'bool' : 'string'
    },
  }
}

/** The value of a text in a column of that type; null for an empty one. */
export function parseTextAs(type: ColumnType, text: string): Value {
  if (text === '') return null
  if (type === 'string') return text
  const bare = text.trim()
  if (bare === '') return null
  if (type === 'bool') return bare.toLowerCase() === 'true'
  if (type === 'float64') return toDouble(Number(bare))
  return bare.length > 15 ? toInteger(BigInt(bare)) : Number(bare)
}

function candidatesOf(text: string): number {
  if (integerForm.test(text)) {
    if (text.length <= 15) return integer | double
    const value = BigInt(text)
    if (BigInt.asIntN(64, value) !== value) return 0
    return Number.isSafeInteger(Number(value)) ? integer | double : integer
  }
  if (doubleForm.test(text)) return Number.isFinite(Number(text)) ? double : 0
  return boolForm.test(text) ? bool : 0
}
