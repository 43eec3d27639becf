import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import { entriesOf } from './literal.ts'

/** A tree of literals, values, or both. */
export type Canonical =
  | null
  | boolean
  | number
  | bigint
  | string
  | Double
  | readonly Canonical[]
  | ReadonlyMap<string, Canonical>
  | { readonly [key: string]: Canonical }

/**
 * The one text that stands for a tree, for fingerprints.
 *
 * Keys in code point order, no spaces, everything but printable ASCII escaped, floats as Python
 * prints them: the order of keys never matters, `1` and `1.0` do differ.
 */
export function canonicalText(tree: Canonical): string {
  return stringifyJson(toValue(tree), { sorted: true, ascii: true })
}

function toValue(tree: Canonical): Value {
  if (typeof tree !== 'object' || tree === null || tree instanceof Double) return tree
  if (isArray(tree)) return tree.map(toValue)
  const entries = isMap(tree) ? [...tree] : entriesOf(tree)
  return new Map(entries.map(([key, value]) => [key, toValue(value)]))
}

// Array.isArray and instanceof do not narrow readonly types.
function isArray(tree: object): tree is readonly Canonical[] {
  return Array.isArray(tree)
}

function isMap(tree: object): tree is ReadonlyMap<string, Canonical> {
  return tree instanceof Map
}
