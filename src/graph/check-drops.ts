import { matchesName } from '../config/glob.ts'
import type { Problem } from '../config/problem.ts'
import { nearest } from '../util/near-miss.ts'
import type { Draft } from './draft.ts'
import { seedColumnType } from './parse-columns.ts'
import { mayBelongToBroken } from './resolve-references.ts'

/** Names of drop_columns processors that nothing has: a mistake, for patterns only a warning. */
export function checkDropNames(draft: Draft): Problem[] {
  const known = [...draft.names.keys()]
  return draft.input.dataset.drops.flatMap(({ pattern, path }): Problem[] => {
    if (known.some((name) => matchesName(pattern, name))) return []
    if (mayBelongToBroken(draft, pattern)) return []
    const isPattern = pattern.includes('*')
    const near = isPattern ? undefined : nearest(pattern, known)
    return [
      {
        level: isPattern ? 'warning' : 'error',
        code: 'unknown-column',
        path,
        message: `${isPattern ? 'The pattern' : 'The name'} '${pattern}' to drop matches no column`,
        ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
      },
    ]
  })
}

/** Something made here has to be left in the dataset; with processors, the seed's columns will do. */
export function checkDrops({ input: { dataset }, columns }: Draft): Problem[] {
  const made = columns.filter(({ raw }) => raw.column_type !== seedColumnType)
  if (made.some(({ raw }) => !raw.drop)) return []
  const processed = dataset.processors.length > 0
  if (processed && columns.some(({ raw }) => !raw.drop)) return []
  if (made.length === 0) {
    return [
      {
        level: 'error',
        code: 'no-columns',
        path: ['columns'],
        message: 'The config makes no column',
        expected: 'at least one column beside those of the seed',
      },
    ]
  }
  return [
    {
      level: 'error',
      code: 'all-columns-dropped',
      path: ['columns'],
      message: 'Every column that is made is dropped, so nothing is left in the dataset',
      suggestion: "Set 'drop: false' on at least one column.",
    },
  ]
}

/** What is paid for, read by nobody and dropped. Other columns cost nothing, and may filter rows. */
export function checkUnused({ columns }: Draft): Problem[] {
  const read = new Set(columns.flatMap(({ edges }) => edges.map(({ to }) => to)))
  return columns.flatMap((column): Problem[] => {
    const { name, path, raw, description, isSound } = column
    if (!raw.drop || !isSound || description === null || read.has(column)) return []
    // A trace or reasoning that is kept may be what it is for.
    if (description.routes.length === 0 || (description.sides ?? []).length > 0) return []
    return [
      {
        level: 'warning',
        code: 'unused-column',
        path: [...path, 'name'],
        message: `Column '${name}' is dropped and no column reads it, but its requests are paid for`,
        suggestion: 'Remove the column, keep it, or refer to it in another one.',
      },
    ]
  })
}
