import { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import type { ColumnConfig, RawColumn, SkipConfig } from './dataset.ts'
import { entriesOf, isMapping, quoted } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { readRepaired } from './repair.ts'
import { flag, oneOf, refuse, scalar, text } from './scalars.ts'

const skipSchema = z.strictObject({ when: text(), value: skipValue().nullable().default(null) })

function skipValue(): z.ZodType<SkipConfig['value']> {
  return scalar().transform((value, context) => {
    if (typeof value !== 'bigint') return value
    return refuse(context, value, { code: 'out-of-range', expected: 'a number within ±2^53' })
  })
}

const commonSchema = z.object({
  name: text({ nonEmpty: true }),
  column_type: text({ nonEmpty: true }),
  drop: flag().default(false),
  skip: skipSchema.nullable().default(null),
  propagate_skip: flag().default(true),
  on_failure: oneOf(['drop', 'null']).default('drop'),
})

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
    problems: [
      ...parsed.flatMap(({ problems }) => problems),
      ...duplicateNames(
        parsed.map(({ column }) => column),
        path,
      ),
    ],
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
  return column
}

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
  const others = Object.keys(value).filter((key) => !commonKeys.includes(key))
  const meant = others.find((key) => nearest(key, [field]) !== undefined)
  return meant === undefined
    ? problem
    : { ...problem, suggestion: `Did you mean it by '${meant}'?` }
}

/** The ancestor lets the later of two columns win without a word; here both places are named. */
function duplicateNames(columns: readonly RawColumn[], path: ConfigPath): Problem[] {
  const first = new Map<string, number>()
  return columns.flatMap((column, index): Problem[] => {
    if (column.name === unread) return []
    const before = first.get(column.name)
    if (before === undefined) {
      first.set(column.name, index)
      return []
    }
    return [
      {
        level: 'error',
        code: 'duplicate-column',
        path: [...path, index, 'name'],
        message: `Column ${quoted(column.name)} is defined twice: as columns[${before}] and columns[${index}]`,
        suggestion: 'Rename or remove one of them.',
      },
    ]
  })
}
