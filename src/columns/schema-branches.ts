import { Double, type Value } from '../util/value.ts'
import { chosenOf } from './fit-scalar.ts'
import {
  constantOf,
  listOf,
  nodeOf,
  nodesOf,
  objectOf,
  resolveRef,
  type SchemaNode,
  type SchemaObject,
} from './schema-nodes.ts'

/** A schema that values are fitted into. */
export interface FitSchema {
  readonly root: SchemaObject
  /** Whether a part of the schema, distinguished by its identity, takes a value as it is. */
  readonly isValid: (node: SchemaNode, value: Value) => boolean
}

type Fit = (value: Value, node: SchemaNode) => Value

/** All that a node asks of a value at once: what it refers to, and of alternatives the one meant. */
export function partsFor(
  value: Value,
  node: SchemaNode,
  { root, isValid }: FitSchema,
  fit: Fit,
): SchemaObject[] {
  const parts = new Set<SchemaObject>()
  function gather(inner: SchemaNode | undefined): void {
    if (inner === undefined || typeof inner === 'boolean' || parts.has(inner)) return
    parts.add(inner)
    if (typeof inner['$ref'] === 'string') gather(resolveRef(root, inner['$ref']))
    for (const one of nodesOf(inner['allOf'])) gather(one)
    for (const key of ['anyOf', 'oneOf']) {
      const branches = nodesOf(inner[key])
      if (branches.length === 0) continue
      gather(
        taggedBranch(value, inner, root) ??
          branchByConstants(value, branches, root) ??
          bestBranch(value, branches, isValid, fit),
      )
    }
    const condition = nodeOf(inner['if'])
    if (condition !== undefined) gather(nodeOf(inner[isValid(condition, value) ? 'then' : 'else']))
  }
  gather(node)
  return [...parts]
}

/** The alternative in which the most of the value is kept; of equal ones, one that takes it as it is. */
function bestBranch(
  value: Value,
  branches: readonly SchemaNode[],
  isValid: FitSchema['isValid'],
  fit: Fit,
): SchemaNode | undefined {
  const valid = branches.filter((branch) => isValid(branch, value))
  const isScalar = typeof value !== 'object' || value === null || value instanceof Double
  if (isScalar && valid.length > 0) return valid[0]
  let best: { branch: SchemaNode; size: number } | undefined
  for (const branch of [...valid, ...branches.filter((one) => !valid.includes(one))]) {
    const fitted = fit(value, branch)
    if (!isValid(branch, fitted)) continue
    const size = sizeOf(fitted)
    if (best === undefined || size > best.size) best = { branch, size }
  }
  return best?.branch
}

/** The alternative that OpenAPI's `discriminator` maps the tag of the value to. */
function taggedBranch(
  value: Value,
  parent: SchemaObject,
  root: SchemaObject,
): SchemaNode | undefined {
  const discriminator = objectOf(parent['discriminator'])
  const name = discriminator?.['propertyName']
  const mapping = objectOf(discriminator?.['mapping'])
  if (!(value instanceof Map) || typeof name !== 'string' || mapping === null) return undefined
  const tag: Value | undefined = value.get(name)
  const word = tag === undefined ? undefined : chosenOf(tag, Object.keys(mapping))
  const ref = typeof word === 'string' ? mapping[word] : undefined
  return typeof ref === 'string' ? resolveRef(root, ref) : undefined
}

/** The only alternative whose constants are those of the value. */
function branchByConstants(
  value: Value,
  branches: readonly SchemaNode[],
  root: SchemaObject,
): SchemaNode | undefined {
  if (!(value instanceof Map)) return undefined
  const given: ReadonlyMap<string, Value> = value
  const fitting = branches.filter((branch) => {
    const constants = constantsOf(branch, root)
    return (
      constants.length > 0 &&
      constants.every(([key, word]) => chosenOf(given.get(key) ?? null, [word]) !== undefined)
    )
  })
  return fitting.length === 1 ? fitting[0] : undefined
}

function constantsOf(branch: SchemaNode, root: SchemaObject): [string, Value][] {
  return flattened(branch, root, 0)
    .flatMap((part) => Object.entries(objectOf(part['properties']) ?? {}))
    .flatMap(([key, property]): [string, Value][] => {
      const one = objectOf(property)
      if (one === null) return []
      const words = 'const' in one ? [one['const']] : listOf(one['enum'])
      return words.length === 1 ? [[key, constantOf(words[0])]] : []
    })
}

const deepest = 32

/** A node with what it refers to and what it is composed of. */
function flattened(
  node: SchemaNode | undefined,
  root: SchemaObject,
  depth: number,
): SchemaObject[] {
  if (node === undefined || typeof node === 'boolean' || depth > deepest) return []
  const { $ref: ref } = node
  return [
    node,
    ...(typeof ref === 'string' ? flattened(resolveRef(root, ref), root, depth + 1) : []),
    ...nodesOf(node['allOf']).flatMap((one) => flattened(one, root, depth + 1)),
  ]
}

/** How much there is in a value: its scalars. */
function sizeOf(value: Value): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: Value) => sum + sizeOf(item), 0)
  if (!(value instanceof Map)) return 1
  let sum = 0
  for (const item of (value as ReadonlyMap<string, Value>).values()) sum += sizeOf(item)
  return sum
}
