import type { z } from 'zod'
import type { Refusal } from './scalars.ts'

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
}

/** What a zod issue refuses; `value` is what stands at its path. */
export function refusalOf(issue: z.core.$ZodIssue, value: unknown): Refusal {
  switch (issue.code) {
    case 'custom':
      return customRefusal(issue)
    case 'invalid_type': {
      const expected = typeNames[issue.expected] ?? issue.expected
      return value === undefined
        ? { code: 'missing-field', expected }
        : { code: 'wrong-type', expected }
    }
    case 'invalid_value': {
      const words = issue.values.map(String)
      const expected = words.length === 1 ? `'${words[0]}'` : `one of ${words.join(', ')}`
      return value === undefined
        ? { code: 'missing-field', expected }
        : { code: 'wrong-word', expected, words }
    }
    case 'too_small': {
      const sign = issue.inclusive === false ? 'above' : '≥'
      return {
        code: 'out-of-range',
        expected: sized(issue.origin, `${sign} ${issue.minimum}`, `at least ${issue.minimum}`),
      }
    }
    case 'too_big': {
      const sign = issue.inclusive === false ? 'below' : '≤'
      return {
        code: 'out-of-range',
        expected: sized(issue.origin, `${sign} ${issue.maximum}`, `at most ${issue.maximum}`),
      }
    }
    case 'not_multiple_of':
      return { code: 'out-of-range', expected: `a multiple of ${issue.divisor}` }
    case 'invalid_format':
      return {
        code: 'wrong-format',
        expected: issue.pattern === undefined ? issue.format : `text like ${issue.pattern}`,
      }
    default:
      return { code: 'wrong-format', expected: issue.message }
  }
}

/** The words that would do where an issue refuses one. */
export function wordsOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_union') {
    return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
  }
  return refusalOf(issue, undefined).words ?? []
}

function sized(origin: string, numeric: string, counted: string): string {
  if (origin === 'string') return `${counted} characters`
  if (origin === 'array' || origin === 'set') return `a list of ${counted}`
  return `a number ${numeric}`
}

function customRefusal(issue: z.core.$ZodIssueCustom): Refusal {
  const problem: unknown = issue.params?.['problem']
  if (isRefusal(problem)) return problem
  return { code: 'wrong-format', expected: issue.message }
}

function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'code' in value && 'expected' in value
}
