import { z } from 'zod'
import { text } from '../config/scalars.ts'
import { readCondition } from '../graph/conditions.ts'
import { CellFailure } from '../graph/failure.ts'
import { isTruthy, parseTemplate } from '../templates/parse-template.ts'
import { TemplateError } from '../templates/template-error.ts'
import type { Scope } from '../templates/template.ts'
import { defineValidator, type Subject } from './define.ts'
import { verdict } from './verdict.ts'

const params = z
  .strictObject({
    condition: text({ nonEmpty: true }).describe(
      "A template that holds where the target is valid: {{ value | length > 20 }}. value is the target's cell; other columns are there by their names.",
    ),
    message: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe('The message of the verdict if the condition is false.'),
  })
  .describe('Whether a condition holds.')

/** The word for the target's cell in a condition. */
const own = 'value'

/** Whether a condition over the target and other columns holds. */
export const expressionValidator = defineValidator<z.output<typeof params>>({
  type: 'expression',
  params,
  judges: 'target',
  judgesNull: true,
  by: 'row',
  describe({ condition }, { path, name, isColumn }) {
    const { references, problems } = readCondition(condition, {
      path: [...path, 'validator_params', 'condition'],
      subject: `The condition of column '${name}'`,
      consequence: 'every cell is valid',
      isColumn: (other) => other === own || isColumn(other),
    })
    return {
      fields: ['error_messages'],
      references: references.filter((reference) => reference.name !== own),
      problems,
    }
  },
  open({ condition, message }, { refersTo }) {
    const template = parseTemplate(condition, { missing: 'strict' })
    const at: { subject: Subject | null } = { subject: null }
    const scope: Scope = {
      get(name) {
        const { subject } = at
        if (subject === null) return undefined
        if (name === own) return [...subject.targets.values()][0] ?? null
        return refersTo(name) ? subject.get(name) : undefined
      },
    }
    const said = message ?? `the condition does not hold: ${condition}`
    return (subject) => {
      at.subject = subject
      try {
        const holds = isTruthy(template.evaluate(scope))
        return verdict(holds, { error_messages: holds ? '' : said })
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        const reason = `the condition can't be decided: ${error.message}`
        throw new CellFailure('template-error', reason, {
          cause: error,
          field: ['validator_params', 'condition'],
        })
      }
    }
  },
})
