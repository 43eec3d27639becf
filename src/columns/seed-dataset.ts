import { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { oneOf } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { commonFields } from '../config/common-fields.ts'

const schema = z
  .strictObject({ ...commonFields, column_type: oneOf(['seed-dataset']) })
  .describe('A column of the seed. Those that are not written here are there all the same.')

/** A column of the seed, read row by row. */
export const seedDataset = defineColumn({
  type: 'seed-dataset',
  schema,
  describe({ name, skip }, context) {
    const type = context.seedColumn(name)
    const problems: Problem[] = []
    if (type === undefined) {
      problems.push({
        level: 'error',
        code: 'unknown-seed-column',
        path: [...context.path, 'name'],
        message: `Column '${name}' should come from the seed, which has no such column`,
        suggestion: 'Columns of the seed need not be written here: they are there by their names.',
      })
    }
    if (skip !== null) {
      problems.push({
        level: 'error',
        code: 'skip-not-allowed',
        path: [...context.path, 'skip'],
        message: `Column '${name}' comes from the seed and can't be skipped`,
        suggestion: 'Put the condition on the columns that read it.',
      })
    }
    return {
      by: 'row',
      pure: true,
      output: type ?? 'string',
      references: [],
      routes: [],
      requests: 'none',
      problems,
    }
  },
  bind({ name }, { seed }) {
    if (seed === null) throw new Error(`column ${name} was bound without a seed`)
    return { by: 'row', generate: (row) => seed.value(row.index, name) }
  },
})
