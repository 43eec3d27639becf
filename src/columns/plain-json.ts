import { entriesOf, isList, isMapping } from '../config/literal.ts'
import type { Literal } from '../config/dataset.ts'
import { Double, type Value } from '../util/value.ts'

/** A value as plain JSON, for libraries: integers beyond 2^53 and `3.0` lose what makes them so. */
export function plainOf(value: Value): unknown {
  if (value instanceof Map) {
    // Without a prototype: `constructor` is no field of an object that lacks it.
    const plain: Record<string, unknown> = Object.create(null)
    for (const [key, item] of value) plain[key] = plainOf(item)
    return plain
  }
  if (Array.isArray(value)) return value.map(plainOf)
  return scalarOf(value)
}

/** What a config holds as plain JSON. */
export function plainLiteral(literal: Literal): unknown {
  if (isList(literal)) return literal.map(plainLiteral)
  if (isMapping(literal)) {
    return Object.fromEntries(
      entriesOf(literal).map(([key, value]) => [key, plainLiteral(value)] as const),
    )
  }
  return scalarOf(literal)
}

function scalarOf(value: unknown): unknown {
  if (value instanceof Double) return value.value
  return typeof value === 'bigint' ? Number(value) : value
}
