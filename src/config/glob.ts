/**
 * Whether a name fits a pattern as a shell matches file names: `*`, `?`, `[abc]`, `[!abc]`.
 *
 * Only a pattern with `*` in it is one; any other stands for itself.
 */
export function matchesName(pattern: string, name: string): boolean {
  return pattern.includes('*') ? fitsPattern(pattern, name) : pattern === name
}

/** The same, whatever is in the pattern: `part-?.csv` is one, too. */
export function fitsPattern(pattern: string, name: string): boolean {
  const pieces = pattern.match(/\*+|\[!?\]?[^\]]*\]|[^]/gu) ?? []
  return matches(pieces.map(matcherOf), Array.from(name))
}

/** Null stands for any number of characters. */
type Matcher = ((character: string) => boolean) | null

/** Goes back to the last star only, so time is at most the product of both lengths. */
function matches(matchers: readonly Matcher[], characters: readonly string[]): boolean {
  let at = 0
  let star = -1
  let starEnd = 0
  for (let index = 0; index < characters.length;) {
    const matcher = matchers[at]
    if (matcher === null) {
      star = at++
      starEnd = index
    } else if (matcher?.(characters[index] ?? '') === true) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++starEnd
    } else {
      return false
    }
  }
  return matchers.slice(at).every((matcher) => matcher === null)
}

function matcherOf(piece: string): Matcher {
  if (piece.startsWith('*')) return null
  if (piece === '?') return () => true
  if (piece.length > 2 && piece.startsWith('[')) return classMatcher(piece.slice(1, -1))
  return (character) => character === piece
}

function classMatcher(content: string): (character: string) => boolean {
  const isNegated = content.startsWith('!')
  const members = Array.from(isNegated ? content.slice(1) : content)
  const ranges: [string, string][] = []
  for (let index = 0; index < members.length;) {
    const first = members[index] ?? ''
    const isRange = members[index + 1] === '-' && index + 2 < members.length
    ranges.push([first, isRange ? (members[index + 2] ?? '') : first])
    index += isRange ? 3 : 1
  }
  return (character) =>
    ranges.some(([first, last]) => first <= character && character <= last) !== isNegated
}
