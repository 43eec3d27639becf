import { spendText } from '../limits.ts'
import { textLength, textSlice } from './operand.ts'
import { TemplateError } from '../template-error.ts'

interface WrapOptions {
  width: number
  breakLongWords: boolean
  breakOnHyphens: boolean
}

// A letter is \p{L} or _ in Python's regular expressions; a word ends at a space, behind a hyphen
// between letters, or around a dash of two or more hyphens.
const pieces =
  /[\t-\r ]+|(?<=[\p{L}\p{N}_!"'&.,?])-{2,}(?=[\p{L}\p{N}_])|[^\t-\r ]+?(?:-(?:(?<=[\p{L}_]{2}-)|(?<=[\p{L}_]-[\p{L}_]-))(?=[\p{L}_]-?[\p{L}_])|(?=[\t-\r ]|$)|(?<=[\p{L}\p{N}_!"'&.,?])(?=-{2,}[\p{L}\p{N}_]))/gu

/** Python's `textwrap.wrap` of one paragraph, white space kept as it is inside lines. */
export function wrapText(text: string, options: WrapOptions): string[] {
  const { width } = options
  if (width <= 0) throw new TemplateError(`"wordwrap" needs a width above 0, not ${width}`)
  const chunks = options.breakOnHyphens ? (text.match(pieces) ?? []) : text.split(/([\t-\r ]+)/)
  const queue = chunks.filter((chunk) => chunk !== '').reverse()
  const lines: string[] = []
  while (queue.length > 0) {
    if (isBlank(queue.at(-1)) && lines.length > 0) queue.pop()
    const line = fillLine(queue, options)
    if (line.length > 0) lines.push(line.join(''))
  }
  return lines
}

function fillLine(queue: string[], options: WrapOptions): string[] {
  const line: string[] = []
  let used = 0
  for (let chunk = queue.at(-1); chunk !== undefined; chunk = queue.at(-1)) {
    const length = lengthUpTo(chunk, options.width)
    if (used + length > options.width) break
    line.push(chunk)
    used += length
    queue.pop()
  }
  const next = queue.at(-1)
  if (next !== undefined && lengthUpTo(next, options.width) > options.width) {
    breakWord(queue, line, used, options)
  }
  if (isBlank(line.at(-1))) line.pop()
  return line
}

function breakWord(queue: string[], line: string[], used: number, options: WrapOptions): void {
  const chunk = queue.at(-1) ?? ''
  if (!options.breakLongWords) {
    if (line.length === 0) {
      line.push(chunk)
      queue.pop()
    }
    return
  }
  const space = options.width - used
  const head = textSlice(chunk.slice(0, 2 * space), 0, space)
  const hyphen = options.breakOnHyphens ? head.lastIndexOf('-') : -1
  // A hyphen that starts the word is no place to break it.
  const end = hyphen > 0 && /[^-]/.test(head.slice(0, hyphen)) ? hyphen + 1 : head.length
  line.push(chunk.slice(0, end))
  queue[queue.length - 1] = chunk.slice(end)
}

/** The length of a text, or more than `width` where it is: the rest of a long word is not walked. */
function lengthUpTo(chunk: string, width: number): number {
  return textLength(chunk.slice(0, 2 * (width + 1)))
}

function isBlank(chunk: string | undefined): boolean {
  if (chunk === undefined) return false
  spendText(chunk.length)
  return chunk.trim() === ''
}
