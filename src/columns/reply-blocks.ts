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

const fence = /^([ \t>]*)(`{3,}|~{3,})[ \t]*([^\n`]*)$/

/** The fenced blocks of a text, in its order, without the margin that their opening fence has. */
export function fencedBlocks(text: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  let open: { margin: number; marks: string; language: string; lines: string[] } | null = null
  for (const line of text.split(/\r?\n/)) {
    const [, margin = '', marks, info = ''] = fence.exec(line) ?? []
    if (open === null) {
      if (marks !== undefined) {
        open = { margin: margin.length, marks, language: wordOf(info), lines: [] }
      }
    } else if (marks !== undefined && info.trim() === '' && isClosing(marks, open.marks)) {
      blocks.push({ language: open.language, body: open.lines.join('\n'), closed: true })
      open = null
    } else {
      const own = /^[ \t>]*/.exec(line)?.[0].length ?? 0
      open.lines.push(line.slice(Math.min(own, open.margin)))
    }
  }
  if (open !== null) {
    blocks.push({ language: open.language, body: open.lines.join('\n'), closed: false })
  }
  return blocks
}

/** Of the same kind as the opening one, and at least as long. */
function isClosing(marks: string, opening: string): boolean {
  return marks[0] === opening[0] && marks.length >= opening.length
}

function wordOf(info: string): string {
  return info.trim().split(/[\s{]/)[0]?.toLowerCase() ?? ''
}
