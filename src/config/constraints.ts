import { z } from 'zod'
import { Double } from '../util/value.ts'
import type { ConstraintConfig } from './dataset.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { oneOf, refuse, scalar, text } from './scalars.ts'
import { withForm } from './json-form.ts'

const types = ['scalar_inequality', 'column_inequality'] as const

const fields = z
  .strictObject({
    constraint_type: oneOf(types)
      .optional()
      .describe('The kind of rhs: a number or the name of a column; by default, rhs decides.'),
    target_column: text({ nonEmpty: true }).describe('The sampler column that is bounded.'),
    operator: oneOf(['lt', 'le', 'gt', 'ge']).describe('How its values lie to rhs: lt is below.'),
    rhs: scalar().describe('A number, or the name of another sampler column.'),
  })
  .describe('A bound of a sampler column.')

/** An entry of `constraints`. */
export const constraintSchema: z.ZodType<ConstraintConfig> = withForm(
  fields.transform(({ constraint_type: type, target_column, operator, rhs }, context) => {
    const number = numberOf(rhs)
    const isScalar = type === undefined ? number !== null : type === 'scalar_inequality'
    if (!isScalar && typeof rhs === 'string' && rhs !== '') return { target_column, operator, rhs }
    if (isScalar && number !== null) return { target_column, operator, rhs: number }
    const expected = isScalar ? 'a finite number' : 'the name of a sampler column'
    return refuse(context, rhs, { code: 'wrong-type', expected, path: ['rhs'] })
  }),
  { like: () => fields },
)

/** Reads `constraints`; one that can't be read is null, so the others keep their places. */
export function parseConstraints(
  items: readonly unknown[],
  path: ConfigPath,
): { constraints: (ConstraintConfig | null)[]; problems: Problem[] } {
  const problems: Problem[] = []
  const constraints = items.map((value, index) => {
    const parsed = constraintSchema.safeParse(value)
    if (parsed.success) return parsed.data
    const subject = `constraint ${index + 1}`
    problems.push(
      ...problemsOfZod(parsed.error, { path: [...path, index], value, schema: fields, subject }),
    )
    return null
  })
  return { constraints, problems }
}

const numberText = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i

/** A finite number in NeMo Data Designer's sense, in which `" 5 "` and true are some; null for none. */
function numberOf(rhs: string | number | bigint | boolean | Double): number | null {
  if (typeof rhs === 'string' && !numberText.test(rhs.trim())) return null
  const bare = typeof rhs === 'string' ? rhs.trim().replaceAll('_', '') : rhs
  const number = bare instanceof Double ? bare.value : Number(bare)
  return Number.isFinite(number) ? number : null
}
