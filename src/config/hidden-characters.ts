import type { Position, Problem } from './problem.ts'

const names: ReadonlyMap<string, string> = new Map([
  ['\t', 'a tab'],
  ['\u00a0', 'a no-break space'],
  ['\u00ad', 'a soft hyphen'],
  ['\u1680', 'an ogham space'],
  ['\u180e', 'a Mongolian vowel separator'],
  ['\u200b', 'a zero width space'],
  ['\u200c', 'a zero width non-joiner'],
  ['\u200d', 'a zero width joiner'],
  ['\u200e', 'a left-to-right mark'],
  ['\u200f', 'a right-to-left mark'],
  ['\u2028', 'a line separator'],
  ['\u2029', 'a paragraph separator'],
  ['\u202f', 'a narrow no-break space'],
  ['\u205f', 'a mathematical space'],
  ['\u2060', 'a word joiner'],
  ['\u3000', 'an ideographic space'],
  ['\ufeff', 'a byte order mark'],
])

// Spaces of other widths, and marks of direction, by their numbers alone.
const hidden =
  /[\t\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff]/u

/** The first character in a text that looks like a space or like nothing: `a tab`, with its number. */
export function hiddenCharacter(text: string): string | undefined {
  const found = hidden.exec(text)?.[0]
  return found === undefined ? undefined : nameOf(found)
}

/** The text without such characters. */
export function withoutHidden(text: string): string {
  return text.replaceAll(new RegExp(hidden, 'gu'), '')
}

function nameOf(character: string): string {
  if (character === '\t') return 'a tab'
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return `${names.get(character) ?? 'a character that can’t be seen'} (${code})`
}

export interface HiddenIndent {
  readonly problem: Problem
  readonly position: Position
  /** The text with spaces instead, as long as before; null for tabs, whose width no one knows. */
  readonly spaced: string | null
}

const indentOf = /^[ \t\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]+/u

/** What a text that can't be read is indented with, where that is not spaces alone. */
export function findHiddenIndent(source: string): HiddenIndent | null {
  let first: { line: number; column: number; name: string } | null = null
  let count = 0
  let hasTab = false
  const lines = source.split('\n').map((text, index) => {
    const indent = indentOf.exec(text)?.[0] ?? ''
    const at = indent.search(/[^ ]/u)
    if (at === -1 || text.trim() === '') return text
    count += 1
    hasTab ||= indent.includes('\t')
    first ??= { line: index + 1, column: at + 1, name: nameOf(indent.charAt(at)) }
    return `${' '.repeat(indent.length)}${text.slice(indent.length)}`
  })
  if (first === null) return null
  // Narrowing is lost on what a callback assigns.
  const { line, column, name } = first as { line: number; column: number; name: string }
  const more = count === 1 ? '' : `, and so ${count === 2 ? 'is 1 more' : `are ${count - 1} more`}`
  return {
    problem: {
      level: 'error',
      code: 'syntax',
      path: [],
      message: `Line ${line} is indented with ${name}${more}: YAML wants spaces`,
      suggestion: hasTab
        ? 'Indent YAML with spaces; tabs are only allowed inside { } and [ ].'
        : 'Replace it with spaces; most editors show such characters on request.',
    },
    position: { line, column },
    spaced: hasTab ? null : lines.join('\n'),
  }
}
