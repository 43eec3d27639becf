import { z } from 'zod'
import type { SkipConfig } from '../config/dataset.ts'
import { flag, oneOf, scalar, text } from '../config/scalars.ts'

const skipValue: z.ZodType<SkipConfig['value']> = scalar()
  .transform((value, context) => {
    if (typeof value !== 'bigint') return value
    context.addIssue({ code: 'custom', message: 'a number within ±2^53' })
    return z.NEVER
  })
  .nullable()

const skip: z.ZodType<SkipConfig> = z.strictObject({
  when: text(),
  value: skipValue.default(null),
})

/** The fields every column has; a kind's schema is a strict object of these and its own. */
export const commonFields = {
  name: text({ nonEmpty: true }),
  drop: flag().default(false),
  skip: skip.nullable().default(null),
  propagate_skip: flag().default(true),
  on_failure: oneOf(['drop', 'null']).default('drop'),
} as const
