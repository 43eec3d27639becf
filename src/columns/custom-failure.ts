import { CellFailure } from '../graph/failure.ts'
import { CellInterrupted } from '../graph/interrupted.ts'
import { messageOf } from '../util/errors.ts'
import { userFrame, type UserCode } from './user-frame.ts'

/**
 * What a user's function threw, as the failure of its cell: with the place in its own code, and with
 * what the engine had refused before, where that is what it threw on.
 */
export function customFailure(error: unknown, code: UserCode): Error {
  if (error instanceof CellFailure || error instanceof CellInterrupted) return error
  const place = userFrame(error, code)
  const message = `${messageOf(error) || 'the function threw'}${place === null ? '' : ` (${place})`}`
  const behind = failureBehind(error)
  return new CellFailure(behind?.code ?? codeOf(error), message, {
    cause: behind ?? error,
    ...(behind?.raw === undefined ? {} : { raw: behind.raw }),
  })
}

/** A `CellFailure` of another copy of the package says its code, too. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'CellFailure') return 'generator-error'
  return 'code' in error && typeof error.code === 'string' ? error.code : 'generator-error'
}

function failureBehind(error: unknown): CellFailure | null {
  const seen = new Set<unknown>()
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (at instanceof CellFailure) return at
    seen.add(at)
  }
  return null
}
