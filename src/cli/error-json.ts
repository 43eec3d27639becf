import { ConfigError } from '../check/config-error.ts'
import type { Problem } from '../config/problem.ts'
import { byPlace } from '../config/format-problems.ts'
import { isRowsmithError, messageOf } from '../util/errors.ts'

export interface JsonError {
  code: string
  message: string
  hints: readonly string[]
  /** Of a config: everything that is wrong with it. */
  problems: readonly Problem[]
}

/** What was thrown, as `--json` prints it. */
export function errorAsJson(error: unknown): JsonError {
  if (!isRowsmithError(error)) {
    return { code: 'internal', message: messageOf(error), hints: [], problems: [] }
  }
  const problems = error instanceof ConfigError ? error.problems.toSorted(byPlace) : []
  return { code: error.code, message: error.message, hints: error.hints, problems }
}

/** What the parser of the command line refused; its near miss stands in brackets below. */
export function usageAsJson({ message }: { message: string }): JsonError {
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n')
  const hints = more.map((line) => line.replace(/^\((.*)\)$/, '$1')).filter((line) => line !== '')
  return { code: 'usage', message: first, hints, problems: [] }
}
