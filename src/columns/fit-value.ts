import { Double, type Value } from '../util/value.ts'
import { decimalOf } from './fit-decimal.ts'
import { chosenOf, isOfType, type JsonType, toType } from './fit-scalar.ts'
import { meantField, type ObjectShape, patternNodes, shapeOf } from './object-shape.ts'
import { type FitSchema, partsFor } from './schema-branches.ts'
import { constantOf, listOf, nodesOf, type SchemaNode, type SchemaObject } from './schema-nodes.ts'

const deepest = 64

type Fit = (value: Value, node: SchemaNode) => Value

/**
 * A value in the form a schema asks for, where it means just that: numbers out of texts, one thing
 * where a list of it is wanted, words of an enum in another case, no null where a field may be
 * absent; fields that the schema does not know are omitted.
 *
 * What comes out need not be valid: that is asked afterwards.
 */
export function fitValue(value: Value, schema: FitSchema): Value {
  /** Objects and lists by the node they were fitted into: alternatives look at the same ones again. */
  const known = new WeakMap<object, Map<SchemaNode, Value>>()
  function fit(given: Value, node: SchemaNode, depth: number): Value {
    if (depth > deepest) return given
    if (typeof given !== 'object' || given === null) return fitNode(given, node, depth)
    const before = known.get(given) ?? new Map<SchemaNode, Value>()
    known.set(given, before)
    const fitted = before.get(node) ?? fitNode(given, node, depth)
    before.set(node, fitted)
    return fitted
  }

  function fitNode(given: Value, node: SchemaNode, depth: number): Value {
    const decimal = decimalOf(given, node)
    if (decimal !== undefined) return decimal
    const inner: Fit = (item, itemNode) => fit(item, itemNode, depth + 1)
    const parts = partsFor(given, node, schema, inner)
    // The words there are say what is meant even where it is of another type.
    const scalar = typed(chosen(given, parts), parts)
    const fitted = chosen(listed(scalar, parts), parts)
    if (fitted instanceof Map) return fitObject(fitted, shapeOf(parts), schema, inner)
    return Array.isArray(fitted) ? fitList(fitted, parts, inner) : fitted
  }

  return fit(value, schema.root, 0)
}

function typed(value: Value, parts: readonly SchemaObject[]): Value {
  let fitted = value
  for (const part of parts) {
    const types = typesOf(part)
    // A whole number of an integer field is one, however it was written.
    if (fitted instanceof Double && types.includes('integer') && !types.includes('number')) {
      fitted = Number.isSafeInteger(fitted.value) ? fitted.value + 0 : fitted
    }
    if (types.length === 0 || types.some((type) => isOfType(fitted, type))) continue
    const made = types.map((type) => toType(fitted, type)).find((one) => one !== undefined)
    if (made !== undefined) fitted = made
  }
  return fitted
}

function typesOf({ type }: SchemaObject): JsonType[] {
  // The schema was checked: there are no other words.
  return (typeof type === 'string' ? [type] : listOf(type)) as JsonType[]
}

/** One thing where a list is wanted. */
function listed(value: Value, parts: readonly SchemaObject[]): Value {
  if (value === null || Array.isArray(value)) return value
  const wanted = parts.flatMap(typesOf)
  return wanted.length > 0 && wanted.every((type) => type === 'array') ? [value] : value
}

function chosen(value: Value, parts: readonly SchemaObject[]): Value {
  let fitted = value
  for (const part of parts) {
    const options = 'const' in part ? [part['const']] : listOf(part['enum'])
    if (options.length > 0) fitted = chosenOf(fitted, options.map(constantOf)) ?? fitted
  }
  return fitted
}

function fitObject(
  given: ReadonlyMap<string, Value>,
  shape: ObjectShape,
  { isValid }: FitSchema,
  fit: Fit,
): Value {
  const acceptsNull = (nodes: readonly SchemaNode[]): boolean =>
    nodes.every((node) => isValid(node, null))
  const fitted = new Map<string, Value>()
  for (const [written, value] of given) {
    const name = shape.properties.has(written)
      ? written
      : (meantField(written, shape, given) ?? written)
    const nodes = shape.properties.get(name) ?? patternNodes(name, shape)
    if (nodes.length === 0) {
      if (shape.isOpen) fitted.set(name, shape.rest === null ? value : fit(value, shape.rest))
      continue
    }
    // A null says that there is none.
    if (value === null && !shape.required.has(name) && !acceptsNull(nodes)) continue
    fitted.set(
      name,
      nodes.reduce<Value>((item, node) => fit(item, node), value),
    )
  }
  for (const name of shape.required) {
    const nodes = shape.properties.get(name)
    if (nodes !== undefined && !fitted.has(name) && acceptsNull(nodes)) fitted.set(name, null)
  }
  return fitted
}

function fitList(given: readonly Value[], parts: readonly SchemaObject[], fit: Fit): Value {
  const prefix = parts.map((part) => nodesOf(part['prefixItems'])).find((one) => one.length > 0)
  const items = nodesOf(parts.map((part) => part['items']))
  return given.map((value, index) => {
    const own = prefix?.[index]
    if (own !== undefined) return fit(value, own)
    return items.reduce<Value>((item, node) => fit(item, node), value)
  })
}
