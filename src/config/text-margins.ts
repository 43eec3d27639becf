import type { YAMLParseError } from 'yaml'

/** Spaces put before a line; more than any config is indented. */
export const marginWidth = 128

// Each line costs another reading of the text.
const mostLines = 200
const largestText = 2 ** 18

export interface Reading {
  readonly source: string
  readonly errors: readonly YAMLParseError[]
}

/**
 * Reads a text again with lines indented that the reader refuses but PyYAML takes: those of quoted
 * texts, lists in [ ] and mappings in { } that stand at the margin of their key. White space at
 * their start means nothing, so nothing but their columns changes.
 *
 * Returns null when that does not help; else the reading and the (1-based) numbers of the lines.
 */
export function readIndented<R extends Reading>(
  first: R,
  read: (source: string) => R,
): { reading: R; lines: ReadonlySet<number> } | null {
  const lines = new Set<number>()
  let reading = first
  while (reading.errors.length > 0) {
    const start = lineToIndent(reading)
    if (start === null || lines.size === mostLines || first.source.length > largestText) return null
    lines.add(reading.source.slice(0, start).split('\n').length)
    const { source } = reading
    reading = read(source.slice(0, start) + ' '.repeat(marginWidth) + source.slice(start))
  }
  return { reading, lines }
}

/** Offset of the line the first error is about; null when indenting it would not help. */
function lineToIndent({ errors: [error], source }: Reading): number | null {
  if (error === undefined) return null
  const { code, message, pos } = error
  const isFlow = code === 'BAD_INDENT' && message.startsWith('Flow')
  const isQuote = code === 'MISSING_CHAR' && message.includes('quote')
  if (!isFlow && !isQuote) return null
  // A quoted text is reported where it was left, at the end of the line before.
  const start = isFlow ? source.lastIndexOf('\n', pos[0] - 1) + 1 : source.indexOf('\n', pos[0]) + 1
  if (start === 0 || start >= source.length) return null
  return source.startsWith(' '.repeat(marginWidth), start) ? null : start
}
