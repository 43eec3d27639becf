import type { Mapping } from '../config/literal.ts'
import { LoadFault } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { compileSchema, type PlainSchema } from './compile-schema.ts'
import { plainSchema } from './schema-validator.ts'

/** What an `output_schema` says of a whole result, a line for each fault; nothing without a schema. */
export type ResultCheck = (result: unknown) => readonly string[]

/** Throws a `LoadFault` for a schema that can't be used. */
export function compileResultSchema(written: Mapping | null): ResultCheck {
  if (written === null) return () => []
  try {
    return compileSchema(closed(plainSchema(written)))
  } catch (error) {
    throw new LoadFault(`the output_schema can't be used: ${messageOf(error)}`, {
      cause: error,
      code: 'schema-invalid',
      field: 'validator_params',
    })
  }
}

/** No fields in addition to those that an object's properties name, as in NeMo Data Designer. */
function closed(schema: PlainSchema): PlainSchema {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closedWithin(value)]),
  )
  if (!isPlainObject(schema['properties']) || 'additionalProperties' in schema) return inner
  return { ...inner, additionalProperties: false }
}

function closedWithin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedWithin)
  return isPlainObject(value) ? closed(value) : value
}

function isPlainObject(value: unknown): value is PlainSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
