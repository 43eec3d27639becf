import type { ConfigPath } from '../config/problem.ts'

export interface CellFailureOptions {
  cause?: unknown
  /** The field of the column it is about, as a path from the column. */
  field?: ConfigPath
  /** What the model said, for a reply that could not be used. */
  raw?: string
}

/**
 * A failed cell: a generator throws it, the engine records it and drops the row
 * (or keeps a null, by the column's `on_failure`). It never ends a run.
 */
export class CellFailure extends Error {
  /** Kebab-case and stable: `template-error`, `empty-render`, `cast-failed`, `model-refused`… */
  readonly code: string
  readonly raw: string | undefined
  readonly field: ConfigPath | undefined

  constructor(code: string, message: string, { cause, raw, field }: CellFailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CellFailure'
    this.code = code
    this.raw = raw
    this.field = field
  }
}
