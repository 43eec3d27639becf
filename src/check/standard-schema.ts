import { messageOf, RowsmithError } from '../util/errors.ts'

/**
 * A schema of Zod, ArkType or another library of the Standard Schema as the JSON Schema it stands for;
 * everything else as it is.
 *
 * Only the JSON Schema is kept: a run continues from its folder, where a program's functions are not.
 */
export function schemaAsJson(value: unknown): unknown {
  const standard = standardOf(value)
  if (standard === null) return value
  const { vendor, jsonSchema } = standard
  if (typeof jsonSchema?.input !== 'function') {
    throw new RowsmithError(
      'usage',
      `a schema of ${vendor} can't be converted to JSON Schema by its library`,
      {
        hints: ['Convert it first, for valibot with toJsonSchema of @valibot/to-json-schema.'],
      },
    )
  }
  try {
    return jsonSchema.input({ target: 'draft-2020-12' })
  } catch (error) {
    throw new RowsmithError(
      'usage',
      `a schema of ${vendor} has no JSON Schema: ${messageOf(error)}`,
      {
        cause: error,
        hints: ['Remove types that JSON does not have, such as dates, maps and transformations.'],
      },
    )
  }
}

/** What `~standard` of a schema holds, as far as it is used here. */
interface Standard {
  vendor: string
  jsonSchema?: { input?: (options: { target: 'draft-2020-12' }) => unknown }
}

function standardOf(value: unknown): Standard | null {
  // Schemas of some libraries are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return null
  const standard: unknown = Reflect.get(value, '~standard')
  if (typeof standard !== 'object' || standard === null) return null
  // By the Standard Schema; what is used of it is checked where it is.
  return standard as Standard
}
