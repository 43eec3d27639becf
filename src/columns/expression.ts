import { z } from 'zod'
import type { SkipConfig } from '../config/dataset.ts'
import { oneOf, text } from '../config/scalars.ts'
import { CellFailure } from '../graph/failure.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { defineColumn } from '../graph/kind.ts'
import { toText } from '../templates/values/python-text.ts'
import { bindNumber, bindTemplate, templateStream } from './bind-template.ts'
import { castNumber, castText, type Dtype, dtypes } from './cast.ts'
import { commonFields } from '../config/common-fields.ts'
import { describeExpression } from './describe-template.ts'

const outputs: Readonly<Record<Dtype, ColumnType>> = {
  int: 'int64',
  float: 'float64',
  str: 'string',
  bool: 'bool',
}

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['expression']),
    expr: text()
      .refine((expr) => expr.trim() !== '', 'an expression, such as {{ a + b }}')
      .describe('A Jinja template: {{ price * 2 }}. A row in which it has no text is dropped.'),
    dtype: oneOf(dtypes).default('str').describe("The type of the template's text."),
  })
  .describe('A value computed from other columns of the row.')
  .transform((config, context) => {
    if (config.skip === null) return config
    const value = castSkipValue(config.skip.value, config.dtype)
    if (value !== undefined) return { ...config, skip: { ...config.skip, value } }
    const expected = `a value that dtype ${config.dtype} can read`
    context.addIssue({ code: 'custom', path: ['skip', 'value'], message: expected })
    return z.NEVER
  })

/** A template whose text becomes text, a number or a boolean. */
export const expression = defineColumn({
  type: 'expression',
  schema,
  templates: ['expr'],
  describe(config, context) {
    const { references, problems } = describeExpression(config.name, config.expr, context)
    return {
      by: 'row',
      pure: true,
      output: outputs[config.dtype],
      references,
      routes: [],
      requests: 'none',
      problems,
    }
  },
  bind({ name, expr, dtype }, context) {
    const random = context.random(templateStream(name, 'expr'))
    const render = bindTemplate(expr, { field: 'expr', random, context })
    if (dtype !== 'float') return { by: 'row', generate: (row) => castText(render(row), dtype) }
    // The text of a number reads as that number: most need not be written.
    const number = bindNumber(expr, { random, context })
    return {
      by: 'row',
      generate(row) {
        const value = number(row)
        return value === null ? castText(render(row), dtype) : castNumber(value)
      },
    }
  },
})

/**
 * A skip value by the rules of the cells; undefined when they refuse it.
 *
 * NeMo Data Designer takes Python's constructors here, for which the text "False" is true.
 */
function castSkipValue(value: SkipConfig['value'], dtype: Dtype): SkipConfig['value'] | undefined {
  if (value === null) return null
  const written = typeof value === 'boolean' && dtype !== 'str' ? Number(value) : value
  try {
    const cast = castText(toText(written), dtype)
    return typeof cast === 'bigint' ? undefined : cast
  } catch (error) {
    if (!(error instanceof CellFailure)) throw error
    return undefined
  }
}
