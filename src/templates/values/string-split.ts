import { limits, spendItems } from '../limits.ts'
import { TemplateError } from '../template-error.ts'

/** Python's white space, for a class of a pattern; it differs from JavaScript's in a few control characters. */
export const whiteSpace =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const leading = new RegExp(`^[${whiteSpace}]+`)
const trailing = new RegExp(`[${whiteSpace}]$`)
const spaceRun = new RegExp(`[${whiteSpace}]+`, 'g')
const onlySpace = new RegExp(`^[${whiteSpace}]+$`)
// oxlint-disable-next-line no-control-regex -- Python breaks lines at some of them
const lineBreak = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g

export function isSpace(text: string): boolean {
  return onlySpace.test(text)
}

/** Python's `strip` and its halves; without characters it strips white space. */
export function strip(
  text: string,
  characters: string | null,
  sides: 'both' | 'left' | 'right',
): string {
  const drops = characters === null ? null : new Set(characters)
  let start = 0
  let end = text.length
  if (sides !== 'right') {
    if (drops === null) start = leading.exec(text)?.[0].length ?? 0
    else
      for (let unit = first(text, start); drops.has(unit); unit = first(text, start))
        start += unit.length
  }
  if (sides !== 'left') {
    for (
      let unit = last(text, end);
      end > start && (drops === null ? trailing.test(unit) : drops.has(unit));
      unit = last(text, end)
    ) {
      end -= unit.length
    }
  }
  return text.slice(start, Math.max(start, end))
}

function first(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : ''
}

function last(text: string, end: number): string {
  const unit = text.charAt(end - 1)
  return unit >= '\udc00' && unit <= '\udfff' ? text.slice(Math.max(0, end - 2), end) : unit
}

/** Python's `split`: at runs of white space, or at every separator. */
export function split(text: string, separator: string | null, most: number): string[] {
  if (separator === null) return splitAtSpace(text, most)
  if (separator === '') throw new TemplateError('a text cannot be split at an empty separator')
  const parts = bounded(text.split(separator, mostParts))
  if (most < 0 || parts.length <= most + 1) return parts
  return [...parts.slice(0, most), parts.slice(most).join(separator)]
}

function splitAtSpace(text: string, most: number): string[] {
  const stripped = strip(text, null, 'left')
  if (most < 0) {
    const parts = bounded(stripped.split(spaceRun, mostParts))
    return parts.filter((part) => part !== '')
  }
  const parts: string[] = []
  let at = 0
  for (const gap of stripped.matchAll(spaceRun)) {
    if (parts.length === most) break
    parts.push(stripped.slice(at, gap.index))
    at = gap.index + gap[0].length
  }
  const rest = stripped.slice(at)
  if (rest !== '') parts.push(rest)
  return parts
}

// One more than there may be: what is more is never made.
const mostParts = limits.items + 1

function bounded(parts: string[]): string[] {
  spendItems(parts.length)
  return parts
}

/** Python's `rsplit`. */
export function splitFromRight(text: string, separator: string | null, most: number): string[] {
  if (most < 0) return split(text, separator, most)
  if (separator !== null) {
    const parts = split(text, separator, -1)
    const cut = parts.length - most
    return cut <= 1 ? parts : [parts.slice(0, cut).join(separator), ...parts.slice(cut)]
  }
  const stripped = strip(text, null, 'right')
  const gaps = [...stripped.matchAll(spaceRun)].filter((gap) => gap.index > 0)
  const cuts = most === 0 ? [] : gaps.slice(-most)
  const parts: string[] = []
  let at = 0
  for (const gap of cuts) {
    parts.push(stripped.slice(at, gap.index))
    at = gap.index + gap[0].length
  }
  parts.push(stripped.slice(at))
  const [head = '', ...tail] = parts
  // What is left of the last cut stays as it is.
  const kept = cuts.length === most ? head : strip(head, null, 'left')
  return [kept, ...tail].filter((part) => part !== '')
}

/** Python's `splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = []
  let at = 0
  for (const end of text.matchAll(lineBreak)) {
    const behind = end.index + end[0].length
    lines.push(text.slice(at, keepEnds ? behind : end.index))
    if (lines.length > limits.items) spendItems(lines.length)
    at = behind
  }
  if (at < text.length) lines.push(text.slice(at))
  return lines
}
