import { z } from 'zod'
import type { KeyPair, SeedJoin } from './dataset.ts'
import { entriesOf, isList, isMapping, mappingOf, type Mapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { list, mapping, oneOf, text } from './scalars.ts'
import { parseSource } from './seed-source.ts'
import { copySpellings, keySpelling } from './spelling.ts'

const pairSchema = z.strictObject({
  left: text({ nonEmpty: true }).describe('A column of the seed, or of a join before.'),
  right: text({ nonEmpty: true }).describe('A column of this source.'),
})

const keySchema = z.union([text({ nonEmpty: true }), pairSchema])

/** An entry of `seed_config.join`; what a source holds is its own business. */
export const joinSchema = z.strictObject({
  source: mapping().describe('Where the rows come from that are joined.'),
  on: z
    .union([keySchema, list(keySchema, { min: 1 })])
    .transform((on): KeyPair[] => (Array.isArray(on) ? on : [on]).map(pairOf))
    .describe('The key: a column that both have, a pair of columns, or a list of these.'),
  how: oneOf(['left', 'inner'])
    .default('left')
    .describe('A row without a match has nulls (left), or is omitted (inner).'),
  many: oneOf(['refuse', 'first', 'expand', 'list'])
    .default('refuse')
    .describe(
      'Several rows with the same key: a mistake, the first of them, a row for each, or lists of their values.',
    ),
  compare: oneOf(['value', 'text'])
    .default('value')
    .describe('Whether 1 and "1" are different keys (value), or the same (text).'),
  columns: list(text({ nonEmpty: true }))
    .nullish()
    .describe('The columns to add; by default, all but the key.'),
  prefix: text().default('').describe('A prefix for the names of the added columns.'),
})

function pairOf(key: z.output<typeof keySchema>): KeyPair {
  return typeof key === 'string' ? { left: key, right: key } : key
}

export interface ReadJoins {
  /** Those that can be read. */
  joins: SeedJoin[]
  isWhole: boolean
  /** Of their sources; what else is wrong the schema of the seed config says. */
  problems: Problem[]
}

export function parseJoins(value: unknown, path: ConfigPath): ReadJoins {
  if (value === null) return { joins: [], isWhole: true, problems: [] }
  if (!isList(value)) return { joins: [], isWhole: false, problems: [] }
  const problems: Problem[] = []
  const joins = value.flatMap((item, index): SeedJoin[] => {
    const written = isMapping(item) && isMapping(item['source']) ? item['source'] : null
    if (written === null) return []
    const { source, problems: found } = parseSource(written, [...path, index, 'source'])
    problems.push(...found)
    const join = joinSchema.safeParse(item)
    if (source === null || !join.success) return []
    return [{ ...join.data, source, columns: join.data.columns ?? null }]
  })
  return { joins, isWhole: joins.length === value.length, problems }
}

/** The seed config whose joins have their bare `on`, which YAML 1.1 reads as the key `true`. */
export function withKeysOn(value: unknown): unknown {
  if (!isMapping(value) || !isList(value['join'])) return value
  const join = value['join'].map((item) => (isMapping(item) ? withKeyOn(item) : item))
  copySpellings(value['join'], join)
  return renamed(value, ([key, own]) => [key, key === 'join' ? join : own])
}

function withKeyOn(join: Mapping): Mapping {
  if (keySpelling(join, 'true') !== 'on' || Object.hasOwn(join, 'on')) return join
  return renamed(join, ([key, own]) => [key === 'true' ? 'on' : key, own])
}

type Entry = ReturnType<typeof entriesOf<Mapping[string]>>[number]

function renamed(before: Mapping, change: (entry: Entry) => Entry): Mapping {
  const after = mappingOf(entriesOf(before).map(change))
  copySpellings(before, after)
  return after
}
