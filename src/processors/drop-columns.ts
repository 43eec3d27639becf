import { z } from 'zod'
import { matchesName } from '../config/glob.ts'
import type { Problem } from '../config/problem.ts'
import { list, oneOf, text } from '../config/scalars.ts'
import type { ProcessorContext } from '../graph/processor-kind.ts'
import { nearest } from '../util/near-miss.ts'
import { defineLeavingProcessor } from './define.ts'

/** Leaves columns out of the dataset; rows and other values stay as they are. */
export const dropColumns = defineLeavingProcessor({
  by: 'records',
  type: 'drop_columns',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name.'),
      processor_type: oneOf(['drop_columns']),
      column_names: list(text()).describe('Names, or patterns with *, of columns to leave out.'),
    })
    .describe('Leaves columns out of the dataset.'),
  keepsRecords: true,
  output({ column_names: patterns }, columns, context) {
    const names = columns.map(({ name }) => name)
    return {
      columns: columns.filter(({ name }) => !patterns.some((one) => matchesName(one, name))),
      reads: [],
      problems: patterns.flatMap((pattern, index) => missing(pattern, index, names, context)),
    }
  },
})

/** A name that no column has is a mistake, a pattern that matches none only a warning. */
function missing(
  pattern: string,
  index: number,
  names: readonly string[],
  { path, leftOut, isUncertain }: ProcessorContext,
): Problem[] {
  // What is missing already may be named again.
  const known = [...names, ...leftOut.keys()]
  if (known.some((name) => matchesName(pattern, name)) || isUncertain(pattern)) return []
  const isPattern = pattern.includes('*')
  const near = isPattern ? undefined : nearest(pattern, known)
  return [
    {
      level: isPattern ? 'warning' : 'error',
      code: 'unknown-column',
      path: [...path, 'column_names', index],
      message: `${isPattern ? 'The pattern' : 'The name'} '${pattern}' to drop matches no column`,
      ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
    },
  ]
}
