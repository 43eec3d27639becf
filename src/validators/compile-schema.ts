import { createRequire } from 'node:module'
import { messageOf } from '../util/errors.ts'

/** A JSON Schema, draft 2020-12, as plain JSON. */
export type PlainSchema = { readonly [key: string]: unknown }

/** What is wrong with a value, a line each. */
export type FindSchemaFaults = (value: unknown) => string[]

/** Most messages reported for a value. */
const mostMessages = 10

/** Throws what is wrong with the schema itself. */
export function compileSchema(schema: PlainSchema): FindSchemaFaults {
  // Loaded with the first schema.
  const library = createRequire(import.meta.url)(
    'ajv/dist/2020.js',
  ) as typeof import('ajv/dist/2020.js')
  const ajv = new library.Ajv2020({
    strict: false,
    strictNumbers: true,
    allErrors: true,
    // As in answers of models, formats are notes for people.
    validateFormats: false,
    multipleOfPrecision: 9,
    code: { regExp: Object.assign((pattern: string) => patternOf(pattern), { code: 'patternOf' }) },
    logger: false,
  })
  const isValid = ajv.compile(schema)
  return (value) => {
    if (isValid(value)) return []
    return (isValid.errors ?? [])
      .slice(0, mostMessages)
      .map(({ instancePath, message = 'is wrong', params }) => {
        const extra: unknown = params['additionalProperty'] ?? params['allowedValues']
        const what = extra === undefined ? '' : ` (${JSON.stringify(extra)})`
        return `${instancePath === '' ? 'the value' : instancePath} ${message}${what}`
      })
  }
}

/** Patterns that the modern form refuses, such as `\-`, are taken in the old one. */
function patternOf(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch {
    return new RegExp(source)
  }
}

/** Why a schema can't be used, or null. */
export function schemaFault(schema: PlainSchema): string | null {
  try {
    compileSchema(schema)
    return null
  } catch (error) {
    return messageOf(error)
  }
}
