import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { commonFields } from '../../src/columns/common-fields.ts'
import { type ColumnKind, defineColumn } from '../../src/graph/kind.ts'

/** The row's number as a value, so that prompts and records say which row they are of. */
export const rowNumber = defineColumn({
  type: 'row-number',
  schema: z.strictObject({ ...commonFields, column_type: z.literal('row-number') }),
  describe: () => ({
    by: 'row',
    pure: true,
    output: 'int64',
    references: [],
    routes: [],
    requests: 'none',
  }),
  bind: () => ({ by: 'row', generate: ({ index }) => index }),
})

const paidSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('paid'),
  of: z.string(),
})

/** Work that costs something each time: a call is a line with the row's number in `receipts`. */
export function paidColumn(receipts: string): ColumnKind<z.output<typeof paidSchema>> {
  return defineColumn({
    type: 'paid',
    schema: paidSchema,
    describe: ({ of }, { path }) => ({
      by: 'cell',
      pure: false,
      output: 'string',
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [],
      requests: 'none',
    }),
    bind: ({ of }, context) => ({
      by: 'cell',
      requests: 'none',
      routes: [],
      async run(row) {
        appendFileSync(receipts, `${row.index}\n`)
        await setTimeout(2)
        return { value: `paid for ${String(row.get(context.columnId(of)))}` }
      },
    }),
  })
}
