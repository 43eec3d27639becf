import { messageOf, RowsmithError } from '../util/errors.ts'

/**
 * A schema of Zod, Valibot, ArkType or another library of the Standard Schema as the JSON Schema it stands for;
 * everything else as it is.
 *
 * Only the JSON Schema is kept: a run continues from its folder, where a program's functions are not.
 */
function schemaAsJson(value: unknown): unknown {
  const standard = standardOf(value)
  if (standard === null) return value
  const { vendor, jsonSchema } = standard
  if (typeof jsonSchema?.input !== 'function') {
    throw new RowsmithError(
      'usage',
      `a schema of ${vendor} can't be converted to JSON Schema by its library`,
      {
        hints: [
          vendor === 'valibot'
            ? 'Wrap it in toStandardJsonSchema() of the package @valibot/to-json-schema.'
            : 'Give its JSON Schema instead.',
        ],
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

/**
 * The same for a value that `JSON.stringify` hands to its replacer: what holds it still has the schema, in the place of
 * which there may be what a `toJSON` of its own made of it (ArkType's is no JSON Schema).
 */
export function writtenAsJson(holder: unknown, key: string, value: unknown): unknown {
  const given: unknown = typeof holder === 'object' && holder !== null && Reflect.get(holder, key)
  return schemaAsJson(standardOf(given) === null ? value : given)
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
