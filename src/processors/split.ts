import { z } from 'zod'
import { double, list, mapOf, oneOf, text } from '../config/scalars.ts'
import type { Problem } from '../config/problem.ts'
import type { ProcessContext, ProcessorContext, RecordBatch } from '../graph/processor-kind.ts'
import { defineProcessor } from './define.ts'
import { takenColumn, unknownColumns } from './known-columns.ts'
import { withColumn } from './record-batches.ts'
import { addressOf, recordKey } from './record-key.ts'

/** Strata whose sizes are held. */
const MOST_STRATA = 100_000

const usualParts: ReadonlyMap<string, number> = new Map([
  ['train', 0.8],
  ['validation', 0.1],
  ['test', 0.1],
])

interface SplitFields {
  parts: ReadonlyMap<string, number>
  group_by: readonly string[] | null
  stratify_by: readonly string[] | null
}

/** Adds a column that says which part of the dataset a record belongs to. */
export const split = defineProcessor({
  by: 'records',
  type: 'split',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name; another one splits in another way.'),
      processor_type: oneOf(['split']),
      parts: mapOf(double({ min: 0 }))
        .default(usualParts)
        .describe('Names of the parts with their shares: 0.8, 0.1 and 0.1, or 8, 1 and 1.'),
      column: text({ nonEmpty: true })
        .default('split')
        .describe('The column that gets the name of the part.'),
      group_by: list(text(), { min: 1 })
        .nullable()
        .default(null)
        .describe('Records that are equal in these columns go into the same part.'),
      stratify_by: list(text())
        .nullable()
        .default(null)
        .describe(
          'The parts have their shares of the records of each value of these columns, to a record. Reads them twice.',
        ),
    })
    .describe('Splits the dataset into train, validation and test.'),
  output(config, columns, context) {
    const { column, group_by: groups, stratify_by: strata } = config
    const named = [...pathsOf('group_by', groups), ...pathsOf('stratify_by', strata)]
    return {
      columns: [...columns, { name: column, type: 'string' }],
      reads: named.map(({ name }) => name),
      problems: [
        ...shareProblems(config, context),
        ...unknownColumns(named, columns, context),
        ...takenColumn(column, columns, context),
      ],
    }
  },
  async *run(config, records, context) {
    const partOf = await chooser(config, records, context)
    const shares = [...config.parts.keys()]
    for await (const batch of records) {
      const names = Array.from(batch.rows.keys(), (at) => shares[partOf(batch, at)] ?? null)
      for (const name of names) context.count(`records in ${name}`)
      yield withColumn(batch, names)
    }
  },
})

function pathsOf(field: string, names: readonly string[] | null) {
  return (names ?? []).map((name, index) => ({ name, path: [field, index] }))
}

function shareProblems({ parts, group_by, stratify_by }: SplitFields, { path }: ProcessorContext) {
  const problems: Problem[] = []
  const total = [...parts.values()].reduce((sum, share) => sum + share, 0)
  if (!(total > 0 && total < Infinity)) {
    problems.push({
      level: 'error',
      code: 'out-of-range',
      path: [...path, 'parts'],
      message: 'The shares of a split add up to nothing that can be divided',
      expected: 'parts with shares, at least one above 0, such as { train: 0.9, test: 0.1 }',
    })
  }
  if (parts.has('')) {
    problems.push({
      level: 'error',
      code: 'wrong-format',
      path: [...path, 'parts', ''],
      message: 'A part of a split has no name',
      suggestion: 'Give it a name: the column contains it, and an export uses it for file names.',
    })
  }
  if (group_by !== null && stratify_by !== null) {
    problems.push({
      level: 'error',
      code: 'conflicting-fields',
      path,
      message: 'A split keeps groups together or strata in proportion, not both',
      suggestion: 'Leave group_by or stratify_by out.',
    })
  }
  return problems
}

type Chooser = (batch: RecordBatch, at: number) => number

async function chooser(
  { parts, group_by: groups, stratify_by: strata }: SplitFields,
  records: AsyncIterable<RecordBatch>,
  context: ProcessContext,
): Promise<Chooser> {
  const bounds = boundsOf([...parts.values()])
  const { random } = context
  if (strata !== null) return stratified(bounds, keyReader(strata, context), records, context)
  if (groups !== null) {
    const keyOf = keyReader(groups, context)
    return (batch, at) => partAt(bounds, random.at(addressOf(keyOf(batch, at))).uniform())
  }
  return ({ rows }, at) => partAt(bounds, random.at(rows[at] ?? 0).uniform())
}

/** Ends of the parts on the way from 0 to 1. */
function boundsOf(shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0)
  let sum = 0
  return shares.map((share) => (sum += share) / total)
}

/** The last part that has a share takes what rounding leaves behind the end. */
function partAt(bounds: readonly number[], value: number): number {
  const at = bounds.findIndex((bound) => value < bound)
  return at === -1 ? bounds.findIndex((bound) => bound === bounds.at(-1)) : at
}

function keyReader(names: readonly string[], { columns }: ProcessContext) {
  const positions = names.map((name) => columns.findIndex((column) => column.name === name))
  return (batch: RecordBatch, at: number): Buffer =>
    recordKey(positions.map((position) => batch.columns[position]?.[at] ?? null))
}

/**
 * The records of a stratum in an order at random, cut where its shares end. Ends are rounded by a draw
 * of the stratum's own, so that many small strata have the shares together.
 */
async function stratified(
  bounds: readonly number[],
  keyOf: (batch: RecordBatch, at: number) => Buffer,
  records: AsyncIterable<RecordBatch>,
  { random, permutation }: ProcessContext,
): Promise<Chooser> {
  const sizes = new Map<string, number>()
  for await (const batch of records) {
    for (const at of batch.rows.keys()) {
      const key = keyOf(batch, at).toString('base64')
      sizes.set(key, (sizes.get(key) ?? 0) + 1)
    }
    if (sizes.size > MOST_STRATA) {
      throw new Error(
        `the columns of stratify_by have more than ${MOST_STRATA.toLocaleString('en-US')} different values: stratify by one with few`,
      )
    }
  }
  const open = new Map<string, () => number>()
  return (batch, at) => {
    const key = keyOf(batch, at)
    const stratum = key.toString('base64')
    let next = open.get(stratum)
    if (next === undefined) {
      const size = sizes.get(stratum) ?? 1
      const offset = random.at(addressOf(key)).uniform()
      const place = permutation(size, stratum)
      const ends = bounds.map((bound) => Math.floor(size * bound + offset))
      let seen = 0
      next = () => {
        const position = place(seen)
        seen += 1
        return partAt(ends, position)
      }
      open.set(stratum, next)
    }
    return next()
  }
}
