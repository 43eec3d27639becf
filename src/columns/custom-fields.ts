import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { isList, isMapping } from '../config/literal.ts'
import { flag, list, mapOf, oneOf, refuse, text } from '../config/scalars.ts'
import { type ColumnType, knownTypes, readColumnType } from '../graph/column-type.ts'

const typeWords = knownTypes.split(', ')

/** The type of a column, by its text. */
function columnType(): z.ZodType<ColumnType> {
  const schema = z.unknown().transform((input, context) => {
    const type = readColumnType(input)
    if (type !== null) return type
    const expected = `a type: one of ${knownTypes}`
    return refuse(context, input, { code: 'wrong-word', expected, words: typeWords })
  })
  return withForm(schema, {
    json: {
      anyOf: [
        { enum: typeWords.filter((word) => !word.includes('(')) },
        { type: 'string', pattern: String.raw`^vector\([1-9]\d*\)$` },
      ],
    },
  })
}

/** Names with a type each, or names alone, whose type is then that of a text. */
function typedNames(): z.ZodType<ReadonlyMap<string, ColumnType>> {
  const names = list(text({ nonEmpty: true }))
  const types = mapOf(columnType())
  const schema = z.unknown().transform((input, context): ReadonlyMap<string, ColumnType> => {
    if (!isList(input) && !isMapping(input)) {
      const expected = 'a mapping of names to types, or a list of names'
      return refuse(context, input, { code: 'wrong-type', expected })
    }
    const read = isList(input)
      ? names
          .transform((all) => new Map(all.map((name) => [name, 'string' as const])))
          .safeParse(input)
      : types.safeParse(input)
    if (read.success) return read.data
    for (const issue of read.error.issues) context.issues.push({ ...issue, input: undefined })
    return z.NEVER
  })
  return withForm(schema, { like: () => z.union([names, z.record(z.string(), columnType())]) })
}

const strategy = oneOf(['cell_by_cell', 'full_column']).nullable().default(null)
const names = list(text({ nonEmpty: true }))
  .nullable()
  .default(null)
const types = typedNames().nullable().default(null)
const type = columnType().nullable().default(null)
const pure = flag().nullable().default(null)

/** What a column's config may say of its function; null leaves it to what stands next to the function. */
export const customFields = {
  generation_strategy: strategy.describe(
    "The function's input: one row, or all rows of a batch; cell_by_cell by default.",
  ),
  required_columns: names.describe('Columns the function reads; it gets no others.'),
  side_effect_columns: types.describe(
    'Further columns it fills, with their types: {critique: string}; a list of names for texts.',
  ),
  model_aliases: names.describe('Aliases of the models it asks.'),
  output_type: type.describe('The type of its values; string by default.'),
  pure: pure.describe(
    'Whether the same row always gives the same value at no cost; its cells are then computed again instead of stored.',
  ),
} as const

/** The same, as it stands next to the function. */
export const declaredFields = z.strictObject({
  generationStrategy: strategy,
  requiredColumns: names,
  sideEffectColumns: types,
  modelAliases: names,
  outputType: type,
  pure,
})
