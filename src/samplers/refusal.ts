import type { ConfigPath, Problem } from '../config/problem.ts'

/** An error in a config; what is not known of it is omitted. */
export function refusal(
  code: string,
  path: ConfigPath,
  message: string,
  details: Pick<Problem, 'expected' | 'received' | 'suggestion' | 'within'> = {},
): Problem {
  return { level: 'error', code, path, message, ...details }
}

/** Names for a message, cut after a few. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `'${name}'`)
  const rest = names.length - shown.length
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ')
}
