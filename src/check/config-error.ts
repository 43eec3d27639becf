import type { Problem } from '../config/problem.ts'
import { formatProblems } from '../config/format-problems.ts'
import { RowsmithError } from '../util/errors.ts'

/** A config that can't run, with all of its problems. */
export class ConfigError extends RowsmithError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('config-invalid', formatProblems(problems))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ level }) => level === 'error')
}
