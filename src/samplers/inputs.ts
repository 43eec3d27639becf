import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Reference } from '../graph/kind.ts'
import { parseExpression } from '../templates/parse-template.ts'
import { TemplateSyntaxError } from '../templates/template-error.ts'
import { sampleTypeOf, type SamplerColumn } from './column.ts'
import { refusal } from './refusal.ts'

export interface InputContext {
  /** Path of the column in the config. */
  readonly path: ConfigPath
  /** Paths of its constraints, in their order. */
  readonly constraintPaths: readonly ConfigPath[]
  /** A sampler column by its name; null for any other. */
  sampler(name: string): SamplerColumn | null
  /** Whether a name is a column's or the seed's, and not only the template language's. */
  readonly isColumn: (name: string) => boolean
}

export interface Inputs {
  references: readonly Reference[]
  problems: readonly Problem[]
}

/**
 * Every column whose cells a sampler column reads, at the place that names it.
 *
 * Dates are made again where they are read, so what a datetime column reads is read here too.
 */
export function inputsOf(column: SamplerColumn, context: InputContext): Inputs {
  const direct = directInputs(column, context)
  const references: Reference[] = []
  const seen = new Set<string>()
  for (const reference of direct.references) {
    for (const name of [
      reference.name,
      ...remade(reference.name, context, new Set([column.name])),
    ]) {
      if (seen.has(name)) continue
      seen.add(name)
      references.push({ ...reference, name })
    }
  }
  return { references, problems: direct.problems }
}

/** What a date column reads, through all date columns it reads; a circle ends where it closes. */
function remade(name: string, context: InputContext, visited: Set<string>): string[] {
  const column = context.sampler(name)
  if (column === null || visited.has(name) || sampleTypeOf(column) !== 'instant') return []
  visited.add(name)
  return directInputs(column, context).references.flatMap((reference) => [
    reference.name,
    ...remade(reference.name, context, visited),
  ])
}

function directInputs(
  column: SamplerColumn,
  { path, constraintPaths, isColumn }: InputContext,
): Inputs {
  const references: Reference[] = []
  const problems: Problem[] = []
  addParameters(column, column.params, [...path, 'params'], references)
  for (const [index, { rhs }] of column.constraints.entries()) {
    if (typeof rhs !== 'string') continue
    references.push({ name: rhs, path: [...(constraintPaths[index] ?? path), 'rhs'] })
  }
  for (const { source, params } of column.conditions) {
    const place = [...path, 'conditional_params', source]
    addParameters(column, params, place, references)
    const condition = readCondition(source, column.name, place, isColumn)
    references.push(...condition.references)
    problems.push(...condition.problems)
  }
  return { references, problems }
}

function addParameters(
  { sampler }: SamplerColumn,
  params: unknown,
  path: ConfigPath,
  references: Reference[],
): void {
  for (const { name, parameter } of sampler.references?.(params) ?? []) {
    references.push({ name, path: [...path, parameter] })
  }
}

function readCondition(
  source: string,
  columnName: string,
  path: ConfigPath,
  isColumn: (name: string) => boolean,
): Inputs {
  const bare = /^\s*\{\{(.*)\}\}\s*$/s.exec(source)?.[1]?.trim()
  if (source.includes('{{') || source.includes('{%')) {
    return {
      references: [],
      problems: [
        refusal(
          'braces-in-condition',
          path,
          `A condition of column '${columnName}' is a template, not an expression`,
          {
            expected: "an expression without braces, such as age >= 18 or tier == 'gold'",
            received: source,
            suggestion:
              bare === undefined ? 'Write only the expression, without braces.' : `Write ${bare}`,
          },
        ),
      ],
    }
  }
  try {
    const references = parseExpression(source)
      .references.filter(({ name, optional }) => !optional || isColumn(name))
      .map(({ name, line, column }) => ({ name, path, within: { line, column } }))
    return { references, problems: references.length > 0 ? [] : [constant(columnName, path)] }
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    const message = `A condition of column '${columnName}' cannot be read: ${error.reason}`
    const within = { line: error.line, column: error.column }
    return { references: [], problems: [refusal('template-syntax', path, message, { within })] }
  }
}

// NeMo Data Designer takes it, so it is not an error.
function constant(columnName: string, path: ConfigPath): Problem {
  return {
    level: 'warning',
    code: 'constant-condition',
    path,
    message: `A condition of column '${columnName}' refers to no column, so it holds for all rows or for none`,
    suggestion: 'Name the column that decides, or put the parameters into params.',
  }
}
