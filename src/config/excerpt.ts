import type { Position } from './problem.ts'

/** Characters of a line that are shown around the caret. */
const shownBefore = 60
const shownBehind = 40

/** The line at a position with a caret below it; undefined where the text has no such line. */
export function excerptOf(text: string, { line, column }: Position): string | undefined {
  const written = text.split(/\r\n|\r|\n/)[line - 1]
  if (written === undefined) return undefined
  const at = column - 1
  const start = at > shownBefore ? at - shownBefore + 1 : 0
  const cut = written.length - at > shownBehind
  const before = (start > 0 ? '…' : '') + written.slice(start, at)
  const behind = cut ? `${written.slice(at, at + shownBehind)}…` : written.slice(at)
  const margin = ' '.repeat(String(line).length)
  // Tabs stay tabs, so that the caret stands under its character.
  return `${line} | ${before}${behind}\n${margin} | ${before.replaceAll(/[^\t]/g, ' ')}^`
}
