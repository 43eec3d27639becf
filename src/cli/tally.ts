import type { SchedulerEvent } from '../scheduler/scheduler-event.ts'
import { counted } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import { cut } from './width.ts'

/** What happens to one row after the other: the first of a kind is reported at once, all are counted. */
export interface Tally {
  /** What to print of an event; null when its kind was reported before. */
  note(event: SchedulerEvent): string | null
  /** What the run folder does not know: skip conditions that could not be read, keys in answers. */
  summary(): string[]
}

/** Kinds reported at once; those beyond are in the summary and in the log. */
const MOST_KINDS = 8
const LONGEST_MESSAGE = 200

export function createTally(): Tally {
  const failures = new Set<string>()
  const conditions = new Map<string, { rows: number; row: number; message: string }>()
  /** Answers with a key, by column. */
  const secrets = new Map<string, number>()

  let hintedThrottle = false

  return {
    note(event) {
      if (event.type === 'request-throttled') {
        if (hintedThrottle) return null
        hintedThrottle = true
        return throttledText(event.route)
      }
      if (event.type === 'condition-failed') {
        const { column, row, message } = event
        const known = conditions.get(column)
        if (known !== undefined) {
          known.rows += 1
          return null
        }
        conditions.set(column, { rows: 1, row, message })
        if (conditions.size > MOST_KINDS) return null
        return `Row ${row}: the skip condition of column ${name(column)} failed, its cell is skipped: ${shortened(message)}`
      }
      if (event.type === 'secret-removed') {
        const { column, row } = event
        const known = secrets.get(column) ?? 0
        secrets.set(column, known + 1)
        if (known > 0 || secrets.size > MOST_KINDS) return null
        return `Row ${row}: an answer for column ${name(column)} contained the request's key; it is replaced with ***.`
      }
      if (event.type !== 'cell-failed') return null
      const { column, row, code, message, kept, stops } = event
      const kind = `${column}\n${code}\n${kept}\n${stops}`
      if (failures.has(kind)) return null
      failures.add(kind)
      if (failures.size > MOST_KINDS && !stops) return null
      const what = stops ? 'stops the run' : kept ? 'is null' : 'drops its row'
      return `Row ${row}: column ${name(column)} failed and ${what}: ${code}: ${shortened(message)}`
    },
    summary: () => [
      ...[...conditions]
        .slice(0, MOST_KINDS)
        .map(
          ([column, { rows, row, message }]) =>
            `The skip condition of column ${name(column)} failed in ${counted(rows, 'row')}, whose cells were skipped; row ${row}: ${shortened(message)}`,
        ),
      ...[...secrets]
        .slice(0, MOST_KINDS)
        .map(
          ([column, answers]) =>
            `${counted(answers, 'answer')} for column ${name(column)} contained the request's key; it is replaced with ***. Check why the endpoint puts it into answers.`,
        ),
    ],
  }
}

/** Told once: rowsmith slows down by itself, but a limit that is written is kept from the start. */
function throttledText(route: string): string {
  return `Model ${name(route)} answers 429 (too many requests). rowsmith slows down automatically; if you know the limit, set requests_per_minute or a smaller max_parallel_requests (default: 4) in its inference_parameters.`
}

function name(column: string): string {
  return visibleLine(column)
}

/** The words of a failure on one line that is not endless. */
export function shortened(message: string): string {
  return cut(visibleLine(message), LONGEST_MESSAGE)
}
