import type { ConfigPath, Problem } from '../config/problem.ts'
import { parseTemplate, type TemplateOptions } from '../templates/parse-template.ts'
import { TemplateSyntaxError } from '../templates/template-error.ts'
import type { Template } from '../templates/template.ts'
import type { Reference } from './kind.ts'

/** A template in a config: parsed, with what it reads and what is wrong with it. */
export interface TemplateField {
  /** Null when it can't be parsed; then there is a problem. */
  template: Template | null
  references: readonly Reference[]
  problems: readonly Problem[]
}

/**
 * Reads a template of a config.
 *
 * `isColumn` tells a column from what the template has without one: a column named `range` is a
 * reference, the function of that name is not, and neither is a name that the template sets.
 */
export function readTemplate(
  source: string,
  path: ConfigPath,
  isColumn: (name: string) => boolean,
  options: TemplateOptions = {},
): TemplateField {
  let template: Template
  try {
    template = parseTemplate(source, options)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    return { template: null, references: [], problems: [syntaxProblem(error, path)] }
  }
  const references = template.references
    .filter(({ name, optional }) => !optional || isColumn(name))
    .map(({ name, line, column, places }) => ({
      name,
      path,
      within: { line, column },
      ...(places === undefined ? {} : { places }),
    }))
  return { template, references, problems: [] }
}

function syntaxProblem({ reason, line, column }: TemplateSyntaxError, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'template-syntax',
    path,
    message: `The template can't be read: ${reason}`,
    ...(reason === 'unexpected "}"' && { suggestion: 'Close the expression with "}}".' }),
    within: { line, column },
  }
}
