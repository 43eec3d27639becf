import { CellFailure } from '../graph/failure.ts'
import type { Row } from '../graph/kind.ts'
import { isTruthy, parseExpression } from '../templates/parse-template.ts'
import { TemplateError } from '../templates/template-error.ts'

import type { Value } from '../util/value.ts'

/** Reads one variable of a condition in a row. */
export type ReadVariable = (row: Row) => Value

/**
 * A condition of `conditional_params` as a test of rows: it holds when its value is true in the
 * sense of the template language (so a number other than 0 holds too).
 *
 * `variable` is asked once for every name the condition reads; undefined for the language's own.
 */
export function createCondition(
  source: string,
  columnName: string,
  variable: (name: string) => ReadVariable | undefined,
): (row: Row) => boolean {
  const expression = parseExpression(source)
  const readers = new Map<string, ReadVariable>()
  for (const { name } of expression.references) {
    const reader = variable(name)
    if (reader !== undefined) readers.set(name, reader)
  }
  let current: Row | null = null
  const scope = {
    get: (name: string) => (current === null ? undefined : readers.get(name)?.(current)),
  }
  return (row) => {
    current = row
    try {
      return isTruthy(expression.evaluate(scope))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      const message = `the condition '${source}' of column '${columnName}' failed: ${error.message}`
      const field = ['conditional_params', source]
      throw new CellFailure('template-error', message, { cause: error, field })
    }
  }
}
