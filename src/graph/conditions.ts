import type { SkipConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { toText } from '../templates/values/python-text.ts'
import type { Cell } from '../util/value.ts'
import { coerce } from './coerce.ts'
import type { Draft, DraftColumn } from './draft.ts'
import { CellFailure } from './failure.ts'
import type { ColumnType } from './column-type.ts'
import { readTemplate, type TemplateField } from './read-template.ts'

/** Reads the skip conditions; a condition has to depend on the row. */
export function parseConditions({ columns, names }: Draft): Problem[] {
  return columns.flatMap((column) => {
    const { skip } = column.config ?? column.raw
    // A column that its kind refused may have anything there; that is its own problem.
    if (typeof skip?.when !== 'string') return []
    return parseCondition(column, skip, (name) => names.has(name))
  })
}

function parseCondition(
  column: DraftColumn,
  skip: SkipConfig,
  isColumn: (name: string) => boolean,
): Problem[] {
  const { template, references, problems } = readCondition(skip.when, {
    path: [...column.path, 'skip', 'when'],
    subject: `The skip condition of column '${column.name}'`,
    consequence: 'every row is skipped',
    isColumn,
  })
  if (template === null || references.length === 0) return [...problems]
  column.conditions = references
  const type = column.description?.output
  if (type === undefined) return []
  try {
    column.skip = { when: template, value: skipValue(skip.value, type) }
    return [...problems]
  } catch (error) {
    if (!(error instanceof CellFailure)) throw error
    return [
      {
        level: 'error',
        code: 'wrong-type',
        path: [...column.path, 'skip', 'value'],
        message: `The skip value of column '${column.name}' is not of its type: ${error.message}`,
      },
    ]
  }
}

interface ConditionContext {
  path: ConfigPath
  /** What it is, at the beginning of a sentence. */
  subject: string
  /** What a condition that always holds does. */
  consequence: string
  isColumn: (name: string) => boolean
}

/** Reads a condition: a template over columns of the row whose value is true or not. */
export function readCondition(
  when: string,
  { path, subject, consequence, isColumn }: ConditionContext,
): TemplateField {
  // A condition over something that is not there can't be decided: that is an error, not false.
  const field = readTemplate(when, path, isColumn, { missing: 'strict' })
  if (field.template === null) return field
  if (field.references.length === 0) {
    const problem: Problem = {
      level: 'error',
      code: 'constant-condition',
      path,
      message: `${subject} refers to no column`,
      expected: 'a template with a column in it, such as {{ price > 100 }}',
      received: when,
      suggestion: when.includes('{')
        ? 'Name the column that decides.'
        : `Put the expression into double braces: {{ ${when.trim()} }}`,
    }
    return { ...field, problems: [problem] }
  }
  // Text before the expression makes all of it text, and text that is not empty holds.
  if (!/^\s+\{\{/.test(when)) return field
  const problem: Problem = {
    level: 'warning',
    code: 'condition-always-true',
    path,
    message: `${subject} begins with a space, so ${consequence}`,
    suggestion: `Write ${JSON.stringify(when.trimStart())} without the space.`,
  }
  return { ...field, problems: [problem] }
}

/** A skip value as a cell of its column; text columns take the text a template would print. */
function skipValue(value: SkipConfig['value'], type: ColumnType): Cell {
  if (type === 'string' && value !== null) return toText(value)
  return coerce(value, type)
}
