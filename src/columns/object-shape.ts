import {
  listOf,
  nodeOf,
  objectOf,
  patternOf,
  type SchemaNode,
  type SchemaObject,
} from './schema-nodes.ts'

/** What several schemas say of an object together. */
export interface ObjectShape {
  properties: ReadonlyMap<string, readonly SchemaNode[]>
  patterns: readonly [RegExp, SchemaNode][]
  required: ReadonlySet<string>
  /** Whether fields in addition to those are kept. */
  isOpen: boolean
  /** What they must be, where that is said. */
  rest: SchemaNode | null
}

export function shapeOf(parts: readonly SchemaObject[]): ObjectShape {
  const properties = new Map<string, SchemaNode[]>()
  const patterns: [RegExp, SchemaNode][] = []
  const required = new Set<string>()
  let isDeclared = false
  let allows = false
  let rest: SchemaNode | null = null
  for (const part of parts) {
    const own = objectOf(part['properties'])
    isDeclared ||= own !== null
    for (const [name, property] of nodeEntries(own)) {
      properties.set(name, [...(properties.get(name) ?? []), property])
    }
    for (const [pattern, property] of nodeEntries(objectOf(part['patternProperties']))) {
      patterns.push([patternOf(pattern), property])
    }
    for (const name of listOf(part['required'])) if (typeof name === 'string') required.add(name)
    const additional = nodeOf(part['additionalProperties'] ?? part['unevaluatedProperties'])
    if (additional === undefined) continue
    isDeclared ||= additional === false
    allows ||= additional !== false
    if (typeof additional !== 'boolean') rest = additional
  }
  return { properties, patterns, required, isOpen: allows || !isDeclared, rest }
}

function nodeEntries(mapping: SchemaObject | null): [string, SchemaNode][] {
  return Object.entries(mapping ?? {}).flatMap(([name, value]): [string, SchemaNode][] => {
    const node = nodeOf(value)
    return node === undefined ? [] : [[name, node]]
  })
}

/** What the patterns of an object say of one of its fields. */
export function patternNodes(name: string, { patterns }: ObjectShape): readonly SchemaNode[] {
  return patterns.filter(([pattern]) => pattern.test(name)).map(([, node]) => node)
}

/** The field that one under another spelling of its name is: `Full Name` for `full_name`. */
export function meantField(
  written: string,
  { properties, isOpen }: ObjectShape,
  given: ReadonlyMap<string, unknown>,
): string | undefined {
  if (isOpen) return undefined
  const bare = spelling(written)
  const [only, ...more] = [...properties.keys()].filter((name) => spelling(name) === bare)
  if (only === undefined || more.length > 0 || given.has(only)) return undefined
  const others = [...given.keys()].filter((key) => key !== written && spelling(key) === bare)
  return others.length === 0 ? only : undefined
}

function spelling(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]+/g, '')
}
