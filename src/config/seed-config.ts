import { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import type { SeedConfig } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping, quoted, type Mapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, mapping, oneOf, refuse, text } from './scalars.ts'

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
    .describe('Seed rows that a record is made of; with more than one, each column has a list.'),
})

const sourceSchema = z.object({ seed_type: text({ nonEmpty: true }) })

/** What the ancestor's sources read; it ignores other keys, so they can only be warned of. */
const sourceKeys: Readonly<Record<string, readonly string[]>> = {
  local: ['path', 'delimiter'],
  hf: ['path', 'revision', 'config', 'split', 'token', 'endpoint', 'delimiter'],
  http: ['path', 'delimiter'],
  s3: ['path', 'endpoint', 'region', 'delimiter'],
  df: ['df'],
  records: ['records'],
  directory: ['path', 'file_pattern', 'recursive'],
  file_contents: ['path', 'file_pattern', 'recursive', 'encoding'],
  agent_rollout: ['format', 'path', 'file_pattern', 'recursive'],
}

/**
 * Reads `seed_config`; a source's own fields are kept as written. With a source that can be read
 * there is a seed config, for further checks, whatever else is wrong.
 */
export function parseSeedConfig(
  value: unknown,
  path: ConfigPath,
): { seedConfig: SeedConfig | null; problems: Problem[] } {
  const subject = 'the seed config'
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
  problems.push(...source.problems, ...selection.problems)
  if (source.source === null) return { seedConfig: null, problems }
  const seedConfig = {
    source: source.source,
    sampling_strategy: shape.success ? shape.data.sampling_strategy : ('ordered' as const),
    selection_strategy: selection.selection ?? null,
    rows_per_record: shape.success ? shape.data.rows_per_record : 1,
  }
  return { seedConfig, problems }
}

function parseSource(
  value: Mapping,
  path: ConfigPath,
): { source: SeedConfig['source'] | null; problems: Problem[] } {
  const result = sourceSchema.safeParse(value)
  if (!result.success) {
    const problems = problemsOfZod(result.error, { path, value, subject: 'the seed source' })
    return { source: null, problems }
  }
  const { seed_type } = result.data
  const known = Object.hasOwn(sourceKeys, seed_type) ? sourceKeys[seed_type] : undefined
  const unknown = Object.keys(value).filter(
    (key) => known !== undefined && key !== 'seed_type' && !known.includes(key),
  )
  const source: SeedConfig['source'] = Object.assign(Object.create(null), value, { seed_type })
  return { source, problems: unknown.map((key) => ignoredKey([...path, key], known ?? [])) }
}

function ignoredKey(path: ConfigPath, known: readonly string[]): Problem {
  const key = String(path.at(-1))
  const meant = nearest(key, known)
  return {
    level: 'warning',
    code: 'ignored-key',
    path,
    message: `The seed source has no field ${quoted(key)}; it is ignored`,
    ...(meant === undefined
      ? { expected: `one of ${known.join(', ')}` }
      : { suggestion: `Did you mean '${meant}'?` }),
  }
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
