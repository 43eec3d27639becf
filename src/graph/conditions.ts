import type { SkipConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { toText } from '../templates/values/python-text.ts'
import type { Cell } from '../util/value.ts'
import { coerce } from './coerce.ts'
import type { Draft, DraftColumn } from './draft.ts'
import { CellFailure } from './failure.ts'
import type { ColumnType } from './column-type.ts'
import { readTemplate } from './read-template.ts'

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
  const path = [...column.path, 'skip', 'when']
  const { template, references, problems } = readTemplate(skip.when, path, isColumn, {
    // A condition over something that is not there can't be decided: that is an error, not false.
    missing: 'strict',
  })
  if (template === null) return [...problems]
  if (references.length === 0) {
    return [
      {
        level: 'error',
        code: 'constant-condition',
        path,
        message: `The skip condition of column '${column.name}' refers to no column`,
        expected: 'a template with a column in it, such as {{ price > 100 }}',
        received: skip.when,
        suggestion: skip.when.includes('{')
          ? 'Name the column that decides.'
          : `Put the expression into double braces: {{ ${skip.when.trim()} }}`,
      },
    ]
  }
  column.conditions = references
  const type = column.description?.output
  if (type === undefined) return []
  try {
    column.skip = { when: template, value: skipValue(skip.value, type) }
    return leadingSpace(column, skip.when)
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

/** Text before the expression makes the whole condition text, and text that is not empty holds. */
function leadingSpace({ name, path }: DraftColumn, when: string): Problem[] {
  if (!/^\s+\{\{/.test(when)) return []
  return [
    {
      level: 'warning',
      code: 'condition-always-true',
      path: [...path, 'skip', 'when'],
      message: `The skip condition of column '${name}' begins with a space, so every row is skipped`,
      suggestion: `Write ${JSON.stringify(when.trimStart())} without the space.`,
    },
  ]
}

/** A skip value as a cell of its column; text columns take the text a template would print. */
function skipValue(value: SkipConfig['value'], type: ColumnType): Cell {
  if (type === 'string' && value !== null) return toText(value)
  return coerce(value, type)
}
