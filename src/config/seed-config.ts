import { z } from 'zod'
import type { SeedConfig } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, list, mapping, oneOf, refuse } from './scalars.ts'
import { joinSchema, parseJoins, withKeysOn } from './seed-join.ts'
import { parseSource } from './seed-source.ts'

type Selection = NonNullable<SeedConfig['selection_strategy']>

const rangeSchema = z
  .strictObject({
    start: integer({ min: 0 }).describe('First row, from 0.'),
    end: integer({ min: 0 }).describe('Last row; it is included.'),
  })
  .transform((range, context): Selection => {
    if (range.start <= range.end) return range
    return refuse(context, range, {
      code: 'out-of-range',
      expected: "'start' not above 'end'; both rows are included",
      received: `start ${range.start}, end ${range.end}`,
    })
  })

const partitionSchema = z
  .strictObject({
    index: integer({ min: 0 }).default(0).describe('Which partition, from 0.'),
    num_partitions: integer({ min: 1 }).default(1).describe('Partitions the seed is divided into.'),
  })
  .transform((block, context): Selection => {
    if (block.index < block.num_partitions) return block
    return refuse(context, block, {
      code: 'out-of-range',
      expected: "'index' below 'num_partitions'; the first is 0",
      received: `index ${block.index} of ${block.num_partitions}`,
    })
  })

/** `seed_config`; what a source holds is its own business. */
export const seedSchema = z.strictObject({
  source: mapping().describe('Where the rows come from.'),
  sampling_strategy: oneOf(['ordered', 'shuffle'])
    .default('ordered')
    .describe('As stored, or in another order for each pass.'),
  selection_strategy: withForm(z.unknown().optional(), {
    like: () => z.union([rangeSchema, partitionSchema, z.null()]),
  }).describe('Which rows: a range, or one of some partitions.'),
  rows_per_record: integer({ min: 1, max: 1000 })
    .default(1)
    .describe('Seed rows per record; with more than one, each column has a list.'),
  join: list(joinSchema)
    .nullish()
    .describe('Further seeds: each row gets the columns of their rows with the same key.'),
})

export interface ReadSeedConfig {
  seedConfig: SeedConfig | null
  /** Whether all sources are in it, so that its columns can be known. */
  isWhole: boolean
  problems: Problem[]
}

/**
 * Reads `seed_config`; a source's own fields are kept as written. With a source that can be read
 * there is a seed config, for further checks, whatever else is wrong.
 */
export function parseSeedConfig(given: unknown, path: ConfigPath): ReadSeedConfig {
  const subject = 'the seed config'
  const value = withKeysOn(given)
  const shape = seedSchema.safeParse(value)
  const problems = shape.success
    ? []
    : problemsOfZod(shape.error, { path, value, schema: seedSchema, subject })
  const written = isMapping(value) ? value : {}
  const source = isMapping(written['source'])
    ? parseSource(written['source'], [...path, 'source'])
    : { source: null, problems: [] }
  const selection = parseSelection(written['selection_strategy'] ?? null, [
    ...path,
    'selection_strategy',
  ])
  const join = parseJoins(written['join'] ?? null, [...path, 'join'])
  problems.push(...source.problems, ...selection.problems, ...join.problems)
  if (source.source === null) return { seedConfig: null, isWhole: false, problems }
  const seedConfig = {
    source: source.source,
    sampling_strategy: shape.success ? shape.data.sampling_strategy : ('ordered' as const),
    selection_strategy: selection.selection ?? null,
    rows_per_record: shape.success ? shape.data.rows_per_record : 1,
    ...(join.joins.length === 0 ? {} : { join: join.joins }),
  }
  return { seedConfig, isWhole: join.isWhole, problems }
}

/** Undefined when it is wrong. */
function parseSelection(
  value: unknown,
  path: ConfigPath,
): { selection: Selection | null | undefined; problems: Problem[] } {
  if (value === null) return { selection: null, problems: [] }
  const isRange = isMapping(value) && ('start' in value || 'end' in value)
  const schema = isRange ? rangeSchema : partitionSchema
  const result = schema.safeParse(value)
  if (result.success) return { selection: result.data, problems: [] }
  const subject = isRange ? "the range in 'selection_strategy'" : "'selection_strategy'"
  const problems = problemsOfZod(result.error, { path, value, schema, subject })
  return { selection: undefined, problems }
}
