import {
  listOf,
  nodesOf,
  objectOf,
  resolveRef,
  type SchemaNode,
  type SchemaObject,
} from './schema-nodes.ts'

/**
 * Names of the fields that an object at a place of a value can have by a schema, whichever of its
 * alternatives the value takes; null where it may have any, and where there is no object.
 */
export function fieldsAt(
  root: SchemaObject,
  place: readonly (string | null)[],
): readonly string[] | null {
  const parts = partsAt(root, place)
  const names = new Set<string>()
  for (const part of parts) {
    if (isOpen(part)) return null
    for (const name of Object.keys(objectOf(part['properties']) ?? {})) names.add(name)
  }
  return names.size === 0 ? null : [...names]
}

/** Whether a schema lists the values that there can be at a place: by `enum` or `const`. */
export function isListedAt(root: SchemaObject, place: readonly (string | null)[]): boolean {
  return partsAt(root, place).some((part) => 'enum' in part || 'const' in part)
}

function partsAt(root: SchemaObject, place: readonly (string | null)[]): SchemaObject[] {
  let nodes: SchemaNode[] = [root]
  for (const step of place) {
    nodes = partsOf(root, nodes).flatMap((part) => inside(part, step))
  }
  return partsOf(root, nodes)
}

function inside(part: SchemaObject, step: string | null): SchemaNode[] {
  if (step !== null) return nodesOf([objectOf(part['properties'])?.[step]])
  return nodesOf([part['items'], ...listOf(part['prefixItems'])])
}

/** The nodes with all they refer to, are composed of and may be instead. */
function partsOf(root: SchemaObject, nodes: readonly SchemaNode[]): SchemaObject[] {
  const parts = new Set<SchemaObject>()
  function gather(node: SchemaNode | undefined): void {
    if (node === undefined || typeof node === 'boolean' || parts.has(node)) return
    parts.add(node)
    if (typeof node['$ref'] === 'string') gather(resolveRef(root, node['$ref']))
    const others = [node['then'], node['else']]
    for (const key of ['allOf', 'anyOf', 'oneOf']) others.push(...listOf(node[key]))
    for (const other of nodesOf(others)) gather(other)
  }
  for (const node of nodes) gather(node)
  return [...parts]
}

/** Whether an object by it may have fields that it does not name. */
function isOpen(part: SchemaObject): boolean {
  if ('patternProperties' in part) return true
  const rest = part['additionalProperties'] ?? part['unevaluatedProperties']
  if (rest !== undefined && rest !== false) return true
  const isObject = part['type'] === 'object' || listOf(part['type']).includes('object')
  return isObject && !('properties' in part) && rest !== false && !isComposed(part)
}

function isComposed(part: SchemaObject): boolean {
  return ['$ref', 'allOf', 'anyOf', 'oneOf'].some((key) => key in part)
}
