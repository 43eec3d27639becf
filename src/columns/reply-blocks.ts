/** A fenced block of a text in Markdown. */
export interface FencedBlock {
  /** What stands behind the opening fence, in lower case; empty for nothing. */
  language: string
  body: string
  /** False where the text ended before the fence was closed. */
  closed: boolean
}

/** The text behind what a model thought aloud, for servers that leave that in the answer. */
export function withoutThinking(text: string): string {
  // Some templates open the block themselves: the answer then has its end only.
  const end = /^[^]*?<\/(?:think|thinking|thought|reasoning)>/i.exec(text)
  if (end === null) return text
  const before = end[0]
  const opened = /<(?:think|thinking|thought|reasoning)>/i.exec(before)
  if (opened === null) return text.slice(before.length)
  return opened.index === 0 || before.slice(0, opened.index).trim() === ''
    ? text.slice(before.length)
    : text
}

const fence = /^[ \t>]*(`{3,}|~{3,})[ \t]*([^\n`]*)$/

/** The fenced blocks of a text, in its order. */
export function fencedBlocks(text: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  let open: { marks: string; language: string; lines: string[] } | null = null
  for (const line of text.split(/\r?\n/)) {
    const found = fence.exec(line)
    if (open === null) {
      if (found !== null) open = { marks: found[1] ?? '', language: wordOf(found[2]), lines: [] }
    } else if (found !== null && found[2]?.trim() === '' && isClosing(found[1], open.marks)) {
      blocks.push({ language: open.language, body: open.lines.join('\n'), closed: true })
      open = null
    } else open.lines.push(line)
  }
  if (open !== null) {
    blocks.push({ language: open.language, body: open.lines.join('\n'), closed: false })
  }
  return blocks
}

/** Of the same kind as the opening one, and at least as long. */
function isClosing(marks: string | undefined, opening: string): boolean {
  return marks !== undefined && marks[0] === opening[0] && marks.length >= opening.length
}

function wordOf(info: string | undefined): string {
  return (info ?? '').trim().split(/[\s{]/)[0]?.toLowerCase() ?? ''
}
