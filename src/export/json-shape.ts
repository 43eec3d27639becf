import { Double, type Value } from '../util/value.ts'

/** What the values of a JSON column have in common: a type that can hold each of them. */
export type JsonShape =
  /** Nothing but nulls. */
  | { readonly kind: 'null' | 'bool' | 'int' | 'float' | 'string' }
  /** Values without a common type: each is its JSON. */
  | { readonly kind: 'text' }
  | { readonly kind: 'list'; readonly item: JsonShape }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<string, JsonShape> }

const nothing: JsonShape = { kind: 'null' }
const text: JsonShape = { kind: 'text' }

/** Objects with more keys than this are tables by key: their JSON says more than a column for each. */
const mostFields = 256
const deepest = 32

/** The shape of a value and of those before. */
export function widenShape(shape: JsonShape | undefined, value: Value): JsonShape {
  return unite(shape ?? nothing, shapeOf(value, 0))
}

function shapeOf(value: Value, depth: number): JsonShape {
  if (value === null) return nothing
  if (depth > deepest) return text
  if (Array.isArray(value)) {
    const items = value as readonly Value[]
    let item = nothing
    for (const one of items) item = unite(item, shapeOf(one, depth + 1))
    return { kind: 'list', item }
  }
  if (value instanceof Map) {
    const fields = new Map<string, JsonShape>()
    for (const [name, field] of value as ReadonlyMap<string, Value>) {
      fields.set(name, shapeOf(field, depth + 1))
    }
    return structOf(fields)
  }
  if (value instanceof Double) return { kind: 'float' }
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool' }
    case 'string':
      return { kind: 'string' }
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? { kind: 'int' } : text
    default:
      return { kind: Number.isSafeInteger(value) ? 'int' : 'float' }
  }
}

function structOf(fields: ReadonlyMap<string, JsonShape>): JsonShape {
  return fields.size > mostFields ? text : { kind: 'struct', fields }
}

function unite(one: JsonShape, other: JsonShape): JsonShape {
  if (one.kind === 'null') return other
  if (other.kind === 'null') return one
  if (one.kind === 'list' && other.kind === 'list') {
    const item = unite(one.item, other.item)
    return item === one.item ? one : { kind: 'list', item }
  }
  if (one.kind === 'struct' && other.kind === 'struct') return uniteFields(one, other)
  if (one.kind === other.kind) return one
  const kinds = new Set([one.kind, other.kind])
  return kinds.has('int') && kinds.has('float') ? { kind: 'float' } : text
}

/** The same object where nothing is new: most values have the shape of those before. */
function uniteFields(
  one: Extract<JsonShape, { kind: 'struct' }>,
  other: Extract<JsonShape, { kind: 'struct' }>,
): JsonShape {
  let fields: Map<string, JsonShape> | null = null
  for (const [name, shape] of other.fields) {
    const before = one.fields.get(name)
    const united = before === undefined ? shape : unite(before, shape)
    if (united === before) continue
    fields ??= new Map(one.fields)
    fields.set(name, united)
  }
  return fields === null ? one : structOf(fields)
}
