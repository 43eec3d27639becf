import { z } from 'zod'
import type { SelectConfig } from './dataset.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, oneOf, text } from './scalars.ts'

/** Candidates for each row that is wanted, where the config does not say. */
const usualCandidates = 10

/** `select`: how many rows are to be accepted, and by what. */
export const selectSchema = z
  .strictObject({
    where: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe(
        'A template; rows in which it is true are accepted: {{ score >= 3 }}. By default, rows that no filter rejects.',
      ),
    target: integer({ min: 1 }).describe('Rows to accept: the first ones in row order.'),
    max_candidates: integer({ min: 1 })
      .nullable()
      .default(null)
      .describe('The maximum number of rows; ten times target by default.'),
    on_exhausted: oneOf(['stop', 'keep'])
      .default('stop')
      .describe(
        'If all candidates are made and too few are accepted: stop the run, or keep the accepted rows.',
      ),
  })
  .describe('Makes rows until enough of them are accepted.')

/** Reads `select`; null where there is none, or it can't be read. */
export function parseSelect(
  value: unknown,
  path: ConfigPath,
): { select: SelectConfig | null; problems: Problem[] } {
  if (value === undefined || value === null) return { select: null, problems: [] }
  const result = selectSchema.safeParse(value)
  if (!result.success) {
    const problems = problemsOfZod(result.error, {
      path,
      value,
      schema: selectSchema,
      subject: 'the selection',
    })
    return { select: null, problems }
  }
  const { target, max_candidates: most } = result.data
  if (most === null || most >= target) return { select: result.data, problems: [] }
  const problem: Problem = {
    level: 'error',
    code: 'out-of-range',
    path: [...path, 'max_candidates'],
    message: `'max_candidates' of the selection is below its target`,
    expected: `at least the ${target} rows of 'target'`,
    received: String(most),
  }
  return { select: result.data, problems: [problem] }
}

/** Rows that are made at most for a selection. */
export function mostCandidates({ target, max_candidates: most }: SelectConfig): number {
  return Math.max(target, most ?? Math.min(target * usualCandidates, Number.MAX_SAFE_INTEGER))
}
