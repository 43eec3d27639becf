import { unread } from '../config/columns.ts'
import type { Problem } from '../config/problem.ts'
import type { Draft, DraftColumn } from './draft.ts'
import type { Reference } from './kind.ts'
import { readTemplate } from './read-template.ts'

/**
 * Looks at the templates of columns that could not be read as a whole, so that a mistake in one
 * field hides none in another: whatever text has braces is a template.
 */
export function guessReferences({ columns, names }: Draft): Problem[] {
  return columns
    .filter(({ description, name }) => description === null && name !== unread)
    .flatMap((column) => guessOf(column, (name) => names.has(name)))
}

function guessOf(column: DraftColumn, isColumn: (name: string) => boolean): Problem[] {
  const problems: Problem[] = []
  const references: Reference[] = []
  for (const [field, value] of Object.entries(column.raw)) {
    if (typeof value !== 'string' || !/\{\{|\{%/.test(value)) continue
    const template = readTemplate(value, [...column.path, field], isColumn)
    problems.push(...template.problems)
    references.push(...template.references)
  }
  column.guessed = references
  return problems
}
