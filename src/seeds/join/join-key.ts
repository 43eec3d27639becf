import type { SeedJoin } from '../../config/dataset.ts'
import type { ColumnType } from '../../graph/column-type.ts'
import { isTimeType } from '../../graph/column-type.ts'
import { stringifyJson } from '../../util/json.ts'
import { Double, toInteger, type Value } from '../../util/value.ts'

/** Values that keys are made of. */
type Part = string | number | bigint | boolean | Double

/** A value of a key that is an object or a list, which is never compared. */
export class NoKey extends Error {
  /** The place of its column in the key. */
  readonly at: number

  constructor(at: number) {
    super('objects and lists are not keys')
    this.at = at
  }
}

/**
 * The key of a row as text: equal texts are equal keys. Null where one of the values is null, or no number:
 * such a row has no partner.
 */
export function keyText(values: readonly Value[], compare: SeedJoin['compare']): string | null {
  const parts: Value[] = []
  for (const [at, value] of values.entries()) {
    if (value === null) return null
    if (!isPart(value)) throw new NoKey(at)
    const number = value instanceof Double ? value.value : value
    if (typeof number === 'number' && !Number.isFinite(number)) return null
    const part = wholeOf(value)
    parts.push(compare === 'text' ? textOf(part) : part)
  }
  return stringifyJson(parts)
}

/** A key as a message shows it. */
export function shownKey(key: string): string {
  const values = key.slice(1, -1)
  return values.length <= 80 ? values : `${values.slice(0, 80)}…`
}

/** A key in which case, spaces around it and the difference of 1 and "1" don't count. */
export function looseKey(key: string): string {
  return key.toLowerCase().replaceAll(/[\s"]/g, '')
}

/** Columns of two kinds have no value in common; of JSON columns it is not known. */
export type KeyKind = 'text' | 'numbers' | 'booleans'

export function keyKind(type: ColumnType): KeyKind | null {
  if (type === 'string' || isTimeType(type)) return 'text'
  if (type === 'int64' || type === 'float64') return 'numbers'
  return type === 'bool' ? 'booleans' : null
}

function isPart(value: Value): value is Part {
  return typeof value !== 'object' || value instanceof Double
}

/** A whole double as the same integer: 3.0 and 3 are one key. */
function wholeOf(value: Part): Part {
  return value instanceof Double ? toInteger(BigInt(value.value)) : value
}

function textOf(value: Part): string {
  return String(value instanceof Double ? value.value : value)
}
