import { z } from 'zod'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, text } from './scalars.ts'

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
