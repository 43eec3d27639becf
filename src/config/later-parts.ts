import { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import type { RawColumn } from './dataset.ts'
import { matchesName } from './glob.ts'
import { isMapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { capitalized, problemsOfZod } from './problems.ts'
import { integer, list, oneOf, text } from './scalars.ts'

const processorTypes = ['drop_columns', 'schema_transform']

/** Column types of the ancestor that are not made yet: no mistake of who wrote them. */
export const laterColumnTypes: ReadonlySet<string> = new Set([
  'llm-code',
  'llm-structured',
  'llm-judge',
  'validation',
  'embedding',
  'image',
  'custom',
])

const tagSchema = z.object({ name: text({ nonEmpty: true }), processor_type: text() })

/** The one kind of processor that runs yet. */
export const dropSchema = z
  .strictObject({
    name: text({ nonEmpty: true }).describe('Any name.'),
    processor_type: oneOf(['drop_columns']).describe('Others are refused for now.'),
    column_names: list(text()).describe('Names, or patterns with *, of columns to leave out.'),
  })
  .describe('Leaves columns out of the dataset.')

/** What is wrong with the processors; other kinds than `drop_columns` are refused for now. */
export function checkProcessors(processors: readonly unknown[], path: ConfigPath): Problem[] {
  const problems: Problem[] = []
  for (const [index, value] of processors.entries()) {
    const at = [...path, index]
    const name = isMapping(value) ? value['name'] : undefined
    const subject = typeof name === 'string' ? `processor '${name}'` : 'the processor'
    const tag = tagSchema.safeParse(value)
    if (!tag.success) {
      problems.push(...problemsOfZod(tag.error, { path: at, value, schema: tagSchema, subject }))
    } else if (tag.data.processor_type === 'drop_columns') {
      const drop = dropSchema.safeParse(value)
      if (!drop.success) {
        const context = { path: at, value, schema: dropSchema, subject }
        problems.push(...problemsOfZod(drop.error, context))
      }
    } else {
      problems.push(unsupportedProcessor(tag.data.processor_type, subject, at))
    }
  }
  return problems
}

/** A name or pattern of a `drop_columns` processor, with its place. */
export interface DropPattern {
  pattern: string
  path: ConfigPath
}

/** The patterns of processors that were found sound. */
export function dropPatterns(processors: readonly Record<string, unknown>[]): DropPattern[] {
  return processors.flatMap((processor, index) => {
    const parsed = dropSchema.safeParse(processor)
    if (!parsed.success) return []
    return parsed.data.column_names.map((pattern, at) => ({
      pattern,
      path: ['processors', index, 'column_names', at],
    }))
  })
}

function unsupportedProcessor(type: string, subject: string, path: ConfigPath): Problem {
  const known = processorTypes.includes(type)
  const meant = known ? undefined : nearest(type, processorTypes)
  return {
    level: 'error',
    code: known ? 'unsupported' : 'wrong-word',
    path: [...path, 'processor_type'],
    message: known
      ? `${capitalized(subject)} is of type '${type}', which rowsmith does not run yet`
      : `${capitalized(subject)} has the unknown processor_type '${type}'`,
    expected: known ? 'processors of type drop_columns' : `one of ${processorTypes.join(', ')}`,
    ...(meant !== undefined && { suggestion: `Did you mean '${meant}'?` }),
    ...(known && { suggestion: 'Remove it and transform the finished dataset instead.' }),
  }
}

/** The columns with `drop: true` where a pattern names them. */
export function dropColumns(
  columns: readonly RawColumn[],
  patterns: readonly string[],
): readonly RawColumn[] {
  return columns.map((column) => {
    if (column.drop || !patterns.some((pattern) => matchesName(pattern, column.name))) return column
    return Object.assign(Object.create(null), column, { drop: true })
  })
}

const laterParts = {
  tool_configs: { level: 'error', what: 'Tools are', suggestion: 'Remove tool_configs.' },
  constraints: {
    level: 'error',
    what: 'Sampler constraints are',
    suggestion: 'Choose parameters that keep the values within bounds, and remove constraints.',
  },
  // The dataset is the same without them, so they only lack their part of the report.
  profilers: { level: 'warning', what: 'Judge score profiles are', suggestion: undefined },
} as const

/** An entry of `profilers`. */
export const profilerSchema = z
  .strictObject({
    model_alias: text({ nonEmpty: true }).describe('The model that would write summaries.'),
    summary_score_sample_size: integer({ min: 1 })
      .nullable()
      .default(20)
      .describe('Answers it would look at; null for no summaries.'),
  })
  .describe('A profile of judge scores.')

/** Profilers are left out, but a mistake in one is a mistake. */
export function checkProfilers(profilers: readonly unknown[], path: ConfigPath): Problem[] {
  return profilers.flatMap((value, index) => {
    const parsed = profilerSchema.safeParse(value)
    if (parsed.success) return []
    const context = { path: [...path, index], value, schema: profilerSchema }
    return problemsOfZod(parsed.error, { ...context, subject: `profiler ${index + 1}` })
  })
}

/** Says which parts of the config are read but not run yet. */
export function unsupportedPart(
  key: keyof typeof laterParts,
  items: readonly unknown[],
  path: ConfigPath,
): Problem[] {
  if (items.length === 0) return []
  const { level, what, suggestion } = laterParts[key]
  return [
    {
      level,
      code: 'unsupported',
      path: [...path, key],
      message: `${what} not supported yet${level === 'warning' ? '; they are left out' : ''}`,
      ...(suggestion !== undefined && { suggestion }),
    },
  ]
}
