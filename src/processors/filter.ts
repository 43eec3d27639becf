import { z } from 'zod'
import type { ColumnConfig } from '../config/dataset.ts'
import { oneOf, text } from '../config/scalars.ts'
import { readCondition } from '../graph/conditions.ts'
import { CellFailure } from '../graph/failure.ts'
import { filterTitle } from '../graph/filter-name.ts'
import { defineColumn } from '../graph/kind.ts'
import { RowScope } from '../graph/row-scope.ts'
import { isTruthy, parseTemplate } from '../templates/parse-template.ts'
import { TemplateError } from '../templates/template-error.ts'
import { defineRowProcessor } from './define.ts'

interface FilterFields {
  when: string
  code: string
  /** Where the condition is written, if not in a processor. */
  field?: 'where'
}

/** The column behind a filter: whether its condition holds in a row. */
const condition = defineColumn<ColumnConfig & FilterFields>({
  type: 'filter',
  // Made from a filter that was read, and never written in a config.
  schema: z.never(),
  describe({ name, when, code, field = 'when' }, context) {
    const { references, problems } = readCondition(when, {
      path: [...context.path, field],
      subject:
        field === 'where'
          ? 'The condition of the selection'
          : `The condition of filter '${filterTitle(name)}'`,
      consequence: 'every row is kept',
      isColumn: (other) => context.columns.has(other) || context.seedColumn(other) !== undefined,
    })
    return {
      by: 'row',
      pure: true,
      output: 'bool',
      references,
      routes: [],
      rejects: { code },
      problems,
    }
  },
  bind({ when, field = 'when' }, context) {
    const template = parseTemplate(when, { missing: 'strict' })
    const read = template.references.filter(({ name }) => context.refersTo(name))
    const scope = new RowScope(new Map(read.map(({ name }) => [name, context.columnId(name)])))
    return {
      by: 'row',
      generate(row) {
        try {
          return isTruthy(template.evaluate(scope.at(row)))
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error
          const message = `the condition can't be decided: ${error.message}`
          throw new CellFailure('template-error', message, { cause: error, field: [field] })
        }
      },
    }
  },
})

/** Keeps the rows in which a condition holds; the others are rejected as soon as that is known. */
export const filter = defineRowProcessor({
  by: 'row',
  type: 'filter',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).nullable().default(null).describe('Any name.'),
      processor_type: oneOf(['filter']),
      when: text({ nonEmpty: true }).describe(
        'A template; rows in which it is true are kept: {{ score >= 3 }}.',
      ),
      code: text({ nonEmpty: true })
        .default('filtered')
        .describe('The word under which rejected rows are counted.'),
    })
    .describe('Keeps the rows in which a condition holds, and rejects the others.'),
  conditions: ['when'],
  column: { kind: condition, fields: ({ when, code }) => ({ when, code }) },
})
