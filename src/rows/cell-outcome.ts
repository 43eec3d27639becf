import { CellFailure } from '../graph/failure.ts'
import type { CellResult } from '../graph/kind.ts'
import { PluginFailure } from '../graph/plugin-failure.ts'
import type { Usage } from '../graph/request.ts'
import type { RequestError } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'

/** How the making of a cell ended, and what the replies it got had cost. */
export type Outcome = ({ result: CellResult } | { error: unknown }) & { usage?: Usage }

/** A request was given up: its cell fails with the provider's own words available. */
export function requestFailure(error: RequestError): CellFailure {
  const options = error.detail === null ? { cause: error } : { cause: error, raw: error.detail }
  return new CellFailure(error.code, error.message, options)
}

/** A function of the user threw: that is about its cell. The message is what can be acted on. */
export function thrownFailure(error: unknown): CellFailure {
  if (error instanceof CellFailure) return error
  return new CellFailure(codeOf(error, 'generator-error'), messageOf(error), { cause: error })
}

/** One outcome per row of a frame, whatever a whole-column function answered. */
export function frameOutcomes(
  column: string,
  rows: number,
  answer: readonly (CellResult | Error)[],
): Outcome[] {
  if (!Array.isArray(answer)) {
    return sameFailure(rows, `column ${column} answered no list; one cell per row is needed`)
  }
  if (answer.length !== rows) {
    return sameFailure(
      rows,
      `column ${column} answered ${answer.length} cells for ${rows} rows; one per row is needed`,
    )
  }
  return answer.map((result) => (result instanceof Error ? { error: result } : { result }))
}

/** The function of a whole frame threw: none of its rows has a cell. */
export function frameFailure(rows: number, error: unknown): Outcome[] {
  return sameFailure(rows, messageOf(error), error)
}

function sameFailure(rows: number, message: string, cause?: unknown): Outcome[] {
  const error = new CellFailure(codeOf(cause, 'frame-failed'), message, { cause })
  return Array.from({ length: rows }, () => ({ error }))
}

/** A plugin's mistake has the same code wherever it happens. */
function codeOf(error: unknown, code: string): string {
  return error instanceof PluginFailure ? error.code : code
}
