import { duration } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import type { Screen } from './terminal.ts'
import { cut, startOf, widthOf, wrap } from './width.ts'

/** Lines for what is waited for. */
const MOST_WAITS = 4

/** What is waited for, in few lines; where they do not hold all of it, the last one ends in `…`. */
export function waitingLines(
  texts: readonly string[],
  { width, most }: { width: number; most: number },
): string[] {
  const lines = texts.flatMap((text) => wrap(visibleLine(text), width))
  const shown = lines.slice(0, Math.max(0, Math.min(MOST_WAITS, most)))
  const last = shown.at(-1)
  if (last === undefined || shown.length === lines.length) return shown
  return [...shown.slice(0, -1), openEnded(last, width)]
}

/** The line with a `…` behind its last whole word that leaves room for it. */
function openEnded(line: string, width: number): string {
  if (widthOf(line) + 2 <= width) return `${line} …`
  const space = startOf(line, width - 1).lastIndexOf(' ')
  return space > 0 ? `${line.slice(0, space)} …` : cut(`${line}…`, width)
}

/** What a command does while no rows are made. */
export interface PhaseMoment {
  name: string
  text: string
  takenMs: number
}

/** The lines repainted meanwhile: the moving clock first, so that no width takes it away. */
export function phaseLines({ name, text, takenMs }: PhaseMoment, screen: Screen): string[] {
  const taken = duration(takenMs / 1000)
  // The cursor stands below, and the last column stays free.
  const width = Math.max(1, screen.width - 1)
  const most = Math.max(1, screen.height - 1) - 1
  const room = width - widthOf(taken) - 2
  const title = room > 0 ? `${screen.style('bold', cut(visibleLine(name), room))}  ` : ''
  return [
    `${title}${taken}`,
    ...waitingLines([text], { width: Math.max(1, width - 2), most }).map((line) => `  ${line}`),
  ]
}
