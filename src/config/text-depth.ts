import type { CST } from 'yaml'
import type { Problem } from './problem.ts'

/** Levels of nesting a config may have. */
export const levels = 200

/**
 * Whether the text nests deeper than can be read safely.
 *
 * The `yaml` package composes recursively, and an exhausted stack ends the process in its regular
 * expressions; its tokens come from a loop, so they are looked at first.
 */
export function isTooDeep(tokens: readonly CST.Token[]): boolean {
  const open = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > levels) return true
    const push = (inner: CST.Token | null | undefined): void => {
      if (inner !== null && inner !== undefined) open.push({ token: inner, depth: depth + 1 })
    }
    if (token.type === 'document') push(token.value)
    if ('items' in token) {
      for (const item of token.items) {
        push(item.key)
        push(item.value)
      }
    }
  }
  return false
}

/** What is said of a text that is. */
export function tooDeep(): Problem {
  return {
    level: 'error',
    code: 'text-too-deep',
    path: [],
    message: `The file nests lists and mappings more than ${levels} levels deep`,
    expected: `at most ${levels} levels`,
  }
}
