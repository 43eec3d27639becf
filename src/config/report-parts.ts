import { z } from 'zod'
import type { AgreementConfig, ProfilerConfig } from './dataset.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, list, oneOf, text } from './scalars.ts'

const largestSample = 1000

/** An entry of `profilers`. */
export const profilerSchema = z
  .strictObject({
    model_alias: text({ nonEmpty: true }).describe('The model that writes summaries.'),
    summary_score_sample_size: integer({ min: 1 })
      .nullable()
      .default(20)
      .describe('Judgements it reads for each score; null for no summaries.'),
  })
  .describe("A summary of judges' reasons, for each of their scores.")

const mostColumns = 10

/** An entry of `agreement`. */
export const agreementSchema = z
  .strictObject({
    columns: list(text({ nonEmpty: true }), { min: 2 })
      .superRefine((names, context) => {
        if (names.length > mostColumns) {
          context.addIssue({ code: 'custom', message: `at most ${mostColumns} columns` })
        }
        names.forEach((name, index) => {
          const before = names.indexOf(name)
          if (before === index) return
          const message = `another column; columns[${before}] is the same`
          context.addIssue({ code: 'custom', path: [index], message })
        })
      })
      .describe('The columns that judged the same: llm-judge columns, or ones that are scores.'),
    score: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe('The score to compare; by default, every score that the judges share.'),
    level: oneOf(['nominal', 'ordinal', 'interval'])
      .nullable()
      .default(null)
      .describe('How to measure the distance of two scores; by default, the scores decide.'),
  })
  .describe("How far judges agree: Krippendorff's alpha.")

/** How many judgements a summary reads at most: more are no better known, and no request. */
export function sampleSize({ summary_score_sample_size: size }: ProfilerConfig): number {
  return Math.min(size ?? 0, largestSample)
}

/** Reads `profilers`; one that can't be read keeps the places of the others, and has no alias. */
export function parseProfilers(
  items: readonly unknown[],
  path: ConfigPath,
): { profilers: ProfilerConfig[]; problems: Problem[] } {
  const none: ProfilerConfig = { model_alias: '', summary_score_sample_size: null }
  const { values, problems } = parseAll(items, path, profilerSchema, 'profiler')
  return { profilers: values.map((value) => value ?? none), problems }
}

/** Reads `agreement`; one that can't be read keeps the places of the others, and has no columns. */
export function parseAgreement(
  items: readonly unknown[],
  path: ConfigPath,
): { agreement: AgreementConfig[]; problems: Problem[] } {
  const none: AgreementConfig = { columns: [], score: null, level: null }
  const { values, problems } = parseAll(items, path, agreementSchema, 'agreement')
  return { agreement: values.map((value) => value ?? none), problems }
}

function parseAll<Item>(
  items: readonly unknown[],
  path: ConfigPath,
  schema: z.ZodType<Item>,
  what: string,
): { values: (Item | null)[]; problems: Problem[] } {
  const problems: Problem[] = []
  const values = items.map((value, index) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const context = { path: [...path, index], value, schema, subject: `${what} ${index + 1}` }
    problems.push(...problemsOfZod(parsed.error, context))
    return null
  })
  return { values, problems }
}
