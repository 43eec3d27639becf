/* Texts of a Markdown page that come from a config or from records. */

const longestCell = 160

/** A text in a cell of a table: one line, and nothing of it is markup. */
export function cellText(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const short = line.length > longestCell ? `${line.slice(0, longestCell - 1)}…` : line
  return short.replaceAll(/[\\|<>`*_[\]&]/g, (character) => `\\${character}`)
}

/** A word in the font of code, also in a table. */
export function codeText(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
  const fence = '`'.repeat(longestRun(line) + 1)
  const space = /^`|`$/.test(line) ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** A block of code that nothing in the text can end. */
export function codeBlock(text: string, language: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}${language}\n${text.replace(/\n+$/, '')}\n${fence}`
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}
