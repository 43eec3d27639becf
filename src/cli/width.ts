import { createRequire } from 'node:module'

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const styles = /(\u001B\[[0-9;]*m)/
const printableAscii = /^[\u0020-\u007E]*$/
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const load = createRequire(import.meta.url)
let stringWidth: ((text: string) => number) | null = null

/** Columns of a terminal that a text takes; colours take none. */
export function widthOf(text: string): number {
  if (printableAscii.test(text)) return text.length
  // Loaded at the first text that needs it: its patterns take 15 ms of every start.
  stringWidth ??= (load('string-width') as typeof import('string-width')).default
  return stringWidth(text)
}

/** A line cut to a width; what stood behind is reported by `…`, and colours stay as they were. */
export function cut(line: string, width: number): string {
  if (line.length <= width && printableAscii.test(line)) return line
  if (widthOf(line) <= width) return line
  let left = Math.max(0, width - 1)
  let isFull = false
  const kept = line.split(styles).map((piece) => {
    if (styles.test(piece)) return piece
    if (isFull) return ''
    const start = startOf(piece, left)
    left -= widthOf(start)
    if (start.length === piece.length) return piece
    isFull = true
    return width > 0 ? `${start}…` : ''
  })
  return kept.join('')
}

/** The longest start of a text without colours that is not wider. */
export function startOf(text: string, width: number): string {
  if (width <= 0) return ''
  // Looked at piece by piece: a text may be long, and what fits is short.
  const near = text.slice(0, width * 4 + 64)
  if (printableAscii.test(near)) return text.slice(0, width)
  let end = 0
  let used = 0
  for (const { segment } of graphemes.segment(near)) {
    used += widthOf(segment)
    if (used > width) break
    end += segment.length
  }
  return text.slice(0, end)
}

/** Spaces behind, up to a width. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** Spaces before, up to a width. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** Breaks a text at spaces, and inside words that are longer than a line. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapLine(paragraph, width))
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = []
  let rest = line
  for (;;) {
    const start = startOf(rest, width)
    if (start.length === rest.length) return [...lines, rest]
    const space = rest.charAt(start.length) === ' ' ? start.length : start.lastIndexOf(' ')
    if (space > 0) {
      lines.push(rest.slice(0, space))
      rest = rest.slice(space + 1)
    } else {
      // A character wider than the line stands alone rather than never.
      const whole = start === '' ? firstGrapheme(rest) : start
      lines.push(whole)
      rest = rest.slice(whole.length)
      if (rest === '') return lines
    }
  }
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment
  return ''
}
