/** What stands in a text of SQL and holds no semicolon that ends a statement. */
const pieces =
  /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|;|[A-Za-z_]\w*|\s+|[^]/g

/** A statement with the place where it begins. */
export interface SqlStatement {
  readonly text: string
  readonly line: number
}

/**
 * The statements of a text for SQLite. Those inside of a trigger belong to it: it ends with `END`.
 * Text that is only comments is none.
 */
export function sqliteStatements(sql: string): SqlStatement[] {
  const found: SqlStatement[] = []
  let text = ''
  let line = 1
  let start = 1
  let words: string[] = []
  let last = ''
  const end = (): void => {
    if (words.length > 0) found.push({ text, line: start })
    text = ''
    words = []
    last = ''
  }
  for (const [piece] of sql.matchAll(pieces)) {
    const isSpace = /^(?:\s|--|\/\*)/.test(piece)
    if (text === '' && isSpace) {
      line += linesIn(piece)
      start = line
      continue
    }
    if (piece === ';' && !(isTrigger(words) && last !== 'END')) {
      end()
      start = line
      continue
    }
    if (!isSpace) {
      last = piece.toUpperCase()
      if (words.length < 4) words.push(last)
    }
    text += piece
    line += linesIn(piece)
  }
  end()
  return found
}

function isTrigger(words: readonly string[]): boolean {
  return /^CREATE (?:TEMP(?:ORARY)? )?TRIGGER\b/.test(words.join(' '))
}

function linesIn(text: string): number {
  return text.split('\n').length - 1
}
