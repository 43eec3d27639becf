import { z } from 'zod'
import { double, integer, oneOf, text } from '../config/scalars.ts'
import { defineProcessor } from './define.ts'
import { countRecords, pickRecords } from './record-batches.ts'

/** Keeps a random part of the records, in their order. */
export const sample = defineProcessor({
  by: 'records',
  type: 'sample',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name; another one draws others.'),
      processor_type: oneOf(['sample']),
      fraction: double({ min: 0, max: 1 })
        .nullable()
        .default(null)
        .describe(
          'The probability of each record, drawn per row: more rows leave earlier draws unchanged.',
        ),
      count: integer({ min: 0 })
        .nullable()
        .default(null)
        .describe('An exact number of records, or all if there are fewer. Reads them twice.'),
    })
    .describe('Keeps a random part of the records.'),
  output: ({ fraction, count }, columns, { path }) => ({
    columns,
    reads: [],
    problems:
      (fraction === null) === (count === null)
        ? [
            {
              level: 'error',
              code: count === null ? 'missing-field' : 'conflicting-fields',
              path,
              message: `A sample needs ${count === null ? 'a fraction or a count' : 'either a fraction or a count, not both'}`,
            },
          ]
        : [],
  }),
  async *run({ fraction, count: wanted }, records, { random, permutation, count }) {
    const size = wanted === null ? 0 : await countRecords(records)
    const place = size === 0 ? null : permutation(size)
    let seen = 0
    for await (const batch of records) {
      const kept: number[] = []
      for (const [at, row] of batch.rows.entries()) {
        const isKept =
          place === null
            ? random.at(row).uniform() < (fraction ?? 0)
            : place(seen + at) < (wanted ?? 0)
        if (isKept) kept.push(at)
      }
      seen += batch.rows.length
      count('records not sampled', batch.rows.length - kept.length)
      if (kept.length > 0) yield pickRecords(batch, kept)
    }
  },
})
