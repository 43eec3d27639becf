import { nearest } from '../util/near-miss.ts'
import { type SchemaNode, subSchemas } from './schema-nodes.ts'

/** The keywords of JSON Schema, and those that generators of schemas add. */
const keywords: ReadonlySet<string> = new Set(
  `$anchor $comment $defs $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary additionalItems
  additionalProperties allOf anyOf const contains contentEncoding contentMediaType contentSchema default
  definitions dependencies dependentRequired dependentSchemas deprecated description discriminator else
  enum example examples exclusiveMaximum exclusiveMinimum format if items maxContains maxItems maxLength
  maxProperties maximum minContains minItems minLength minProperties minimum multipleOf not nullable
  oneOf pattern patternProperties prefixItems properties propertyNames readOnly required then title type
  unevaluatedItems unevaluatedProperties uniqueItems writeOnly`.split(/\s+/),
)

/** A key of a schema that means nothing, and looks like one that does. */
export interface LikelyTypo {
  path: readonly (string | number)[]
  meant: string
}

/** Keys that were probably meant otherwise: a schema may have any, so nothing else tells of them. */
export function likelyTypos(
  schema: SchemaNode,
  path: readonly (string | number)[] = [],
): LikelyTypo[] {
  if (typeof schema === 'boolean') return []
  const own = Object.keys(schema).flatMap((key) => {
    if (keywords.has(key) || key.startsWith('x-')) return []
    const meant = nearest(key, keywords)
    return meant === undefined ? [] : [{ path: [...path, key], meant }]
  })
  return [
    ...own,
    ...subSchemas(schema).flatMap(({ path: keys, schema: inner }) =>
      likelyTypos(inner, [...path, ...keys]),
    ),
  ]
}
