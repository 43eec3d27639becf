import { isLess } from './compare.ts'
import { descend, spendItems } from '../limits.ts'
import { isDict, isList, Tuple, type Operand } from './operand.ts'
import { toRepr } from './python-text.ts'

const width = 80

/** Python's `pprint.pformat`: on one line where it fits, otherwise one item a line. */
export function prettyText(operand: Operand): string {
  return format(operand, 0, 0)
}

/** `column` is where the text starts, `behind` how many characters follow it on its line. */
function format(operand: Operand, column: number, behind: number): string {
  const line = flat(operand)
  if (line.length <= width - column - behind) return line
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
