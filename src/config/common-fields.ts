import { z } from 'zod'
import type { SkipConfig } from './dataset.ts'
import { flag, oneOf, refuse, scalar, text } from './scalars.ts'

const skipValue: z.ZodType<SkipConfig['value']> = scalar()
  .transform((value, context) => {
    if (typeof value !== 'bigint') return value
    return refuse(context, value, { code: 'out-of-range', expected: 'a number within ±2^53' })
  })
  .nullable()

const skip: z.ZodType<SkipConfig> = z.strictObject({
  when: text().describe('A template; where it is true, the cell is skipped: {{ stars < 3 }}.'),
  value: skipValue.default(null).describe('The value of a skipped cell.'),
})

/** The fields every column has; a kind's schema is a strict object of these and its own. */
export const commonFields = {
  name: text({ nonEmpty: true }).describe('Name in the dataset and in templates.'),
  drop: flag().default(false).describe('Make it, but leave it out of the dataset.'),
  skip: skip.nullable().default(null).describe('When not to make a cell.'),
  propagate_skip: flag().default(true).describe('Skip it too where a column it reads was skipped.'),
  on_failure: oneOf(['drop', 'null', 'stop'])
    .default('drop')
    .describe(
      'What happens when a cell fails: its row is dropped, or kept with a null, or the run stops.',
    ),
} as const
