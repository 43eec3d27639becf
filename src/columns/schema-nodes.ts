import type { Value } from '../util/value.ts'

/** A JSON Schema, or a part of one, as plain JSON. */
export type SchemaObject = { readonly [key: string]: unknown }

export type SchemaNode = SchemaObject | boolean

/** Keywords that hold a mapping of schemas, a list of them, and one. */
const mappings = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']
const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const singles = [
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
]

/** A schema inside of another one, with the keys that lead to it. */
export interface SubSchema {
  path: readonly (string | number)[]
  schema: SchemaNode
}

/** The schemas directly inside of a schema. */
export function subSchemas(schema: SchemaNode): SubSchema[] {
  if (typeof schema === 'boolean') return []
  return [
    ...mappings.flatMap((key) =>
      Object.entries(objectOf(schema[key]) ?? {}).map(([name, inner]) => ({
        path: [key, name],
        schema: inner,
      })),
    ),
    ...lists.flatMap((key) =>
      listOf(schema[key]).map((inner, index) => ({ path: [key, index], schema: inner })),
    ),
    ...singles.map((key) => ({ path: [key], schema: schema[key] })),
  ].flatMap(({ path, schema: inner }) => (isSchema(inner) ? [{ path, schema: inner }] : []))
}

/** A schema, where something is one. */
export function nodeOf(value: unknown): SchemaNode | undefined {
  return isSchema(value) ? value : undefined
}

/** Those of some values that are schemas. */
export function nodesOf(values: unknown): SchemaNode[] {
  return listOf(values).filter(isSchema)
}

/** A constant of a schema as a value; objects and lists are compared by the validator alone. */
export function constantOf(constant: unknown): Value {
  const isScalar =
    typeof constant === 'string' || typeof constant === 'number' || typeof constant === 'boolean'
  return isScalar ? constant : null
}

export function isSchema(value: unknown): value is SchemaNode {
  return typeof value === 'boolean' || objectOf(value) !== null
}

export function objectOf(value: unknown): SchemaObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? // An object of plain JSON.
      (value as SchemaObject)
    : null
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The place a `$ref` inside of the schema means; undefined where there is none. */
export function resolveRef(root: SchemaObject, ref: string): SchemaNode | undefined {
  const keys = refKeys(ref)
  if (keys === null) return anchored(root, ref.slice(1))
  let current: unknown = root
  for (const key of keys) {
    const inner = Array.isArray(current) ? current : objectOf(current)
    if (inner === null || !Object.hasOwn(inner, key)) return undefined
    // Read by a key it has.
    current = (inner as Record<string, unknown>)[key]
  }
  return isSchema(current) ? current : undefined
}

/** The keys of a reference that is a JSON pointer; null for an anchor's name or another document. */
function refKeys(ref: string): string[] | null {
  if (ref === '#') return []
  if (!ref.startsWith('#/')) return null
  return ref
    .slice(2)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function anchored(schema: SchemaNode, name: string): SchemaNode | undefined {
  if (name === '' || typeof schema === 'boolean') return undefined
  if (schema['$anchor'] === name) return schema
  for (const { schema: inner } of subSchemas(schema)) {
    const found = anchored(inner, name)
    if (found !== undefined) return found
  }
  return undefined
}

/** A pattern of a schema. Those that the modern form refuses, such as `\-`, are taken in the old one. */
export function patternOf(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    // Where it is wrong in both forms, the error is that of the old one.
    return new RegExp(source)
  }
}
