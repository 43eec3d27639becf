import { posix } from 'node:path'

const signs = /[*?[{]|[+@!]\(/

/** What every path that fits begins with: all of a pattern that is none. */
export function prefixOf(pattern: string): string {
  const sign = signs.exec(pattern)
  return sign === null ? pattern : pattern.slice(0, sign.index)
}

/** As patterns of local files are: `*`, `?`, `[a-z]`, `{a,b}`, `**` and `@(a|b)`. */
export function matchesPath(pattern: string, path: string): boolean {
  return pattern === path || posix.matchesGlob(path, pattern)
}
