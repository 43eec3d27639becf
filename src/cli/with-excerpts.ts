import { readFileSync } from 'node:fs'
import { excerptOf } from '../config/excerpt.ts'
import type { Problem } from '../config/problem.ts'

/** A line with one of these may hold a secret, which never reaches a terminal. */
const secret =
  /(?:api|access|private|subscription|signing)[-_ ]?key|(?:^|[^a-z])key["']?\s*[:=]|token(?!s)|secret|password|authorization|bearer/i

/** Adds to each problem its line of the file and a caret under the place. */
export function withExcerpts(problems: readonly Problem[]): Problem[] {
  const texts = new Map<string, string | null>()
  return problems.map((problem) => {
    const { file, position, excerpt } = problem
    if (file === undefined || position === undefined || excerpt !== undefined) return problem
    if (!texts.has(file)) texts.set(file, textOf(file))
    const text = texts.get(file) ?? null
    const shown = text === null ? undefined : excerptOf(text, position)
    return shown === undefined || secret.test(shown) ? problem : { ...problem, excerpt: shown }
  })
}

/** Null for a file that is missing: the problem still names its line. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch {
    return null
  }
}
