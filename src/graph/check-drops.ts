import type { Problem } from '../config/problem.ts'
import type { Draft } from './draft.ts'
import { seedColumnType } from './parse-columns.ts'

/** Something made here has to be left in the dataset; with processors, the seed's columns will do. */
export function checkDrops({ input: { config }, columns }: Draft): Problem[] {
  const made = columns.filter(({ raw }) => raw.column_type !== seedColumnType)
  if (made.some(({ raw }) => !raw.drop)) return []
  const processed = config.processors.length > 0
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
