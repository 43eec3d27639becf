import { Scalar } from 'yaml'
import type { Position } from './problem.ts'

/** Where a value of the config stands in its text. */
export interface Place {
  /** In UTF-16 units from the start of the text. */
  readonly offset: number
  /** Nothing is written there: `key:` alone. */
  readonly empty: boolean
  /** Kept for positions inside text. */
  readonly scalar: Scalar | null
  readonly children: ReadonlyMap<string, Child> | null
}

export interface Child {
  /** Offset of the key; null in a list. */
  readonly key: number | null
  readonly place: Place
}

/**
 * The position in the file of a position inside a text: exact in literal blocks and in text on one
 * line without escapes before it, otherwise the start of the text.
 */
export function positionWithin(
  scalar: Scalar,
  within: Position,
  start: Position,
  source: string,
): Position {
  const from = scalar.range?.[0] ?? 0
  const written = source.slice(from, scalar.range?.[1] ?? from)
  if (scalar.type === Scalar.BLOCK_LITERAL) {
    const lines = written.split('\n').slice(1)
    const first = lines.find((line) => line.trim() !== '') ?? ''
    const indent = /^ */.exec(first)?.[0].length ?? 0
    return { line: start.line + within.line, column: indent + within.column }
  }
  const isQuoted = scalar.type === Scalar.QUOTE_DOUBLE || scalar.type === Scalar.QUOTE_SINGLE
  const quote = isQuoted ? 1 : 0
  if (within.line !== 1 || scalar.type === Scalar.BLOCK_FOLDED) return start
  const before = written.slice(quote, quote + within.column - 1)
  // An escape or a folded line break shifts what follows.
  if (before !== String(scalar.value).slice(0, within.column - 1)) return start
  return { line: start.line, column: start.column + quote + within.column - 1 }
}
