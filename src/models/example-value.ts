/** A value that fits a JSON Schema, with all of its fields; texts in it are the beginning of `text`. */
export function exampleValue(schema: unknown, text: string): unknown {
  return exampleOf(schema, { root: schema, text, depth: 0 })
}

interface Place {
  root: unknown
  text: string
  depth: number
}

type Fields = Readonly<Record<string, unknown>>

const deepest = 12
/** A strict schema does not say how long a text may be. */
const usualLength = 60

/** A value of a schema: the first of what it may be, with all of its fields. */
function exampleOf(schema: unknown, place: Place): unknown {
  if (typeof schema !== 'object' || schema === null || place.depth > deepest) return null
  // An object of JSON.
  const node = schema as Fields
  const inner = { ...place, depth: place.depth + 1 }
  if ('const' in node) return node['const']
  if (Array.isArray(node['enum'])) return node['enum'][hashOf(place.text) % node['enum'].length]
  if (typeof node['$ref'] === 'string') return exampleOf(target(place.root, node['$ref']), inner)
  for (const word of ['anyOf', 'oneOf', 'allOf']) {
    const branches: unknown = node[word]
    if (Array.isArray(branches)) return exampleOf(branches[0], inner)
  }
  const type: unknown = Array.isArray(node['type']) ? node['type'][0] : node['type']
  if (type === 'object' || 'properties' in node) {
    const fields = Object.entries((node['properties'] ?? {}) as Fields)
    return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field, inner)]))
  }
  if (type === 'array') {
    const length = Math.max(1, Number(node['minItems'] ?? 1))
    return Array.from({ length }, () => exampleOf(node['items'] ?? { type: 'string' }, inner))
  }
  if (type === 'integer' || type === 'number') return node['minimum'] ?? node['maximum'] ?? 1
  if (type === 'boolean') return true
  if (type === 'null') return null
  return place.text.slice(0, Number(node['maxLength'] ?? usualLength))
}

function target(root: unknown, ref: string): unknown {
  let current = root
  for (const key of ref.split('/').slice(1)) current = Reflect.get(Object(current), key)
  return current
}

function hashOf(text: string): number {
  return text.length + text.charCodeAt(0)
}
