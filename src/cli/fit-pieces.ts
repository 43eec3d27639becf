import { widthOf } from './width.ts'

/** A piece of a line; where the line is too long, the least important go first. */
export interface Piece {
  text: string
  /** 0 stays whatever happens. */
  spare: number
}

export function piece(text: string, spare = 0): Piece {
  return { text, spare }
}

/** Joins as many pieces as fit into a width. */
export function fit(pieces: readonly Piece[], width: number, separator = ', '): string {
  let kept = [...pieces]
  for (;;) {
    const line = kept.map(({ text }) => text).join(separator)
    const spare = Math.max(0, ...kept.map((each) => each.spare))
    if (spare === 0 || widthOf(line) <= width) return line
    const at = kept.findLastIndex((each) => each.spare === spare)
    kept = kept.toSpliced(at, 1)
  }
}
