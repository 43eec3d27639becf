import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { isMapping } from '../config/literal.ts'
import { refuse } from '../config/scalars.ts'

/**
 * A parameter object that may repeat the word of its kind, as those of NeMo Data Designer do; another word
 * is a contradiction.
 */
export function taggedParams(
  tag: 'sampler_type' | 'validator_type',
  kind: string,
  fields: z.ZodType,
): z.ZodType {
  return withForm(untagged(tag, kind).pipe(fields), { like: () => tagged(tag, kind, fields) })
}

/** The parameters as they may be written, with the tag or without. */
function tagged(tag: string, kind: string, fields: z.ZodType): z.ZodType {
  if (!(fields instanceof z.ZodObject)) return fields
  const word = z.literal(kind).optional().describe('The same as next to the parameters.')
  const { description = '' } = fields
  return z.strictObject({ ...fields.shape, [tag]: word }).describe(description)
}

function untagged(tag: 'sampler_type' | 'validator_type', kind: string) {
  return z.unknown().transform((input, context) => {
    if (!isMapping(input) || !Object.hasOwn(input, tag)) return input
    const { [tag]: word, ...fields } = input
    if (word === kind) return fields
    const what = tag.replace('_type', '')
    return refuse(context, input, {
      code: 'wrong-word',
      expected: `parameters of a ${kind} ${what}, like the column's ${tag}`,
      received: `parameters of ${tag} ${JSON.stringify(word)}`,
      suggestion: 'Make both the same, or leave it out of the parameters.',
    })
  })
}
