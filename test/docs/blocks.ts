/** One fenced block of a page. */
export interface Block {
  /** Path of the page in the repository. */
  page: string
  /** Line of the opening fence, from 1. */
  line: number
  language: string
  /** The words after the language: `exit=2` is a value, `invalid` alone is an empty one. */
  options: ReadonlyMap<string, string>
  text: string
}

/** The fenced blocks of a page, in order; a fence that is never closed is refused. */
export function blocksOf(page: string, markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | null = null
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^ {0,3}```(.*)$/.exec(text)
    if (open === null) {
      if (fence !== null) open = { line: index + 1, info: (fence[1] ?? '').trim(), lines: [] }
    } else if (fence === null) open.lines.push(text)
    else {
      blocks.push({ page, line: open.line, ...infoOf(open.info), text: open.lines.join('\n') })
      open = null
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: this block is never closed`)
  return blocks
}

function infoOf(info: string): Pick<Block, 'language' | 'options'> {
  const [language = '', ...words] = info.split(/\s+/)
  const options = new Map(
    words.map((word) => {
      const at = word.indexOf('=')
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    }),
  )
  return { language, options }
}

/** The file a block is: named by `file=` or by its first line, a comment such as `# dice.yaml` or `// columns.ts`. */
export function fileNameOf({ text, options }: Block): string | null {
  return (
    options.get('file') ??
    /^(?:#|\/\/) ([\w./-]+\.(?:ya?ml|json|ts))$/m.exec(firstLine(text))?.[1] ??
    null
  )
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n') >>> 0)
}

/** Where a block stands, for messages. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`
}
