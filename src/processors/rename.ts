import { z } from 'zod'
import { mapOf, oneOf, text } from '../config/scalars.ts'
import { defineProcessor } from './define.ts'
import { unknownColumns } from './known-columns.ts'

/** Gives columns other names; they keep their places. */
export const rename = defineProcessor({
  by: 'records',
  type: 'rename',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name.'),
      processor_type: oneOf(['rename']),
      columns: mapOf(text({ nonEmpty: true })).describe('New names by the names there are.'),
    })
    .describe('Gives columns other names.'),
  output({ columns: names }, columns, context) {
    const wanted = [...names.keys()].map((name) => ({ name, path: ['columns', name] }))
    return {
      columns: columns.map(({ name, type }) => ({ name: names.get(name) ?? name, type })),
      reads: [],
      renames: names,
      problems: unknownColumns(wanted, columns, context),
    }
  },
  run: (_config, records) => records,
})
