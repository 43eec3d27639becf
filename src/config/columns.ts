import { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import { commonFields } from './common-fields.ts'
import type { ColumnConfig, RawColumn } from './dataset.ts'
import { entriesOf, isMapping, quoted } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { readRepaired } from './repair.ts'
import { text } from './scalars.ts'
import { copySpellings } from './spelling.ts'

const commonSchema = z.object({ ...commonFields, column_type: text({ nonEmpty: true }) })

const commonKeys = Object.keys(commonSchema.shape)

/** Stands for a column's name or type that can't be read; no sound column has it. */
export const unread = ''

export interface ParsedColumns {
  /** In the config's positions, broken ones too: what is wrong with them has been said. */
  columns: RawColumn[]
  problems: Problem[]
}

/** Reads the fields every column has; the rest of a column is kept as written. */
export function parseColumns(list: readonly unknown[], path: ConfigPath): ParsedColumns {
  const parsed = list.map((value, index) => parseColumn(value, [...path, index]))
  return {
    columns: parsed.map(({ column }) => column),
    problems: parsed.flatMap(({ problems }) => problems),
  }
}

function parseColumn(value: unknown, path: ConfigPath): { column: RawColumn; problems: Problem[] } {
  const name = isMapping(value) ? value['name'] : undefined
  const index = Number(path.at(-1)) + 1
  const subject =
    typeof name === 'string' && name !== '' ? `column ${quoted(name)}` : `column ${index}`
  const result = commonSchema.safeParse(value)
  if (result.success) return { column: joined(value, result.data), problems: [] }
  const problems = problemsOfZod(result.error, { path, value, schema: commonSchema, subject }).map(
    (problem) => withHint(problem, value, path),
  )
  return { column: joined(value, repaired(value, { path, subject })), problems }
}

/** Sound enough for further checks. */
function repaired(value: unknown, context: { path: ConfigPath; subject: string }): ColumnConfig {
  const written = isMapping(value) ? value : {}
  const name = typeof written['name'] === 'string' ? written['name'] : unread
  const type = typeof written['column_type'] === 'string' ? written['column_type'] : unread
  const named = { ...written, name: name || 'unread', column_type: type || 'unread' }
  const common =
    readRepaired(commonSchema, named, context).value ??
    commonSchema.parse({ name: named.name, column_type: named.column_type })
  return { ...common, name, column_type: type }
}

function joined(value: unknown, common: ColumnConfig): RawColumn {
  // Without a prototype, like the mapping it comes from.
  const column: RawColumn = Object.assign(Object.create(null), common)
  if (!isMapping(value)) return column
  for (const [key, item] of entriesOf(value)) {
    if (!commonKeys.includes(key)) column[key] = item
  }
  copySpellings(value, column)
  return column
}

/** Fields that columns of one kind have. */
const kindsByField = [
  ['sampler_type', 'sampler'],
  ['validator_type', 'validation'],
  ['expr', 'expression'],
] as const

function withHint(problem: Problem, value: unknown, path: ConfigPath): Problem {
  const field = problem.path[path.length]
  if (!isMapping(value)) return problem
  if (field === 'skip' && typeof value['skip'] === 'string') {
    return {
      ...problem,
      suggestion: `Write it as an object: skip: {when: ${quoted(value['skip'])}}.`,
    }
  }
  if (problem.code !== 'missing-field' || typeof field !== 'string') return problem
  if (problem.suggestion !== undefined) return problem
  const kind = field === 'column_type' ? kindsByField.find(([own]) => own in value)?.[1] : undefined
  if (kind !== undefined) return { ...problem, suggestion: `Add column_type: ${kind}.` }
  const others = Object.keys(value).filter((key) => !commonKeys.includes(key))
  const meant = others.find((key) => nearest(key, [field]) !== undefined)
  return meant === undefined
    ? problem
    : { ...problem, suggestion: `Did you mean it by '${meant}'?` }
}
