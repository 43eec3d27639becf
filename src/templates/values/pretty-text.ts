import { isLess } from './compare.ts'
import { descend, spend, spendItems } from '../limits.ts'
import { isDict, isList, textLength, Tuple, type Operand } from './operand.ts'
import { quote, toRepr } from './python-text.ts'
import { splitLines, whiteSpace } from './string-split.ts'

const width = 80

/** Python's `pprint.pformat`: on one line where it fits, otherwise one item a line. */
export function prettyText(operand: Operand): string {
  return format(operand, 0, 0, true)
}

/** `column` is where the text starts, `behind` how many characters follow it on its line. */
function format(operand: Operand, column: number, behind: number, isWhole = false): string {
  const line = flat(operand)
  if (textLength(line) <= width - column - behind) return line
  if (typeof operand === 'string') {
    if (!isWhole) return stretches(operand, column, behind)
    // Brackets hold the stretches of a text that stands alone.
    const body = stretches(operand, 1, 1)
    return body.includes('\n') ? `(${body})` : body
  }
  if (isDict(operand) && operand.size > 0) {
    const entries = sortedEntries(operand)
    return `{${lines(entries, column + 1, behind, ([key, value], at, tail) => {
      const head = `${toRepr(key)}: `
      return head + format(value, at + head.length, tail)
    })}}`
  }
  const items = isList(operand) ? operand : operand instanceof Tuple ? operand.items : []
  if (items.length === 0) return line
  const body = lines(items, column + 1, behind, format)
  if (isList(operand)) return `[${body}]`
  return items.length === 1 ? `(${body},)` : `(${body})`
}

function lines<T>(
  items: readonly T[],
  column: number,
  behind: number,
  one: (item: T, column: number, behind: number) => string,
): string {
  spendItems(items.length)
  const last = items.length - 1
  const written = items.map((item, index) => one(item, column, index === last ? behind + 1 : 1))
  return written.join(`,\n${' '.repeat(column)}`)
}

/** A long text as literals one below the other: its lines, broken behind white space where they are long. */
function stretches(text: string, column: number, behind: number): string {
  const written: string[] = []
  const room = width - column
  const rows = splitLines(text, true)
  for (const [index, row] of rows.entries()) {
    const tail = index === rows.length - 1 ? behind : 0
    const whole = quote(row)
    if (textLength(whole) <= room - tail) {
      written.push(whole)
      continue
    }
    let current = ''
    for (const { 0: word, index: at } of row.matchAll(wordsAndSpace)) {
      // What is tried again for each word is up to a line long.
      spend(4)
      const own = at + word.length === row.length ? tail : 0
      if (textLength(quote(current + word)) > room - own) {
        if (current !== '') written.push(quote(current))
        current = word
      } else current += word
    }
    if (current !== '') written.push(quote(current))
  }
  spendItems(written.length)
  return written.join(`\n${' '.repeat(column)}`)
}

const wordsAndSpace = new RegExp(`[^${whiteSpace}]+[${whiteSpace}]*|[${whiteSpace}]+`, 'g')

/** Python's `repr` with the keys of objects in order. */
function flat(operand: Operand): string {
  return toRepr(sorted(operand, 0))
}

function sorted(operand: Operand, depth: number): Operand {
  if (typeof operand !== 'object' || operand === null) return operand
  descend(depth)
  if (isDict(operand)) {
    return new Map(sortedEntries(operand).map(([key, value]) => [key, sorted(value, depth + 1)]))
  }
  if (isList(operand)) return operand.map((item) => sorted(item, depth + 1))
  if (operand instanceof Tuple)
    return new Tuple(operand.items.map((item) => sorted(item, depth + 1)))
  return operand
}

function sortedEntries(dict: ReadonlyMap<Operand, Operand>): [Operand, Operand][] {
  spendItems(dict.size)
  return [...dict].sort(([a], [b]) => {
    if (typeof a === typeof b) return isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0
    return 0
  })
}
