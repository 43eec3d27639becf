/** What stands between fields, when the file or its header says so. */
export interface FoundDelimiter {
  readonly delimiter: string
  /** Characters in front of the header: a first line `sep=;`, as Excel writes and reads it. */
  readonly skip: number
  /** Only guessed, from what stands in the header. */
  readonly isGuess: boolean
}

/** Delimiters that are looked for where the usual one is not in the header. */
const others = [';', '\t', '|', ',']

export interface HeaderForm {
  /** The delimiter of files whose header has it. */
  readonly usual: string
  /** Quotes inside a field stand for themselves. */
  readonly looseQuotes: boolean
}

/** The delimiter of a text that begins with its header; null when that has the usual one, or one column. */
export function findDelimiter(text: string, form: HeaderForm): FoundDelimiter | null {
  const [line = '', delimiter] = saidIn(text) ?? []
  if (delimiter !== undefined) return { delimiter, skip: line.length, isGuess: false }
  const [header = '', row] = outsideQuotes(text.slice(0, longestBeginning), form)
    .split(/[\r\n]+/)
    .filter((one) => one !== '')
  if (header.includes(form.usual)) return null
  const counts = others.map((other) => header.split(other).length - 1)
  const most = Math.max(...counts)
  const found = others[counts.indexOf(most)]
  // A header of one column may hold such a character as any text does; then its rows have none.
  if (found === undefined || most === 0 || row?.includes(found) === false) return null
  return { delimiter: found, skip: 0, isGuess: true }
}

const longestBeginning = 1024 * 1024

/** Whether the beginning of a file holds all that `findDelimiter` looks at. */
export function hasHeader(text: string, form: HeaderForm): boolean {
  const rest = text.slice(saidIn(text)?.[0].length ?? 0)
  return (
    /[^\r\n][\r\n]+[^\r\n]+[\r\n]/.test(outsideQuotes(rest, form)) || text.length > longestBeginning
  )
}

function saidIn(text: string): RegExpExecArray | null {
  return /^sep=(.)(?:\r\n?|\n|$)/i.exec(text)
}

function outsideQuotes(text: string, { looseQuotes }: HeaderForm): string {
  return looseQuotes ? text : text.replaceAll(/"(?:[^"]|"")*(?:"|$)/g, 'quoted')
}

export function delimiterName(delimiter: string): string {
  return delimiter === '\t' ? 'tabs' : `'${delimiter}'`
}
