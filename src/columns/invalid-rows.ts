import { z } from 'zod'
import type { ColumnConfig } from '../config/dataset.ts'
import { defineColumn } from '../graph/kind.ts'
import type { Cell } from '../util/value.ts'

interface RejectFields {
  /** The validation column. */
  of: string
}

/** The column behind a validation column whose invalid rows are rejected: whether a row is kept. */
export const rejectsInvalid = defineColumn<ColumnConfig & RejectFields>({
  type: 'valid',
  // Made from a validation column that was read, and never written in a config.
  schema: z.never(),
  describe: ({ of }, { path }) => ({
    by: 'row',
    pure: true,
    output: 'bool',
    references: [{ name: of, path: [...path, 'on_invalid'] }],
    routes: [],
    rejects: { code: 'invalid' },
  }),
  bind({ of }, context) {
    const id = context.columnId(of)
    return { by: 'row', generate: (row) => !hasInvalid(row.get(id)) }
  },
})

/** Whether a cell of a validation column has a verdict that is false; a skipped cell has none. */
function hasInvalid(cell: Cell): boolean {
  if (!(cell instanceof Map)) return false
  if (cell.has('is_valid')) return cell.get('is_valid') === false
  return [...cell.values()].some(hasInvalid)
}
