import type { ErrorObject } from 'ajv/dist/2020.js'
import { newAjv } from './ajv.ts'
import { answerSchema } from './answer-schema.ts'
import {
  isSchema,
  objectOf,
  patternOf,
  resolveRef,
  type SchemaNode,
  type SchemaObject,
  subSchemas,
} from './schema-nodes.ts'

/** What is wrong with a schema itself, with the keys that lead there. */
export interface SchemaFault {
  path: readonly (string | number)[]
  message: string
}

/** The first places at which a JSON Schema can't be used, each once. */
export function schemaFaults(schema: SchemaObject): SchemaFault[] {
  const faults = [...referenceFaults(schema, schema, []), ...patternFaults(schema, [])]
  const ajv = newAjv()
  const { $id: _id, ...root } = schema
  if (ajv.validateSchema(root) !== true) {
    faults.push(...metaFaults(ajv.errors ?? [], root))
  }
  if (faults.length > 0) return faults
  try {
    answerSchema(schema).read(null)
    return []
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return [{ path: [], message: `it can't be used: ${error.message}` }]
  }
}

function referenceFaults(
  node: SchemaNode,
  root: SchemaObject,
  path: readonly (string | number)[],
): SchemaFault[] {
  if (typeof node === 'boolean') return []
  const ref = node['$ref']
  const own =
    typeof ref === 'string' && resolveRef(root, ref) === undefined
      ? [{ path: [...path, '$ref'], message: `there is no ${JSON.stringify(ref)} in the schema` }]
      : []
  return [
    ...own,
    ...subSchemas(node).flatMap(({ path: keys, schema }) =>
      referenceFaults(schema, root, [...path, ...keys]),
    ),
  ]
}

function patternFaults(node: SchemaNode, path: readonly (string | number)[]): SchemaFault[] {
  if (typeof node === 'boolean') return []
  const written: [string, readonly (string | number)[]][] = [
    ...(typeof node['pattern'] === 'string'
      ? [[node['pattern'], [...path, 'pattern']] as [string, (string | number)[]]]
      : []),
    ...Object.keys(objectOf(node['patternProperties']) ?? {}).map(
      (pattern): [string, (string | number)[]] => [
        pattern,
        [...path, 'patternProperties', pattern],
      ],
    ),
  ]
  const own = written.flatMap(([pattern, at]) => {
    try {
      patternOf(pattern)
      return []
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      return [{ path: at, message: `the pattern can't be used: ${error.message}` }]
    }
  })
  return [
    ...own,
    ...subSchemas(node).flatMap(({ path: keys, schema }) =>
      patternFaults(schema, [...path, ...keys]),
    ),
  ]
}

/** The deepest places are those that are meant; what stands around them says the same again. */
function metaFaults(errors: readonly ErrorObject[], root: SchemaObject): SchemaFault[] {
  const places = [...new Set(errors.map(({ instancePath }) => instancePath))]
  const deepest = places.filter((place) =>
    places.every((other) => other === place || !other.startsWith(`${place}/`)),
  )
  return deepest.map((place) => {
    const path = keysOf(place, root)
    const keyword = String(path.at(-1) ?? '')
    const at = errors.filter(({ instancePath }) => instancePath === place)
    const words = at.find(({ keyword: kind }) => kind === 'enum')?.params[
      'allowedValues'
    ] as unknown
    const expected =
      keyword === 'type' && Array.isArray(words)
        ? `a type must be one of ${words.join(', ')}`
        : (at[0]?.message ?? 'it is not a JSON Schema')
    return { path, message: expected }
  })
}

/** The keys of a JSON pointer; positions of lists are numbers. */
function keysOf(pointer: string, root: SchemaObject): (string | number)[] {
  const keys: (string | number)[] = []
  let current: unknown = root
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    keys.push(Array.isArray(current) ? Number(key) : key)
    current = isSchema(current) || Array.isArray(current) ? Reflect.get(Object(current), key) : null
  }
  return keys
}
